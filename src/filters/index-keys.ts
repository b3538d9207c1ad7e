import { type FilterRule, isDynamic } from './filter-rule.ts'

/** Where a profile is found: by the value of a field, or by its being there. Field: a path without `~`. Reference 02, 6.6. */
export type IndexKey = {
  readonly type: 'string' | 'prefix' | 'suffix' | 'exists'
  readonly field: string
  /** '' for exists. */
  readonly value: string
}

/** The key of profiles without filters. */
export const NO_FILTERS_KEY = '*none:*any:*any'

/** Data that is not part of the event. */
const NOT_OF_THE_EVENT = /^~\*(?:accounts|stats|resources|trends|rankings|libphonenumber|asm)(?:[.[<]|$)/

/** Keys of one rule; none when it cannot be indexed: another type, a negation, both sides read or both written out. */
export function indexKeysOf({ type, element, values }: FilterRule): IndexKey[] {
  const field = fieldOf(element)
  if (type === '*exists') return field === undefined ? [] : [{ type: 'exists', field, value: '' }]
  const kind = type === '*string' ? 'string' : type === '*prefix' ? 'prefix' : type === '*suffix' ? 'suffix' : undefined
  if (kind === undefined) return []
  if (field !== undefined)
    return values.filter((value) => !isDynamic(value)).map((value) => ({ type: kind, field, value }))
  if (kind !== 'string' || isDynamic(element)) return []
  return values.flatMap((value) => {
    const mirrored = fieldOf(value)
    return mirrored === undefined ? [] : [{ type: kind, field: mirrored, value: element }]
  })
}

/** As clients see it: `*string:*req.Account:1001`, `*exists:*req.Account`. */
export function keyText({ type, field, value }: IndexKey): string {
  return type === 'exists' ? `*exists:${field}` : `*${type}:${field}:${value}`
}

/** The path that a side reads, undefined for one that is written out or lies outside of the event. */
function fieldOf(side: string): string | undefined {
  return side.startsWith('~') && side !== '~' && !NOT_OF_THE_EVENT.test(side) ? side.slice(1) : undefined
}
