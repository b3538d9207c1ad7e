import type { Decimal } from '../core/decimal.ts'
import type { CallCost, Increment, Timespan } from '../rating/call-cost.ts'
import type { Account } from './account.ts'
import { callCostOf } from './debit.ts'
import { creditsOfRounding, refund } from './refund.ts'

/** A debit as it was made: the account, those that have paid with it, and the cost. */
export type Rounded = { account: Account; others: readonly Account[]; callCost: CallCost }

/**
 * Rounds each span of a cost as its tariff says, and books the corrections on the balances that paid. before: the account
 * as it was before the debit. Reference 04, 6 (PerformRounding).
 */
export function roundCallCost(
  { account, others, callCost }: Rounded,
  before: Account,
  decimals: number,
  nowMs: number,
): Rounded {
  const timespans = callCost.timespans.map(roundSpan)
  const roundings = timespans.flatMap(({ rounding }) => rounding ?? [])
  if (roundings.length === 0) return { account, others, callCost }
  const credits = creditsOfRounding(roundings)
  const corrected = (each: Account) => refund(each, credits, decimals, nowMs).account
  const rounded = corrected(account)
  return {
    account: rounded,
    others: others.map(corrected),
    callCost: callCostOf(timespans, rounded, before, decimals),
  }
}

function roundSpan(span: Timespan): Timespan {
  const [first] = span.increments
  if (span.interval === null || first === undefined || first.cost.isZero || first.payment.monetary === null) return span
  const { roundingDecimals, roundingMethod } = span.interval.rating
  const correction = correctionOf(span.cost, roundingDecimals, roundingMethod)
  if (correction.isZero) return span
  const { monetary, accountId } = first.payment
  const rounding: Increment = {
    duration: 0n,
    cost: correction,
    count: 1n,
    payment: { unit: null, monetary, accountId },
  }
  return { ...span, rounding, cost: span.cost.plus(correction) }
}

function correctionOf(cost: Decimal, decimals: number, method: string): Decimal {
  return cost.round(decimals, method).minus(cost)
}
