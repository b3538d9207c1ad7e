import { Decimal } from '../core/decimal.ts'
import type { Increment } from '../rating/call-cost.ts'
import type { RatedSpan, RateInterval } from '../rating/model.ts'
import type { DebitRun } from './debit-run.ts'
import type { Payer, PayingCandidate } from './payers.ts'
import type { Purse } from './purse.ts'
import { isActiveAt } from './select.ts'

const ONE = Decimal.of(1n)

/**
 * Consumes a balance at the prices of `subject`: money, or units that cost money as well. True when it paid usage.
 * money: balances that pay connect fees and the price of units, in order. Reference 04, 4.3.
 */
export function consumePriced(
  run: DebitRun,
  candidate: PayingCandidate,
  subject: string,
  money: readonly PayingCandidate[],
): boolean {
  const { balance, type } = candidate
  const isMoney = type === '*monetary'
  const before = run.remaining
  const spans = run.rate(subject)
  const [first] = spans
  if (first === undefined) return false
  const fee = run.feeDue ? payConnectFee(run, first, money, candidate.purse) : undefined
  if (fee === 'blocked') return false
  for (const span of spans) {
    const runs: Increment[] = fee !== undefined && span === first ? [fee] : []
    const interval = isMoney && balance.ratingSubject === '' ? null : span.interval
    const priced = countPriced(run, span)
    let paid = 0n
    while (paid < priced) {
      const increment = isMoney
        ? payMoney(run, candidate, span, priced - paid, interval)
        : payUnits(run, candidate, span, priced - paid, money)
      if (increment === undefined) break
      append(run, runs, increment)
      paid += increment.count
    }
    if (paid === priced) paid += grantFree(run, candidate, span, span.increments.count - priced, runs)
    run.book(span, runs, paid)
    if (paid < span.increments.count) break
  }
  return run.remaining < before
}

/** Increments of a span that have their price before max cost is reached. Reference 04, 4.3.3. */
function countPriced(run: DebitRun, { interval, increments: { cost, count } }: RatedSpan): bigint {
  const { maxCost, maxCostStrategy } = interval.rating
  if (maxCostStrategy !== '*free' && (maxCostStrategy !== '*disconnect' || !run.isDry)) return count
  const room = maxCost.minus(run.maxCostSoFar)
  if (!room.isPositive) return 0n
  if (!cost.isPositive) return count
  const whole = room.floorDivide(cost)
  const needed = cost.timesInteger(whole).compare(room) < 0 ? whole + 1n : whole
  return needed < count ? needed : count
}

/** What follows the priced increments: free under `*free`, no units taken either; under `*disconnect` the end. */
function grantFree(
  run: DebitRun,
  candidate: PayingCandidate,
  span: RatedSpan,
  count: bigint,
  runs: Increment[],
): bigint {
  if (count === 0n) return 0n
  if (span.interval.rating.maxCostStrategy !== '*free') {
    run.ended = true
    return 0n
  }
  const { duration } = span.increments
  runs.push(
    candidate.type === '*monetary'
      ? run.payMoney(candidate, duration, Decimal.ZERO, count, null)
      : run.unpaid(duration, Decimal.ZERO, count),
  )
  return count
}

function payMoney(
  run: DebitRun,
  payer: PayingCandidate,
  { increments: { duration, cost } }: RatedSpan,
  wanted: bigint,
  interval: RateInterval | null,
): Increment | undefined {
  const { balance, purse } = payer
  const affordable = purse.ledger.affordable(balance, cost, wanted)
  if (affordable === 0n) return undefined
  const takes = run.isWatched ? [{ balance, purse, each: cost, kind: '*monetary' }] : undefined
  const count = run.limit(takes, affordable)
  const increment = run.payMoney(payer, duration, cost, count, interval)
  run.took(takes, count)
  return increment
}

/** Increments that triggers have parted, but the same balances have paid, are counted in one. */
function append(run: DebitRun, runs: Increment[], added: Increment): void {
  const last = runs.at(-1)
  const isSame =
    run.purses.isWatched &&
    last !== undefined &&
    last.duration === added.duration &&
    last.cost.equals(added.cost) &&
    last.payment.unit?.balanceUuid === added.payment.unit?.balanceUuid &&
    last.payment.monetary?.balanceUuid === added.payment.monetary?.balanceUuid
  if (isSame) runs[runs.length - 1] = { ...added, count: last.count + added.count }
  else runs.push(added)
}

/** `*default` takes what is left, as far as triggers let it at once: how many increments. */
function payRest(
  run: DebitRun,
  runs: Increment[],
  { increments: { duration, cost } }: RatedSpan,
  wanted: bigint,
): bigint {
  const payer = run.default
  const takes = run.isWatched ? [{ ...payer, each: cost, kind: '*monetary' }] : undefined
  const count = run.limit(takes, wanted)
  append(run, runs, run.payMoney(payer, duration, cost, count, null))
  run.took(takes, count)
  return count
}

/** The first balance that can pay the price of one increment pays for as many as it can. */
function payUnits(
  run: DebitRun,
  candidate: PayingCandidate,
  { increments: { duration, cost }, interval }: RatedSpan,
  wanted: bigint,
  money: readonly PayingCandidate[],
): Increment | undefined {
  const { balance, purse } = candidate
  const amount = run.unitsFor(balance, duration)
  let count = purse.ledger.affordable(balance, amount, wanted)
  if (count === 0n) return undefined
  const { accountId } = purse
  const { toR } = run.request
  if (cost.isZero) {
    const takes = run.isWatched ? [{ balance, purse, each: amount, kind: toR }] : undefined
    count = run.limit(takes, count)
    const unit = run.takeUnits(candidate, amount, count, interval)
    run.took(takes, count)
    return { duration, cost, count, payment: { unit, monetary: null, accountId } }
  }
  let payer: Payer | undefined
  for (const each of money) {
    const affordable = each.purse.ledger.affordable(each.balance, cost, count)
    if (affordable === 0n) continue
    payer = each
    count = affordable
    break
  }
  if (payer === undefined) {
    if (run.isDry && !run.account.allowNegative) return undefined
    payer = run.default
  }
  const takes = run.isWatched
    ? [
        { balance, purse, each: amount, kind: toR },
        { balance: payer.balance, purse: payer.purse, each: cost, kind: '*monetary' },
      ]
    : undefined
  count = run.limit(takes, count)
  const unit = run.takeUnits(candidate, amount, count, interval)
  const { monetary } = run.payMoney(payer, duration, cost, count, null).payment
  run.took(takes, count)
  return { duration, cost, count, payment: { unit, monetary, accountId } }
}

/**
 * Pays the connect fee of the first charged part: its increment, undefined when there is no fee, `blocked` when a blocker
 * cannot pay it. consumed: the account of the balance that the part is taken from, which counts the connection. Reference 04, 4.4.
 */
function payConnectFee(
  run: DebitRun,
  first: RatedSpan,
  money: readonly PayingCandidate[],
  consumed: Purse,
): Increment | undefined | 'blocked' {
  const fee = first.interval.rating.connectFee
  if (fee.isZero && !run.purses.isWatched) return undefined
  for (const payer of money) {
    const { balance, purse } = payer
    if (!isActiveAt(balance, run.request.timeStart)) continue
    // Without a fee the connection is counted all the same.
    if (purse.ledger.affordable(balance, fee, 1n) === 1n) {
      const increment = takeFee(run, payer, fee, consumed)
      return fee.isZero ? undefined : increment
    }
    if (balance.blocker) return 'blocked'
  }
  if (fee.isZero) return undefined
  run.negativeConnectFee = true
  return takeFee(run, run.default, fee, consumed)
}

/** Reference 04, 4.4.5. The fee does not count towards max cost. */
function takeFee(run: DebitRun, { balance, purse }: Payer, fee: Decimal, consumed: Purse): Increment {
  const value = purse.take(balance, fee, 1n)
  if (run.isWatched) {
    const paid = { balance, purse, each: fee, kind: '*monetary' }
    const connected = { balance, purse: consumed, each: ONE, kind: '*event_connect' }
    run.took(fee.isZero && purse !== consumed ? [connected] : [paid, connected], 1n)
  }
  const { accountId } = purse
  const monetary = { accountId, balanceUuid: balance.uuid, balanceId: balance.id, value, interval: null }
  return { duration: 0n, cost: fee, count: 1n, payment: { unit: null, monetary, accountId } }
}

/**
 * What no balance has covered: free when it costs nothing, else for `*default` or dropped, as the mode says. Max cost is
 * not asked here: it belongs to balances. Reference 04, 4.1.2.
 */
export function consumeRest(run: DebitRun, money: readonly PayingCandidate[]): void {
  const spans = run.rate('')
  const [first] = spans
  if (first === undefined) return
  // A first request is free only without a connect fee, whether or not free units have spared it that fee.
  const hasFee = run.request.loopIndex === 0 && !first.interval.rating.connectFee.isZero
  const isFree = !hasFee && spans.every(({ increments }) => increments.cost.isZero)
  if (!isFree && run.mode !== 'all' && run.mode !== 'preview') return
  const fee = run.feeDue ? payConnectFee(run, first, money, run.own) : undefined
  for (const span of spans) {
    const { duration, cost, count } = span.increments
    const runs: Increment[] = fee !== undefined && fee !== 'blocked' && span === first ? [fee] : []
    if (isFree) runs.push(run.unpaid(duration, cost, count))
    else for (let paid = 0n; paid < count; ) paid += payRest(run, runs, span, count - paid)
    run.book(span, runs, count)
  }
}
