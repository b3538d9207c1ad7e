import { Decimal } from '../core/decimal.ts'
import { formatDuration } from '../core/duration.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { Duration, MappingError, type Value } from './value.ts'

/** A value as text. Reference 02, 1.1. */
export function textOf(value: Exclude<Value, undefined>): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isSafeInteger(value) || !Number.isFinite(value) ? String(value) : Decimal.ofNumber(value).toString()
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value === null) return ''
      if (value instanceof Duration) return value.ns === -1n ? '-1' : formatDuration(value.ns)
      if (value instanceof Decimal) return value.toString()
      return value instanceof Buffer ? value.toString('utf8') : treeText(value as EventFields)
  }
}

/** Compact JSON as Go writes it: keys sorted, `<`, `>` and `&` escaped. Reference 02, 1.1. */
function treeText(value: EventValue): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(treeText).join(',')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([name, member]) => `${quoted(name)}:${treeText(member)}`).join(',')}}`
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** One entry of a protocol reply, in the order in which it goes out. Reference 07, 1.7. */
export type ReplyEntry = { path: string; newBranch: boolean; value: string; instance: number }

/** A protocol reply under construction. Overwriting or composing moves an entry to the end, a group adds one. */
export class OrderedEntries {
  readonly #entries: ReplyEntry[] = []

  get entries(): readonly ReplyEntry[] {
    return this.#entries
  }

  /** instance: number of the repeated group that is being answered, -1 outside of one. */
  set(path: string, newBranch: boolean, value: string, instance: number): void {
    this.remove(path, instance)
    this.#entries.push({ path, newBranch, value, instance })
  }

  compose(path: string, newBranch: boolean, value: string, instance: number): void {
    this.set(path, newBranch, this.get(path, instance) + value, instance)
  }

  push(path: string, newBranch: boolean, value: string, instance: number): void {
    this.#entries.push({ path, newBranch, value, instance })
  }

  /** The last value under that path, '' when there is none. */
  get(path: string, instance: number): string {
    return this.#entries.findLast((entry) => entry.path === path && entry.instance === instance)?.value ?? ''
  }

  has(path: string): boolean {
    return this.#entries.some((entry) => entry.path === path)
  }

  remove(path: string, instance: number): void {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]
      if (entry?.path === path && entry.instance === instance) this.#entries.splice(i, 1)
    }
  }

  clear(): void {
    this.#entries.length = 0
  }
}

/** What the templates of one message read and write. M is the protocol's message, G its repeated group. Reference 07, 1.2. */
export type MappingContext<M, G> = {
  message: M
  /** The instance that a `for_each` processor runs for. */
  item: G | undefined
  /** Its number, -1 outside of `for_each`. */
  instance: number
  tenant: string
  now: ZonedTime
  vars: EventFields
  /** The event under construction; fresh for each processor. */
  request: EventFields
  opts: EventFields
  /** Reply of the last API call. */
  reply: EventFields
  rep: OrderedEntries
  tmp: EventFields
}

/** How a protocol's messages are read. Paths are compiled once. */
export interface MessageReader<M, G> {
  /** Selector of a path below `*req`. Throws TemplateError for one that cannot be; UnknownName reads as empty text. */
  compileRequestPath(path: string): (message: M) => Value
  /** Selector of a path below `*item`. */
  compileItemPath(path: string, group: string): (message: M, item: G) => Value
  /** All instances of a repeated group, by its path below `*req`. */
  compileGroupPath(path: string): (message: M) => readonly G[]
}

/** Reads a field of a tree by its path: nested objects and lists (`a.b`, `a[0].b`). */
export function readTree(tree: EventFields, steps: readonly (string | number)[]): Value {
  let value: EventValue | undefined = tree
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || value instanceof Decimal) return undefined
    value = Array.isArray(value) ? value[Number(step)] : (value as EventFields)[step]
    if (value === undefined) return undefined
  }
  return leafOf(value)
}

function leafOf(value: EventValue): Value {
  if (Array.isArray(value)) {
    const last = value.at(-1) as EventValue | undefined
    return last === undefined ? undefined : leafOf(last)
  }
  if (value === null) return ''
  return typeof value === 'object' && !(value instanceof Decimal) ? JSON.stringify(value, jsonValue) : value
}

function jsonValue(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value
}

/** Splits a path into its steps: `a[1].b` is a, 1, b. */
export function treeSteps(path: string): (string | number)[] {
  return path.split('.').flatMap((step) => {
    const [, name = step, index] = /^(.*)\[(\d+)\]$/.exec(step) ?? []
    return index === undefined ? [name] : [name, Number(index)]
  })
}

/** Writes below a tree, making the objects on the way. mode: how it joins what is there. */
export function writeTree(
  tree: EventFields,
  steps: readonly (string | number)[],
  mode: 'set' | 'compose' | 'group',
  value: EventValue,
): void {
  let node = tree
  for (const step of steps.slice(0, -1)) {
    const held = node[step]
    if (held !== null && typeof held === 'object' && !Array.isArray(held) && !(held instanceof Decimal)) {
      node = held as EventFields
      continue
    }
    if (held !== undefined) throw new MappingError('WRONG_PATH')
    const made: EventFields = {}
    node[step] = made
    node = made
  }
  const last = steps.at(-1) ?? ''
  const held = node[last]
  if (mode === 'set' || held === undefined) node[last] = mode === 'group' ? [value] : value
  else if (mode === 'compose') node[last] = `${String(held)}${String(value)}`
  else node[last] = Array.isArray(held) ? [...held, value] : [held, value]
}
