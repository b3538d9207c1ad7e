import type { EventFields } from '../core/event.ts'
import type { EventCost } from '../rating/event-cost.ts'
import type { Descriptor } from '../services/charging.ts'
import type { Quota } from './quota.ts'

/** One billing run of a session. Immutable: a debit makes a new one. Reference 05, 4. */
export type Run = {
  runId: string
  requestType: string
  /** The event as ChargerS gave it to this run. */
  event: EventFields
  descriptor: Descriptor
  quota: Quota
  /** What was paid so far; undefined before the first debit and in runs that are not charged while they live. */
  cost: EventCost | undefined
}

/** Until when a session that debits by itself is paid, and what is done then. */
export type DebitLoop = {
  /** ms since the epoch. */
  atMs: number
  /** Why its client is asked to end it; '': the next debit. */
  cause: string
}

/** How a session that times out is settled. Usage in ns or plain units. Reference 05, 6.11. */
export type TimeoutCharge = {
  /** Charged on top of what was granted; 0n: nothing. */
  extra: bigint
  /** What was used of the last grant; undefined: all of it. */
  lastUsed: bigint | undefined
  /** What was used in all, whatever was granted; undefined: the sum of the grants. */
  total: bigint | undefined
}

/**
 * A session: one per CGRID. Live ones are charged; a closed one waits for its CDR and then goes.
 * Immutable, stored whole with every change.
 */
export type Session = {
  cgrId: string
  tenant: string
  originId: string
  originHost: string
  /** The start event, kept up to date by updates (reference 05, 6.4.1). */
  eventStart: EventFields
  optsStart: EventFields
  runs: readonly Run[]
  /** Time of the last request, ms since the epoch. */
  updatedAtMs: number
  /** When it is ended for lack of requests, ms since the epoch; undefined: never. */
  deadlineMs: number | undefined
  /** What it is charged then; undefined: nothing beyond what it was granted. */
  atTimeout: TimeoutCharge | undefined
  /** Whether its time costs anything: false is a pause. Reference 05, 6.14. */
  isChargeable: boolean
  /** Connection of the client that is called back, '' for none. */
  clientId: string
  /** How much is debited at a time without being asked (ns, or plain units); 0n: only what requests ask for. Reference 05, 6.7. */
  debitInterval: bigint
  /** What comes next without being asked; undefined: nothing. */
  loop: DebitLoop | undefined
  /** Another engine charges it: this is a copy. Reference 05, 6.16. */
  isPassive: boolean
  /** Set when it has ended and its CDR has not been asked for yet: when that was, ms since the epoch. */
  closedAtMs: number | undefined
}

/** Whether a session is charged here and has not ended. */
export function isCharged({ closedAtMs, isPassive }: Session): boolean {
  return closedAtMs === undefined && !isPassive
}

/** Modes that reserve credit while the session lives. Reference 05, 5. */
export function isPrepaid(requestType: string): boolean {
  return requestType === '*prepaid' || requestType === '*dynaprepaid'
}

/** Modes whose price is found when the session has ended. Reference 05, 5. */
export function isRatedAtEnd(requestType: string): boolean {
  return requestType === '*postpaid' || requestType === '*pseudoprepaid' || requestType === '*rated'
}
