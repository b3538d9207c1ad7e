import type { EventFields } from '../../src/core/event.ts'
import type { ZonedTime } from '../../src/core/time.ts'
import { phoneNames } from '../../src/engine/phone-tables.ts'
import { eventContext, FILTERED_EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler, type FilterSources } from '../../src/filters/filter-compiler.ts'
import { type FilterProfile, parseInlineFilter } from '../../src/filters/filter-rule.ts'

/** 2023-11-14T22:13:20Z, a Tuesday. */
export const NOW: ZonedTime = { ns: 1_700_000_000_000_000_000n, zone: 'UTC' }
export const TENANT = 'cgrates.org'

const DESTINATIONS: Readonly<Record<string, readonly string[]>> = { DE: ['+49', '+48'] }

/** Stored filters by id; destination DE (+49, +48) and timing WORK (Monday to Friday, 8 to 18 o'clock). */
export function filterSources(stored: ReadonlyMap<string, FilterProfile> = new Map()): FilterSources {
  return {
    filter: (tenant, id) => (tenant === TENANT ? stored.get(id) : undefined),
    destination(id) {
      const prefixes = DESTINATIONS[id]
      return prefixes && ((number) => prefixes.some((prefix) => number.startsWith(prefix)))
    },
    timing: (id) => (id === 'WORK' ? isAtWork : undefined),
    phoneNames: phoneNames(),
  }
}

function isAtWork({ ns, zone }: ZonedTime): boolean {
  const hours = zone === 'UTC' ? 0 : Number(zone.slice(0, 3))
  const date = new Date(Number(ns / 1_000_000n) + hours * 3_600_000)
  const ofDay =
    date.getUTCHours() + date.getUTCMinutes() / 60 + date.getUTCSeconds() / 3_600 + date.getMilliseconds() / 3.6e6
  return date.getUTCDay() >= 1 && date.getUTCDay() <= 5 && ofDay >= 8 && ofDay <= 18
}

/** A stored filter of inline rules. */
export function storedFilter(id: string, ...rules: string[]): FilterProfile {
  return { tenant: TENANT, id, rules: rules.map(parseInlineFilter), activation: null }
}

export function eventOf(event: EventFields, apiOpts: EventFields = {}, now = NOW) {
  return eventContext({ tenant: TENANT, id: '', time: null, event, apiOpts }, now)
}

/** `true`, `false`, or the message of the error. */
export function decide(
  filterIds: readonly string[],
  event: EventFields,
  stored: readonly FilterProfile[] = [],
): string {
  const sources = filterSources(new Map(stored.map((filter) => [filter.id, filter])))
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources)
  try {
    return String(compiler.compile(filterIds)(eventOf(event)))
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}
