import type { Decimal } from '../core/decimal.ts'
import { type Increment, NO_PAYMENT } from '../rating/call-cost.ts'
import type { Tariff } from '../rating/model.ts'
import { type Account, accountKey, type Balance } from './account.ts'
import { callCostOf, type DebitContext, type DebitRequest, type DebitResult, type DebitSettings } from './debit.ts'
import { DebitWatch } from './debit-watch.ts'
import { Ledger } from './ledger.ts'
import { isActiveAt, selectBalances } from './select.ts'

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
  { nowMs, newUuid, reactions }: DebitContext,
): DebitResult {
  if (account.disabled) return { ok: false, fault: 'ACCOUNT_DISABLED' }
  const ledger = new Ledger(account, decimals, newUuid)
  const watch =
    account.watch === undefined || reactions === undefined
      ? undefined
      : new DebitWatch(ledger, account.watch, { category, destination }, tariff, reactions)
  const increments: Increment[] = []
  const total = cost.round(decimals, '*middle')
  let open = total
  const pay = (balance: Balance, amount: Decimal) => {
    open = open.minus(amount)
    const value = ledger.take(balance, amount, 1n)
    watch?.took([{ balance, each: amount, kind: '*monetary' }], 1n)
    const monetary = { balanceUuid: balance.uuid, balanceId: balance.id, value, interval: null }
    const payment = { unit: null, monetary, accountId: accountKey(account.tenant, account.id) }
    increments.push({ duration: increments.length === 0 ? usage : 0n, cost: amount, count: 1n, payment })
  }
  for (const { balance } of selectBalances(account, '*monetary', { destination, category, start: timeStart }, tariff)) {
    if (!open.isPositive) break
    const value = ledger.valueOf(balance)
    if (!value.isPositive || !isActiveAt(balance, timeStart)) continue
    pay(balance, value.compare(open) < 0 ? value : open)
  }
  if (open.isPositive) pay(ledger.default, open)
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
  const changed = watch === undefined ? ledger.account(nowMs) : watch.account(nowMs)
  const callCost = callCostOf([span], changed, account, decimals)
  return { ok: true, account: changed, callCost, negativeConnectFee: false }
}
