import { Decimal } from '../core/decimal.ts'
import { type CallCost, type Payment, spansWithoutUsage, type Timespan } from '../rating/call-cost.ts'
import type { RateInterval, Tariff } from '../rating/model.ts'
import { type Account, accountSummary } from './account.ts'
import {
  type DebitContext,
  type DebitFault,
  type DebitMode,
  DebitRefused,
  type DebitRequest,
  DebitRun,
  type DebitSettings,
} from './debit-run.ts'
import { type PayingCandidate, selectPayers } from './payers.ts'
import { consumePriced, consumeRest } from './priced-part.ts'
import { isActiveAt } from './select.ts'

export type { DebitContext, DebitFault, DebitMode, DebitRequest, DebitSettings } from './debit-run.ts'

export type DebitResult =
  | {
      ok: true
      account: Account
      /** Accounts that share balances with it and have changed too. */
      others: readonly Account[]
      callCost: CallCost
      /** Nobody could pay the connect fee: `*default` went negative by it. */
      negativeConnectFee: boolean
    }
  | { ok: false; fault: DebitFault }

/**
 * Debits one request from one account: the heart of charging. Pure and in closed form: the work does not grow with the
 * number of increments. Nothing is taken when it fails. Reference 04, 4.
 */
export function debit(
  account: Account,
  request: DebitRequest,
  mode: DebitMode,
  tariff: Tariff,
  settings: DebitSettings,
  context: DebitContext,
): DebitResult {
  if (account.disabled) return { ok: false, fault: 'ACCOUNT_DISABLED' }
  if (request.usage <= 0n) return emptyDebit(account, request, tariff)
  const run = new DebitRun(account, request, mode, tariff, settings, context)
  try {
    const money = consumeBalances(run, tariff)
    if (!run.isDone) consumeRest(run, money)
  } catch (cause) {
    if (cause instanceof DebitRefused) return { ok: false, fault: cause.fault }
    throw cause
  }
  const changed = run.own.current(context.nowMs)
  return {
    ok: true,
    account: changed,
    others: run.purses.changedOthers(context.nowMs),
    callCost: callCostOf(run.timespans, changed, account, settings.roundingDecimals),
    negativeConnectFee: run.negativeConnectFee,
  }
}

/** Sum of what the spans cost, with the account after it. before: the account as it was. */
export function callCostOf(
  timespans: readonly Timespan[],
  account: Account,
  before: Account,
  decimals: number,
): CallCost {
  let cost = Decimal.ZERO
  let ratedUsage = 0n
  for (const span of timespans) {
    cost = cost.plus(span.cost)
    ratedUsage += span.usage
  }
  return {
    timespans,
    cost: cost.round(decimals, '*middle'),
    ratedUsage,
    accountSummary: accountSummary(account, before),
  }
}

/** A request without usage costs nothing and never fails; its span shows what would price it. Reference 03, 4.9. */
function emptyDebit(account: Account, request: DebitRequest, tariff: Tariff): DebitResult {
  const { category, subject, destination, toR, timeStart } = request
  const match = tariff.match({
    tenant: account.tenant,
    category,
    subject,
    destination,
    toR,
    timeStart,
    usage: 0n,
    durationIndex: 0n,
  })
  const callCost = callCostOf(spansWithoutUsage(timeStart, match), account, account, 0)
  return { ok: true, account, others: [], callCost, negativeConnectFee: false }
}

/** Rounds over unit and monetary balances while one of them still pays; the monetary ones. Reference 04, 4.1.1. */
function consumeBalances(run: DebitRun, tariff: Tariff): readonly PayingCandidate[] {
  const { toR, destination, category, timeStart: start } = run.request
  const event = { destination, category, start }
  const units = selectPayers(run.purses, toR, event, tariff)
  const money = toR === '*monetary' ? units : selectPayers(run.purses, '*monetary', event, tariff)
  for (let progress = true; progress && !run.isDone; ) {
    progress = pass(run, units, true, money)
    if (!run.isDone && pass(run, money, false, money)) progress = true
  }
  return money
}

/** Goes over the candidates until none of them pays any more; true when one did. */
function pass(
  run: DebitRun,
  candidates: readonly PayingCandidate[],
  asUnits: boolean,
  money: readonly PayingCandidate[],
): boolean {
  let any = false
  for (let progress = true; progress; ) {
    progress = false
    for (const candidate of candidates) {
      if (run.isDone) return any
      if (consume(run, candidate, asUnits, money)) progress = any = true
      if (!candidate.balance.blocker || run.remaining <= 0n) continue
      if (!run.isDry) throw new DebitRefused('INSUFFICIENT_CREDIT_BALANCE_BLOCKER')
      run.ended = true
      return any
    }
  }
  return any
}

function consume(
  run: DebitRun,
  candidate: PayingCandidate,
  asUnits: boolean,
  money: readonly PayingCandidate[],
): boolean {
  const { balance, purse, type } = candidate
  if (!purse.ledger.valueOf(balance).isPositive || !isActiveAt(balance, run.position)) return false
  const subject = run.settings.subjects.of(balance, type, run.request.toR, asUnits)
  return subject.kind === 'zero'
    ? consumeFree(run, candidate, subject.step, subject.interval)
    : consumePriced(run, candidate, subject.subject, money)
}

/** Takes units, in whole steps, without a price. Reference 04, 4.2. */
function consumeFree(run: DebitRun, candidate: PayingCandidate, step: bigint, interval: RateInterval): boolean {
  const { balance, purse, prefix, destinationId } = candidate
  const amount = run.unitsFor(balance, step)
  const wanted = (run.remaining + step - 1n) / step
  const takes = run.isWatched ? [{ balance, purse, each: amount, kind: run.request.toR }] : undefined
  let unit: Payment['unit'] = null
  let taken = 0n
  while (taken < wanted) {
    const affordable = purse.ledger.affordable(balance, amount, wanted - taken)
    if (affordable === 0n) break
    const count = run.limit(takes, affordable)
    unit = run.takeUnits(candidate, amount, count, null)
    taken += count
    if (takes === undefined) break
    run.took(takes, count)
  }
  if (taken === 0n) return false
  const payment = { unit, monetary: null, accountId: purse.accountId }
  run.bookFree(
    step * taken,
    interval,
    { duration: step, cost: Decimal.ZERO, count: taken, payment },
    {
      matchedSubject: balance.uuid,
      matchedPrefix: prefix || run.request.destination,
      matchedDestinationId: destinationId || '*any',
      ratingPlanId: '*none',
    },
  )
  return true
}
