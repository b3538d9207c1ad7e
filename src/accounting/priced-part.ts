import { Decimal } from '../core/decimal.ts'
import type { Increment } from '../rating/call-cost.ts'
import type { RatedSpan, RateInterval } from '../rating/model.ts'
import type { Balance } from './account.ts'
import type { DebitRun } from './debit-run.ts'
import { type Candidate, isActiveAt } from './select.ts'

const ONE = Decimal.of(1n)

/**
 * Consumes a balance at the prices of `subject`: money, or units that cost money as well. True when it paid usage.
 * money: balances that pay connect fees and the price of units, in order. Reference 04, 4.3.
 */
export function consumePriced(
  run: DebitRun,
  candidate: Candidate,
  subject: string,
  money: readonly Candidate[],
): boolean {
  const { balance, type } = candidate
  const isMoney = type === '*monetary'
  const before = run.remaining
  const spans = run.rate(subject)
  const [first] = spans
  if (first === undefined) return false
  const fee = run.feeDue ? payConnectFee(run, first, money) : undefined
  if (fee === 'blocked') return false
  for (const span of spans) {
    const runs: Increment[] = fee !== undefined && span === first ? [fee] : []
    const interval = isMoney && balance.ratingSubject === '' ? null : span.interval
    const priced = countPriced(run, span)
    let paid = 0n
    while (paid < priced) {
      const increment = isMoney
        ? payMoney(run, balance, span, priced - paid, interval)
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
  { balance, type }: Candidate,
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
    type === '*monetary'
      ? run.payMoney(balance, duration, Decimal.ZERO, count, null)
      : run.increment(duration, Decimal.ZERO, count, { unit: null, monetary: null }),
  )
  return count
}

function payMoney(
  run: DebitRun,
  balance: Balance,
  { increments: { duration, cost } }: RatedSpan,
  wanted: bigint,
  interval: RateInterval | null,
): Increment | undefined {
  let count = run.ledger.affordable(balance, cost, wanted)
  if (count === 0n) return undefined
  const takes = run.watch && [{ balance, each: cost, kind: '*monetary' }]
  if (takes !== undefined) count = run.watch?.limit(takes, count) ?? count
  const increment = run.payMoney(balance, duration, cost, count, interval)
  if (takes !== undefined) run.watch?.took(takes, count)
  return increment
}

/** Increments that triggers have parted, but the same balances have paid, are counted in one. */
function append(run: DebitRun, runs: Increment[], added: Increment): void {
  const last = runs.at(-1)
  const isSame =
    run.watch !== undefined &&
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
  const { default: balance } = run.ledger
  const takes = run.watch && [{ balance, each: cost, kind: '*monetary' }]
  const count = (takes && run.watch?.limit(takes, wanted)) ?? wanted
  append(run, runs, run.payMoney(balance, duration, cost, count, null))
  if (takes !== undefined) run.watch?.took(takes, count)
  return count
}

/** The first balance that can pay the price of one increment pays for as many as it can. */
function payUnits(
  run: DebitRun,
  candidate: Candidate,
  { increments: { duration, cost }, interval }: RatedSpan,
  wanted: bigint,
  money: readonly Candidate[],
): Increment | undefined {
  const { ledger } = run
  const amount = run.unitsFor(candidate.balance, duration)
  let count = ledger.affordable(candidate.balance, amount, wanted)
  if (count === 0n) return undefined
  const takes = run.watch && [{ balance: candidate.balance, each: amount, kind: run.request.toR }]
  if (cost.isZero) {
    if (takes !== undefined) count = run.watch?.limit(takes, count) ?? count
    const unit = run.takeUnits(candidate, amount, count, interval)
    if (takes !== undefined) run.watch?.took(takes, count)
    return run.increment(duration, cost, count, { unit, monetary: null })
  }
  let payer: Balance | undefined
  for (const { balance } of money) {
    const affordable = ledger.affordable(balance, cost, count)
    if (affordable === 0n) continue
    payer = balance
    count = affordable
    break
  }
  if (payer === undefined) {
    if (run.isDry && !run.account.allowNegative) return undefined
    payer = ledger.default
  }
  takes?.push({ balance: payer, each: cost, kind: '*monetary' })
  if (takes !== undefined) count = run.watch?.limit(takes, count) ?? count
  const unit = run.takeUnits(candidate, amount, count, interval)
  const { payment } = run.payMoney(payer, duration, cost, count, null)
  if (takes !== undefined) run.watch?.took(takes, count)
  return run.increment(duration, cost, count, { unit, monetary: payment.monetary })
}

/**
 * Pays the connect fee of the first charged part: its increment, undefined when there is no fee, `blocked` when a blocker
 * cannot pay it. Reference 04, 4.4.
 */
function payConnectFee(
  run: DebitRun,
  first: RatedSpan,
  money: readonly Candidate[],
): Increment | undefined | 'blocked' {
  const fee = first.interval.rating.connectFee
  if (fee.isZero && run.watch === undefined) return undefined
  for (const { balance } of money) {
    if (!isActiveAt(balance, run.request.timeStart)) continue
    // Without a fee the connection is counted all the same.
    if (run.ledger.affordable(balance, fee, 1n) === 1n) {
      const increment = takeFee(run, balance, fee)
      return fee.isZero ? undefined : increment
    }
    if (balance.blocker) return 'blocked'
  }
  if (fee.isZero) return undefined
  run.negativeConnectFee = true
  return takeFee(run, run.ledger.default, fee)
}

/** Reference 04, 4.4.5. The fee does not count towards max cost. */
function takeFee(run: DebitRun, balance: Balance, fee: Decimal): Increment {
  const value = run.ledger.take(balance, fee, 1n)
  run.watch?.took(
    [
      { balance, each: fee, kind: '*monetary' },
      { balance, each: ONE, kind: '*event_connect' },
    ],
    1n,
  )
  const monetary = { balanceUuid: balance.uuid, balanceId: balance.id, value, interval: null }
  return run.increment(0n, fee, 1n, { unit: null, monetary })
}

/**
 * What no balance has covered: free when it costs nothing, else for `*default` or dropped, as the mode says. Max cost is
 * not asked here: it belongs to balances. Reference 04, 4.1.2.
 */
export function consumeRest(run: DebitRun, money: readonly Candidate[]): void {
  const spans = run.rate('')
  const [first] = spans
  if (first === undefined) return
  // A first request is free only without a connect fee, whether or not free units have spared it that fee.
  const hasFee = run.request.loopIndex === 0 && !first.interval.rating.connectFee.isZero
  const isFree = !hasFee && spans.every(({ increments }) => increments.cost.isZero)
  if (!isFree && run.mode !== 'all' && run.mode !== 'preview') return
  const fee = run.feeDue ? payConnectFee(run, first, money) : undefined
  for (const span of spans) {
    const { duration, cost, count } = span.increments
    const runs: Increment[] = fee !== undefined && fee !== 'blocked' && span === first ? [fee] : []
    if (isFree) runs.push(run.increment(duration, cost, count, { unit: null, monetary: null }))
    else for (let paid = 0n; paid < count; ) paid += payRest(run, runs, span, count - paid)
    run.book(span, runs, count)
  }
}
