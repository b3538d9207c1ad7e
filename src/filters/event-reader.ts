import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { type MappingContext, type MessageReader, OrderedEntries } from '../mapping/context.ts'
import { Duration, TemplateError } from '../mapping/value.ts'
import { compileCostPath } from './cost-details.ts'
import { compileJsonPath } from './json-path.ts'

/** Reads `~*req` of an event that is no protocol message: chargers' filters, writers' templates. Usage that is a bigint is a duration. */
export const EVENT_READER: MessageReader<EventFields, never> = {
  compileRequestPath(path) {
    const read = compileJsonPath(path)
    return (event) => {
      const value = read(event)
      return typeof value === 'bigint' ? new Duration(value) : value
    }
  },
  compileItemPath(path) {
    throw new TemplateError(`*item.${path}: an event has no repeated groups`)
  },
  compileGroupPath(path) {
    throw new TemplateError(`${path}: an event has no repeated groups`)
  },
}

/** Reads `~*req` of an event in its filters: into the details of a cost, too. */
export const FILTERED_EVENT_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  compileRequestPath: (path) => compileCostPath(path) ?? EVENT_READER.compileRequestPath(path),
}

/** Reads `~*act` and `~*acnt` of an action that runs: members of the message. Reference 04, 11.6 and 12.3. */
export const ACTION_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  compileOwnPath: (area, path) =>
    area === '*act' || area === '*acnt' ? compileJsonPath(`${area.slice(1)}.${path}`) : undefined,
}

/** An event as filters and templates read it. */
export function eventContext(event: ChargingEvent, now: ZonedTime): MappingContext<EventFields, never> {
  return contextOf(event.event, event.tenant, event.apiOpts, now)
}

/** What filters read of a message that no template has touched. */
export function contextOf<M>(message: M, tenant: string, opts: EventFields, now: ZonedTime): MappingContext<M, never> {
  return {
    message,
    vars: {},
    request: {},
    reply: {},
    tmp: {},
    rep: new OrderedEntries(),
    item: undefined,
    instance: -1,
    opts,
    tenant,
    now,
  }
}
