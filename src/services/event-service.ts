import { TollgateError } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'

/** Thresholds, as `tenant:id`, whose actions have led to an event: none of them runs for it, so that no chain of events goes on for ever. */
export type Causes = readonly string[]

/** A service that is told of events: of this process or of another one. */
export interface EventService {
  /** Ids of its profiles that took the event. Rejects with NotFound when none did, else with TollgateError. */
  processEvent(event: ChargingEvent, causes?: Causes): Promise<readonly string[]>
}

/** An event that was taken, whose followers could not all be told. Clients see the text. */
export class PartlyTold extends TollgateError {
  constructor() {
    super('PARTIALLY_EXECUTED', 'PARTIALLY_EXECUTED')
  }
}
