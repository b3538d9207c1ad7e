import type { EventFields } from '../../src/core/event.ts'
import type { ZonedTime } from '../../src/core/time.ts'
import { EVENT_READER, eventContext } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { BoundedCache } from '../../src/mapping/bounded-cache.ts'
import { type MappingContext, textOf } from '../../src/mapping/context.ts'
import {
  compileFieldList,
  EMPTY_FIELD,
  type FieldTemplate,
  type PlanEnvironment,
} from '../../src/mapping/field-plan.ts'
import type { ParserOptions } from '../../src/mapping/selector.ts'
import { compileValue } from '../../src/mapping/value-parser.ts'

export const NOW: ZonedTime = { ns: 1_700_000_000_500_000_000n, zone: 'UTC' }

export type EventContext = MappingContext<EventFields, never>

export const OPTIONS: ParserOptions = { separator: ';', group: undefined, config: { general: { node_id: 'n1' } } }

export function contextOf(event: EventFields): EventContext {
  return eventContext({ tenant: 'cgrates.org', id: '', time: null, event, apiOpts: {} }, NOW)
}

/** The text that a value gives for an event; undefined: NOT_FOUND. */
export function valueText(value: string, event: EventFields = {}, options = OPTIONS): string | undefined {
  const found = compileValue(value, EVENT_READER, options)(contextOf(event))
  return found === undefined ? undefined : textOf(found)
}

/** What compiles field lists over an event. */
export function environmentOf(
  templates: Readonly<Record<string, readonly Partial<FieldTemplate>[]>> = {},
): PlanEnvironment<EventFields, never> {
  const options = { ...OPTIONS, cache: new BoundedCache({ limit: -1, ttlMs: 0, isStatic: false, now: () => 0 }) }
  const none = { destination: () => undefined, timing: () => undefined, filter: () => undefined }
  const filters = new FilterCompiler(EVENT_READER, options, none)
  return {
    reader: EVENT_READER,
    options,
    templates: new Map(Object.entries(templates).map(([id, fields]) => [id, fields.map(field)])),
    compileFilters: (ids) => filters.compile(ids),
    checkReplyPath: () => undefined,
    isDestination: (id, prefix) => id === 'DST' && prefix === '1002',
  }
}

/** A field with the keys that count. */
export function field(keys: Partial<FieldTemplate>): FieldTemplate {
  return { ...EMPTY_FIELD, place: 'test.json:1', ...keys, tag: keys.tag ?? keys.path ?? '' }
}

/** Runs a field list over an event; the context holds what it wrote. */
export function run(
  fields: readonly Partial<FieldTemplate>[],
  event: EventFields = {},
  environment = environmentOf(),
  context = contextOf(event),
): EventContext {
  compileFieldList(fields.map(field), environment)(context)
  return context
}
