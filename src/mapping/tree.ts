import { Decimal } from '../core/decimal.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { formatTime } from '../core/time.ts'
import { textOf } from './context.ts'
import { Duration, type Found, Instant, MappingError, type Value } from './value.ts'

/** How a value joins what is there. Reference 02, 2.3. */
export type WriteMode = 'set' | 'compose' | 'group'

/** Names that every JavaScript object answers to. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Splits a path below a container: `a[x].b` is a, x, b. Dots in brackets do not split, nor does anything after a `#`. Reference 02, 2.1. */
export function treeSteps(path: string): string[] {
  const steps: string[] = []
  for (const segment of pathSegments(path)) {
    const open = segment.indexOf('[')
    if (open < 0 || !segment.endsWith(']')) steps.push(segment)
    else {
      if (open > 0) steps.push(segment.slice(0, open))
      steps.push(...segment.slice(open + 1, -1).split(']['))
    }
  }
  return steps
}

/** Segments of a path. Reference 02, 2.1. */
export function pathSegments(path: string): string[] {
  if (path === '') return []
  const segments: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < path.length; i++) {
    const char = path[i]
    if (char === '#') break
    if (char === '[') depth++
    else if (char === ']') depth--
    else if (char === '.' && depth <= 0) {
      segments.push(path.slice(start, i))
      start = i + 1
    }
  }
  segments.push(path.slice(start))
  return segments
}

/** Compiles a path below a tree (`*vars *cgreq *cgrep *tmp *opts`). Undefined: NOT_FOUND. Reference 02, 2.3. */
export function compileTreePath(path: string): (tree: EventFields) => Value {
  const steps = treeSteps(path)
  return steps.length === 0 ? (tree) => tree : (tree) => readTree(tree, steps)
}

/** The name that a path of one step reads or writes; undefined for longer paths, and for names that every object answers to. */
export function plainName(steps: readonly string[]): string | undefined {
  const [only] = steps
  return steps.length === 1 && only !== undefined && !INHERITED.has(only) ? only : undefined
}

/** Reads a field of a tree by its steps. Throws MappingError for an index that is no number. */
export function readTree(tree: EventFields, steps: readonly string[]): Value {
  let value: EventValue | undefined = tree
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || value instanceof Decimal) return undefined
    if (!Array.isArray(value)) value = Object.hasOwn(value, step) ? (value as EventFields)[step] : undefined
    else if (step === 'Length') return value.length
    else value = value.at(indexOf(step)) as EventValue | undefined
    if (value === undefined) return undefined
  }
  return leafOf(value)
}

function indexOf(step: string): number {
  if (/^[+-]?\d+$/.test(step)) return Number(step)
  throw new MappingError(`strconv.Atoi: parsing ${JSON.stringify(step)}: invalid syntax`)
}

/** The last of a list of leaves; trees keep durations as bigint. */
export function leafOf(value: EventValue): Value {
  if (typeof value === 'bigint') return new Duration(value)
  if (!Array.isArray(value)) return value
  const last = value.at(-1) as EventValue | undefined
  return typeof last === 'object' && last !== null && !(last instanceof Decimal) ? value : leafOf(last ?? '')
}

/** A value as a leaf of a tree: numbers and times keep their type, a duration is a bigint, all else is text. */
export function leafValue(value: Found): string | number | bigint | Decimal {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value
    case 'bigint': {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : Decimal.of(value)
    }
    default:
      if (value instanceof Duration) return value.ns
      if (value instanceof Decimal) return value
      return value instanceof Instant ? formatTime(value.time) : textOf(value)
  }
}

/** Writes below a tree. Throws MappingError `WRONG_PATH`, `NOT_FOUND`. Reference 02, 2.3. */
export function writeTree(tree: EventFields, steps: readonly string[], mode: WriteMode, value: EventValue): void {
  let node: EventFields | EventValue[] = tree
  for (let i = 0; i < steps.length - 1; i++) node = childOf(node, steps[i] ?? '', steps[i + 1] ?? '')
  const key = keyIn(node, steps.at(-1) ?? '')
  const held = node[key as never] as EventValue | undefined
  node[key as never] = joined(held, mode, value) as never
}

function childOf(node: EventFields | EventValue[], step: string, next: string): EventFields | EventValue[] {
  const key = keyIn(node, step)
  const held = node[key as never] as EventValue | undefined
  if (held === undefined) {
    const made: EventFields | EventValue[] = next === '0' ? [] : {}
    node[key as never] = made as never
    return made
  }
  if (held === null || typeof held !== 'object' || held instanceof Decimal) throw new MappingError('WRONG_PATH')
  return held as EventFields | EventValue[]
}

/** On a list a step is an index, and the next free one adds. */
function keyIn(node: EventFields | EventValue[], step: string): string | number {
  if (!Array.isArray(node)) {
    if (!INHERITED.has(step) || Object.hasOwn(node, step)) return step
    throw new MappingError(`WRONG_PATH`)
  }
  const index = indexOf(step)
  if (index < 0 || index > node.length) throw new MappingError('NOT_FOUND')
  return index
}

function joined(held: EventValue | undefined, mode: WriteMode, value: EventValue): EventValue {
  if (held === undefined || mode === 'set') return mode === 'group' ? [value] : value
  if (Array.isArray(held)) {
    return mode === 'group' ? [...held, value] : [...held.slice(0, -1), leafText(held.at(-1) ?? '') + leafText(value)]
  }
  if (typeof held === 'object' && held !== null && !(held instanceof Decimal)) throw new MappingError('WRONG_PATH')
  return mode === 'group' ? [held, value] : leafText(held) + leafText(value)
}

function leafText(value: EventValue): string {
  const leaf = leafOf(value)
  return leaf === undefined ? '' : textOf(leaf)
}

/** Removes a field and the containers that are left empty above it; a missing one is no error. Reference 02, 2.3. */
export function removeFromTree(tree: EventFields, steps: readonly string[]): void {
  const [step, ...rest] = steps
  if (step !== undefined) removeStep(tree, step, rest)
}

function removeStep(node: EventFields | EventValue[], step: string, rest: readonly string[]): void {
  const [next, ...further] = rest
  const key = Array.isArray(node) ? normalIndex(node, step) : Object.hasOwn(node, step) ? step : undefined
  if (key === undefined) return
  if (next !== undefined) {
    const child = node[key as never] as EventValue | undefined
    if (child === null || typeof child !== 'object' || child instanceof Decimal) return
    removeStep(child as EventFields | EventValue[], next, further)
    if (Object.keys(child).length > 0) return
  }
  if (Array.isArray(node)) node.splice(Number(key), 1)
  else delete node[key]
}

function normalIndex(list: readonly EventValue[], step: string): number | undefined {
  if (!/^[+-]?\d+$/.test(step)) return undefined
  const index = Number(step) < 0 ? list.length + Number(step) : Number(step)
  return index >= 0 && index < list.length ? index : undefined
}
