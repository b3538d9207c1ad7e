import { inOrder } from '../../cdrs/cdr.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import { type Attributed, alteredFields } from '../../services/attributes/caller.ts'
import { list, struct, text } from '../shape.ts'
import { embeddedEvent } from './event.ts'

/** What attributes have made of an event (AttrRep). Reference 01, 9.2; 06, 2.2. */
export const attributedShape = struct('engine.AttrSProcessEventReply', {
  MatchedProfiles: list(text),
  AlteredFields: list(text),
  CGREvent: embeddedEvent,
})

/** id, time: of the event, as it came. */
export function attributedWire(
  { matched, altered, event }: Attributed,
  id: string,
  time: string | null,
): Record<string, unknown> {
  return {
    MatchedProfiles: matched,
    AlteredFields: altered,
    Tenant: event.tenant,
    ID: id,
    Time: time,
    Event: inOrder(event.event),
    APIOpts: inOrder(event.apiOpts),
  }
}

/** What another process has made of an event, as it answers. */
export function attributedOf(reply: unknown, event: ChargingEvent): Attributed {
  const { MatchedProfiles, AlteredFields, CGREvent } = attributedShape.decode(reply)
  return {
    matched: MatchedProfiles,
    altered: AlteredFields,
    event: {
      ...event,
      tenant: CGREvent.Tenant || event.tenant,
      event: CGREvent.Event ?? {},
      apiOpts: CGREvent.APIOpts ?? {},
    },
  }
}

/** The changed fields as one text: `Account:1001,Subject:1001`. Reference 06, 2.2. */
export function attributesDigest({ altered, event }: Attributed): string {
  return Object.entries(alteredFields(altered, event.event))
    .map(([name, value]) => `${name}:${valueText(value)}`)
    .join(',')
}
