import type { Decimal } from '../core/decimal.ts'
import { type Increment, NO_PAYMENT } from '../rating/call-cost.ts'
import type { Tariff } from '../rating/model.ts'
import type { Account } from './account.ts'
import { callCostOf, type DebitContext, type DebitRequest, type DebitResult, type DebitSettings } from './debit.ts'
import { type Payer, selectPayers } from './payers.ts'
import { Purses } from './purse.ts'
import { isActiveAt } from './select.ts'

/** What priced an event that brought its own cost: nothing. */
const NO_MATCH = { matchedSubject: '', matchedPrefix: '', matchedDestinationId: '', ratingPlanId: '' }

/**
 * Debits a cost that the event brings, without rating it: money balances pay in their order as far as they have it, `*default`
 * the rest. cost: not negative. Pure; nothing is taken when it fails. Reference 04, 7.
 */
export function directDebit(
  account: Account,
  { destination, category, timeStart, usage }: DebitRequest,
  cost: Decimal,
  tariff: Tariff,
  { roundingDecimals: decimals }: Pick<DebitSettings, 'roundingDecimals'>,
  context: DebitContext,
): DebitResult {
  if (account.disabled) return { ok: false, fault: 'ACCOUNT_DISABLED' }
  const purses = new Purses(account, { category, destination }, tariff, decimals, context)
  const increments: Increment[] = []
  const total = cost.round(decimals, '*middle')
  let open = total
  const pay = ({ balance, purse }: Payer, amount: Decimal) => {
    open = open.minus(amount)
    const value = purse.take(balance, amount, 1n)
    purses.took([{ balance, purse, each: amount, kind: '*monetary' }], 1n)
    const { accountId } = purse
    const monetary = { accountId, balanceUuid: balance.uuid, balanceId: balance.id, value, interval: null }
    const payment = { unit: null, monetary, accountId }
    increments.push({ duration: increments.length === 0 ? usage : 0n, cost: amount, count: 1n, payment })
  }
  for (const payer of selectPayers(purses, '*monetary', { destination, category, start: timeStart }, tariff)) {
    if (!open.isPositive) break
    const value = payer.purse.ledger.valueOf(payer.balance)
    if (!value.isPositive || !isActiveAt(payer.balance, timeStart)) continue
    pay(payer, value.compare(open) < 0 ? value : open)
  }
  if (open.isPositive) pay({ balance: purses.own.ledger.default, purse: purses.own }, open)
  if (increments.length === 0) increments.push({ duration: usage, cost: total, count: 1n, payment: NO_PAYMENT })
  const span = {
    timeStart,
    usage,
    durationIndex: usage,
    interval: null,
    increments,
    rounding: null,
    cost: total,
    match: NO_MATCH,
  }
  const changed = purses.own.current(context.nowMs)
  const callCost = callCostOf([span], changed, account, decimals)
  const others = purses.changedOthers(context.nowMs)
  return { ok: true, account: changed, others, callCost, negativeConnectFee: false }
}
