import type { EventFields } from '../core/event.ts'
import { type MappingContext, textOf } from '../mapping/context.ts'
import { MappingError, type Value } from '../mapping/value.ts'
import type { IndexKey } from './index-keys.ts'
import { compileJsonPath } from './json-path.ts'

/** The index keys of a section of the configuration. Reference 01, 4.5. */
export type IndexOptions = {
  /** false: every profile is a candidate. */
  indexedSelects: boolean
  /** Paths without `~`; undefined: every field that a profile is indexed by. */
  stringFields: readonly string[] | undefined
  prefixFields: readonly string[]
  suffixFields: readonly string[]
  existsFields: readonly string[]
  /** Without stringFields: leaves at any depth count, else only the first level. */
  nestedFields: boolean
}

/** What filters of services read: an event with its options. */
export type EventContext = MappingContext<EventFields, never>

type Read = (context: EventContext) => Value

/** What lies under one key. users: profiles that have it, also those found by another key of theirs. */
type Slot<E> = { entries: Set<E>; users: number }

/** Slots by the values of one field. sizes: lengths of the values, for prefixes and suffixes. */
type Field<E> = { read: Read; byValue: Map<string, Slot<E>>; sizes: Map<number, number> }

/** The keys of one rule. mustPass: its profile passes only if the value of the field is one of them. */
export type RuleKeys = { readonly keys: readonly IndexKey[]; readonly mustPass: boolean }

/** Where an entry lies: under `own`, while `shared` only keeps keys alive. Undefined: it has no filters. */
export type Placement = { readonly own: readonly IndexKey[]; readonly shared: readonly IndexKey[] } | undefined

/** A field of the first level, without brackets or converters: what its rule reads is what is looked up. */
const PLAIN_FIELD = /^\*(?:req|opts|vars)\.[^.[\]{}<>:#]+$/

/**
 * Finds the profiles that an event may match by a few look-ups, however many there are. Entries are whatever the owner keeps of a
 * profile. Reference 02, 6.6.
 */
export class ProfileIndex<E> {
  readonly #options: IndexOptions
  readonly #fields = { string: new Map(), prefix: new Map(), suffix: new Map(), exists: new Map() } as Readonly<
    Record<IndexKey['type'], Map<string, Field<E>>>
  >
  readonly #withoutFilters = new Set<E>()

  constructor(options: IndexOptions) {
    this.#options = options
  }

  /**
   * Adds an entry and tells where. rules: undefined for a profile without filters. When a `*string` rule must pass, the profile is found
   * by that rule alone, so that keys which many share cost nothing; of several the one whose keys are rarest.
   */
  add(entry: E, rules: readonly RuleKeys[] | undefined): Placement {
    if (rules === undefined) {
      this.#withoutFilters.add(entry)
      return undefined
    }
    const deciding = this.#decidingRule(rules)
    const keys = rules.flatMap((rule) => rule.keys)
    const own = deciding?.keys ?? keys
    // Which prefix is the longest depends on the keys of all profiles.
    const shared = deciding === undefined ? [] : keys.filter(({ type }) => type === 'prefix' || type === 'suffix')
    for (const key of own) this.#use(key).entries.add(entry)
    for (const key of shared) this.#use(key)
    return { own, shared }
  }

  /** placement: what adding it has told. */
  remove(entry: E, placement: Placement): void {
    if (placement === undefined) {
      this.#withoutFilters.delete(entry)
      return
    }
    for (const key of placement.own) this.#leave(key, entry)
    for (const key of placement.shared) this.#leave(key, undefined)
  }

  #decidingRule(rules: readonly RuleKeys[]): RuleKeys | undefined {
    const { stringFields } = this.#options
    const isLookedUp = ({ type, field }: IndexKey) =>
      type === 'string' && PLAIN_FIELD.test(field) && (stringFields?.includes(field) ?? true)
    const deciding = rules.filter(({ keys, mustPass }) => mustPass && keys.length > 0 && keys.every(isLookedUp))
    if (deciding.length < 2) return deciding[0]
    const crowd = ({ keys }: RuleKeys) =>
      keys.reduce(
        (sum, { field, value }) => sum + (this.#fields.string.get(field)?.byValue.get(value)?.entries.size ?? 0),
        0,
      )
    return deciding.reduce((best, rule) => (crowd(rule) < crowd(best) ? rule : best))
  }

  #use({ type, field, value }: IndexKey): Slot<E> {
    let held = this.#fields[type].get(field)
    if (held === undefined) {
      held = { read: this.#reader(type, field), byValue: new Map(), sizes: new Map() }
      this.#fields[type].set(field, held)
    }
    let slot = held.byValue.get(value)
    if (slot === undefined) {
      slot = { entries: new Set(), users: 0 }
      held.byValue.set(value, slot)
      held.sizes.set(value.length, (held.sizes.get(value.length) ?? 0) + 1)
    }
    slot.users++
    return slot
  }

  #leave({ type, field, value }: IndexKey, entry: E | undefined): void {
    const held = this.#fields[type].get(field)
    const slot = held?.byValue.get(value)
    if (held === undefined || slot === undefined) return
    if (entry !== undefined) slot.entries.delete(entry)
    if (--slot.users > 0) return
    held.byValue.delete(value)
    const others = (held.sizes.get(value.length) ?? 0) - 1
    if (others > 0) held.sizes.set(value.length, others)
    else held.sizes.delete(value.length)
    if (held.byValue.size === 0) this.#fields[type].delete(field)
  }

  /**
   * Calls `found` with each candidate, perhaps several times. Of the prefixes of a value only the longest that is a key counts, of its
   * suffixes only the shortest.
   */
  candidates(context: EventContext, found: (entry: E) => void): void {
    for (const entry of this.#withoutFilters) found(entry)
    const { stringFields, prefixFields, suffixFields, existsFields } = this.#options
    const { string, prefix, suffix, exists } = this.#fields
    each(string, stringFields, (field) => {
      const text = textAt(field, context)
      if (text !== undefined) field.byValue.get(text)?.entries.forEach(found)
    })
    each(prefix, prefixFields, (field) => longestPrefix(field, textAt(field, context))?.forEach(found))
    each(suffix, suffixFields, (field) => shortestSuffix(field, textAt(field, context))?.forEach(found))
    each(exists, existsFields, (field) => {
      if (valueAt(field, context) !== undefined) field.byValue.get('')?.entries.forEach(found)
    })
  }

  #reader(type: IndexKey['type'], field: string): Read {
    const { stringFields, nestedFields } = this.#options
    const [, container = '', rest = ''] = /^([^.]*)\.(.*)$/s.exec(field) ?? []
    const tree = TREES[container]
    if (tree === undefined) return () => undefined
    if (type !== 'string' || stringFields !== undefined) {
      const read = compileJsonPath(rest)
      return (context) => read(tree(context))
    }
    if (!nestedFields) return (context) => (Object.hasOwn(tree(context), rest) ? tree(context)[rest] : undefined)
    const read = compileJsonPath(rest)
    return (context) => {
      const value = read(tree(context))
      return isBranch(value) ? undefined : value
    }
  }
}

const TREES: Readonly<Record<string, (context: EventContext) => EventFields>> = {
  '*req': ({ message }) => message,
  '*opts': ({ opts }) => opts,
  '*vars': ({ vars }) => vars,
}

function each<E>(
  fields: ReadonlyMap<string, Field<E>>,
  names: readonly string[] | undefined,
  visit: (field: Field<E>) => void,
): void {
  if (names === undefined) fields.forEach(visit)
  else {
    for (const name of names) {
      const field = fields.get(name)
      if (field !== undefined) visit(field)
    }
  }
}

function isBranch(value: Value): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value))
  )
}

/** A path that leads nowhere finds nothing. */
function valueAt<E>({ read }: Field<E>, context: EventContext): Value {
  try {
    return read(context)
  } catch (cause) {
    if (cause instanceof MappingError) return undefined
    throw cause
  }
}

function textAt<E>(field: Field<E>, context: EventContext): string | undefined {
  const value = valueAt(field, context)
  if (typeof value === 'string') return value
  return value === undefined ? undefined : textOf(value)
}

function longestPrefix<E>({ byValue, sizes }: Field<E>, text: string | undefined): Set<E> | undefined {
  if (text === undefined) return undefined
  for (let length = text.length; length > 0; length--) {
    const found = sizes.has(length) ? byValue.get(text.slice(0, length)) : undefined
    if (found !== undefined) return found.entries
  }
  return undefined
}

function shortestSuffix<E>({ byValue, sizes }: Field<E>, text: string | undefined): Set<E> | undefined {
  if (text === undefined) return undefined
  for (let length = 1; length <= text.length; length++) {
    const found = sizes.has(length) ? byValue.get(text.slice(-length)) : undefined
    if (found !== undefined) return found.entries
  }
  return undefined
}
