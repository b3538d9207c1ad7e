import { Decimal } from '../core/decimal.ts'
import type { ZonedTime } from '../core/time.ts'
import type { RateInterval, RatingMatch } from './model.ts'

/** Units taken from a unit balance by each increment of a run. Reference 03, 5.1. */
export type UnitPayment = {
  balanceUuid: string
  balanceId: string
  /** Value of the balance after the run. */
  value: Decimal
  /** The dialled destination. */
  destination: string
  consumed: Decimal
  factor: Decimal
  category: string
  toR: string
  /** Set when the units have a price of their own; null for `*zero` subjects. */
  interval: RateInterval | null
}

/** Money taken by each increment of a run: its cost. Reference 03, 5.1. */
export type MonetaryPayment = {
  /** `tenant:account` of the balance: with shared groups not always that of the units beside it. */
  accountId: string
  balanceUuid: string
  balanceId: string
  /** Value of the balance after the run. */
  value: Decimal
  /** Set when the balance has a rating subject of its own. */
  interval: RateInterval | null
}

/**
 * Who pays the increments of a run; both parts null and accountId '' when nobody does (a price without a debit). accountId: of the
 * units, of the money when there are none.
 */
export type Payment = { unit: UnitPayment | null; monetary: MonetaryPayment | null; accountId: string }

/** `count` equal increments, paid alike. */
export type Increment = { duration: bigint; cost: Decimal; count: bigint; payment: Payment }

export type Timespan = {
  timeStart: ZonedTime
  usage: bigint
  durationIndex: bigint
  /** Null in the empty span of a request without usage, and when the event itself brought its cost. */
  interval: RateInterval | null
  increments: readonly Increment[]
  /** Correction of the span's cost by the tariff's rounding. Reference 03, 4.8.5. */
  rounding: Increment | null
  /** Increments, connect fee and correction. */
  cost: Decimal
  match: RatingMatch
}

/** One balance in an account summary. Reference 04, 2.4. */
export type BalanceSummary = {
  uuid: string
  id: string
  type: string
  initial: Decimal
  value: Decimal
  weight: number
  disabled: boolean
  factors: Readonly<Record<string, Decimal>> | null
}

export type AccountSummary = {
  tenant: string
  accountId: string
  /** Null when the account has none. */
  balances: readonly BalanceSummary[] | null
  allowNegative: boolean
  disabled: boolean
}

/** What a request costs, and who pays. Reference 03, 5.1. */
export type CallCost = {
  timespans: readonly Timespan[]
  /** Sum of the timespans, rounded and capped as the caller asked. */
  cost: Decimal
  /** Usage that is covered: whole increments. */
  ratedUsage: bigint
  accountSummary: AccountSummary | null
}

export const NO_PAYMENT: Payment = { unit: null, monetary: null, accountId: '' }

/** The spans of a request without usage: one that shows what would price it, none when nothing would. Reference 03, 4.9. */
export function spansWithoutUsage(timeStart: ZonedTime, match: RatingMatch | undefined): Timespan[] {
  if (match === undefined) return []
  const nothing = { usage: 0n, durationIndex: 0n, interval: null, increments: [], rounding: null, cost: Decimal.ZERO }
  return [{ timeStart, ...nothing, match }]
}
