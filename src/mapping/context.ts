import { Decimal } from '../core/decimal.ts'
import { formatDuration } from '../core/duration.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { octetText } from '../core/octet-text.ts'
import { formatTimeSeconds, type ZonedTime } from '../core/time.ts'
import type { OrderedEntries } from './ordered-entries.ts'
import { Duration, type Found, Instant, type Value } from './value.ts'

export { OrderedEntries, type ReplyEntry } from './ordered-entries.ts'
export { treeSteps } from './tree.ts'

/** A value as text. Reference 02, 1.1. */
export function textOf(value: Found): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : floatText(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value === null) return ''
      if (value instanceof Duration) return value.ns === -1n ? '-1' : formatDuration(value.ns)
      if (value instanceof Decimal) return value.toString()
      if (value instanceof Instant) return formatTimeSeconds(value.time)
      return value instanceof Buffer ? octetText(value) : jsonOf(value as EventFields)
  }
}

/** The shortest decimal, never with an exponent. */
function floatText(value: number): string {
  if (Number.isFinite(value)) return Decimal.ofNumber(value).toString()
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** Compact JSON as Go writes it: keys sorted, `<`, `>` and `&` escaped. Reference 02, 1.1. */
export function jsonOf(value: EventValue): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([name, member]) => `${quoted(name)}:${jsonOf(member)}`).join(',')}}`
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
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
  /** What is built besides the reply: `*diamreq`, `*radDAReq`, `*exp`, `*hdr`, `*trl`. */
  built?: Readonly<Partial<Record<BuiltArea, OrderedEntries>>>
  /** What is read besides the message: `*oreq`, `*em`, `*ec`. */
  sources?: Readonly<Partial<Record<SourceArea, EventFields>>>
}

/** Containers that remember the order of writing, besides `*rep`. Reference 02, 2.2. */
export const BUILT_AREAS = ['*diamreq', '*radDAReq', '*exp', '*hdr', '*trl'] as const
export type BuiltArea = (typeof BUILT_AREAS)[number]

/** Containers that are only read, besides `*req`. Reference 02, 2.2. */
export const SOURCE_AREAS = ['*oreq', '*em', '*ec'] as const
export type SourceArea = (typeof SOURCE_AREAS)[number]

/** How a protocol's messages are read. Paths are compiled once. */
export interface MessageReader<M, G> {
  /** Selector of a path below `*req`. Throws TemplateError for one that cannot be. */
  compileRequestPath(path: string): (message: M) => Value
  /** Selector of a path below `*item`. */
  compileItemPath(path: string, group: string): (message: M, item: G) => Value
  /** All instances of a repeated group, by its path below `*req`. */
  compileGroupPath(path: string): (message: M) => readonly G[]
  /** Selector of a path below an area that only such messages have (`*acnt`); undefined for an area that they do not have. */
  compileOwnPath?(area: string, path: string): ((message: M) => Value) | undefined
  /** Whether the dictionary has the names of a path below `*req` or `*item`; without it there are no names that can be wrong. */
  knows?(path: string): boolean
  /** Reads for filters, where they read in another way than templates. */
  readonly forFilters?: MessageReader<M, G>
}
