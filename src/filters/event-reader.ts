import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { type MappingContext, type MessageReader, OrderedEntries } from '../mapping/context.ts'
import { TemplateError } from '../mapping/value.ts'
import { compileJsonPath } from './json-path.ts'

/** Reads `~*req` of an event that is no protocol message: chargers' filters, writers' templates. */
export const EVENT_READER: MessageReader<EventFields, never> = {
  compileRequestPath(path) {
    return compileJsonPath(path)
  },
  compileItemPath(path) {
    throw new TemplateError(`*item.${path}: an event has no repeated groups`)
  },
  compileGroupPath(path) {
    throw new TemplateError(`${path}: an event has no repeated groups`)
  },
}

/** An event as filters and templates read it. */
export function eventContext(
  { tenant, event, apiOpts }: ChargingEvent,
  now: ZonedTime,
): MappingContext<EventFields, never> {
  return {
    message: event,
    vars: {},
    request: {},
    reply: {},
    tmp: {},
    rep: new OrderedEntries(),
    item: undefined,
    instance: -1,
    opts: apiOpts,
    tenant,
    now,
  }
}
