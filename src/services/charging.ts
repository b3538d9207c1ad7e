import type { Decimal } from '../core/decimal.ts'
import type { ZonedTime } from '../core/time.ts'
import type { AccountSummary, CallCost } from '../rating/call-cost.ts'
import type { EventCost } from '../rating/event-cost.ts'
import type { Unit } from '../store/unit-of-work.ts'

/** What one run wants rated or debited; carried forward from debit to debit. Reference 05, 4 ("CD"). */
export type Descriptor = {
  tenant: string
  category: string
  account: string
  subject: string
  destination: string
  toR: string
  /** Name of the balance factor to use; empty: none. Reference 04, 2.2. */
  balanceFactorId: string
  /** Start of the next part, in the zone that the event's time was given in. */
  timeStart: ZonedTime
  /** Debits made so far; the connect fee is due in the first only. */
  loopIndex: number
  /** Usage paid for so far: where the next part stands in the rate groups. */
  durationIndex: bigint
  maxCostSoFar: Decimal
  /** Refuse instead of granting less than asked. */
  forceDuration: boolean
  /** Which run of which session it is for, where that is known: engines that are asked over connections are told. */
  run?: { cgrId: string; runId: string }
}

/** What counters of an account look at. */
export type ChargedEvent = Pick<Descriptor, 'category' | 'destination' | 'toR'>

/** Whose account a cost is of, and of which event. */
export type ChargedAccount = Pick<Descriptor, 'tenant' | 'account'> & ChargedEvent

/**
 * Money, as sessions and CDRs need it. Synchronous within the unit; the tariff and the clock are the implementation's.
 * All throw SessionRefused with the text that clients see: ACCOUNT_NOT_FOUND, ACCOUNT_DISABLED, RATING_PLAN_NOT_FOUND,
 * UNAUTHORIZED_DESTINATION, INSUFFICIENT_CREDIT, INSUFFICIENT_CREDIT_BALANCE_BLOCKER, MAX_USAGE_EXCEEDED.
 */
export interface Charging {
  /** Longest usage up to `usage` that can be paid without debt; -1n: no limit. Reference 04, 5.1. */
  maxUsage(unit: Unit, descriptor: Descriptor, usage: bigint): bigint
  /** Debits what the account can pay of `usage`, in whole increments; no credit gives an empty cost. Reference 04, 5.2. */
  maxDebit(unit: Unit, descriptor: Descriptor, usage: bigint): CallCost
  /** Debits all of `usage`; the rest that no balance covers goes to `*default`. rounding: as the tariff says. Reference 04, 4. */
  debit(unit: Unit, descriptor: Descriptor, usage: bigint, rounding: boolean): CallCost
  /** Rates without an account. Reference 03, 4.7. */
  rate(descriptor: Descriptor, usage: bigint): CallCost
  /** Debits a cost that the event brings from money alone; what no balance has goes to `*default`. Reference 04, 7. */
  directDebit(unit: Unit, descriptor: Descriptor, usage: bigint, cost: Decimal): CallCost
  /** Gives back what paid this cost; balances that are gone get nothing. The account as it is then, null without one. Reference 04, 6. */
  refund(unit: Unit, owner: ChargedAccount, cost: EventCost): AccountSummary | null
  /** Rounds each charge as its tariff says and books the corrections. Reference 05, 6.9. */
  round(unit: Unit, owner: ChargedAccount, cost: EventCost): EventCost
  /** Money that a cost took. */
  total(cost: EventCost): Decimal
}
