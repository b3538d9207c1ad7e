import { Decimal } from '../core/decimal.ts'
import { addNs, type ZonedTime } from '../core/time.ts'
import type { Increment, Payment, Timespan } from '../rating/call-cost.ts'
import type { RatedSpan, RateInterval, RatingFault, RatingMatch, Tariff } from '../rating/model.ts'
import type { Account, Balance } from './account.ts'
import type { BalanceSubjects } from './balance-subject.ts'
import type { Payer, PayingCandidate } from './payers.ts'
import { type DebitContext, type PaidTake, type Purse, Purses } from './purse.ts'

export type { DebitContext } from './purse.ts'

/** What is to be debited. Reference 04, 4. Usage in ns (`*voice`) or plain units. */
export type DebitRequest = {
  category: string
  subject: string
  destination: string
  toR: string
  balanceFactorId: string
  timeStart: ZonedTime
  /** Not negative. */
  usage: bigint
  /** Usage of the whole event at the end of this part; less than `usage` counts as `usage`. */
  durationIndex: bigint
  /** 0 for the first debit of an event: the connect fee is due. */
  loopIndex: number
  maxCostSoFar: Decimal
}

/**
 * How far a debit goes.
 * - `available`: what the balances can pay, in whole increments; max cost `*disconnect` and a blocker end it. A dry run
 * - `preview`: as `available`, but then as `all`. A dry run
 * - `all`: everything; what no balance covers goes to `*default`, which may become negative
 * - `covered`: as `all`, but the rest that no balance covers is dropped instead (DenyNegativeAccount)
 */
export type DebitMode = 'available' | 'preview' | 'all' | 'covered'

export type DebitSettings = {
  /** general.rounding_decimals. */
  roundingDecimals: number
  /** Made of rals.balance_rating_subject. */
  subjects: BalanceSubjects
}

export type DebitFault = RatingFault | 'ACCOUNT_DISABLED' | 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER'

/** Ends a debit with a fault; caught where the debit began. */
export class DebitRefused extends Error {
  readonly fault: DebitFault

  constructor(fault: DebitFault) {
    super(fault)
    this.fault = fault
  }
}

/** One debit under way: how far it has come, and what it has booked. */
export class DebitRun {
  readonly account: Account
  readonly purses: Purses
  /** That of the account itself. */
  readonly own: Purse
  readonly request: DebitRequest
  readonly mode: DebitMode
  readonly settings: DebitSettings
  readonly timespans: Timespan[] = []
  readonly #tariff: Tariff
  /** Where the usage that nobody has paid yet begins. */
  position: ZonedTime
  remaining: bigint
  feeDue: boolean
  maxCostSoFar: Decimal
  negativeConnectFee = false
  /** Nothing more is granted: max cost `*disconnect`, or a blocker in a dry run. */
  ended = false
  #durationIndex: bigint

  constructor(
    account: Account,
    request: DebitRequest,
    mode: DebitMode,
    tariff: Tariff,
    settings: DebitSettings,
    context: DebitContext,
  ) {
    this.account = account
    this.purses = new Purses(account, request, tariff, settings.roundingDecimals, context)
    this.own = this.purses.own
    this.request = request
    this.mode = mode
    this.settings = settings
    this.#tariff = tariff
    this.position = request.timeStart
    this.remaining = request.usage
    this.feeDue = request.loopIndex === 0
    this.maxCostSoFar = request.maxCostSoFar
    this.#durationIndex = request.durationIndex
  }

  get isDry(): boolean {
    return this.mode === 'available' || this.mode === 'preview'
  }

  get isDone(): boolean {
    return this.ended || this.remaining <= 0n
  }

  /** Prices the remaining usage for a subject ('' : the event's own). Throws DebitRefused. */
  rate(subject: string): readonly RatedSpan[] {
    const { destination, category, toR } = this.request
    // Raised once, when something is rated for the first time: free units before it do not count in the rate groups.
    if (this.#durationIndex < this.remaining) this.#durationIndex = this.remaining
    const rated = this.#tariff.rate({
      tenant: this.account.tenant,
      category,
      subject: subject || this.request.subject,
      destination,
      toR,
      timeStart: this.position,
      usage: this.remaining,
      durationIndex: this.#durationIndex,
    })
    if (!rated.ok) throw new DebitRefused(rated.fault)
    return rated.spans
  }

  /** Books the first `count` increments of a rated span. A connect fee alone makes a span without usage. */
  book(
    { timeStart, usage: whole, durationIndex, interval, increments: each, match }: RatedSpan,
    runs: readonly Increment[],
    count: bigint,
  ): void {
    if (runs.length === 0) return
    const usage = each.duration * count
    let cost = Decimal.ZERO
    for (const run of runs) cost = cost.plus(run.cost.timesInteger(run.count))
    this.#push({
      timeStart,
      usage,
      durationIndex: durationIndex - (whole - usage),
      interval,
      increments: runs,
      rounding: null,
      cost,
      match,
    })
  }

  /** Books usage that a `*zero` subject pays. Reference 04, 4.2.5. */
  bookFree(usage: bigint, interval: RateInterval, increment: Increment, match: RatingMatch): void {
    this.#push({
      timeStart: this.position,
      usage,
      durationIndex: 0n,
      interval,
      increments: [increment],
      rounding: null,
      cost: Decimal.ZERO,
      match,
    })
  }

  #push(span: Timespan): void {
    this.timespans.push(span)
    this.position = addNs(this.position, span.usage)
    this.remaining -= span.usage
    this.feeDue = false
  }

  /** Takes `count` times `cost` from a monetary balance: the increments it pays. */
  payMoney(payer: Payer, duration: bigint, cost: Decimal, count: bigint, interval: RateInterval | null): Increment {
    const { balance, purse } = payer
    const value = purse.take(balance, cost, count)
    this.addCost(cost, count)
    const { accountId } = purse
    const monetary = { accountId, balanceUuid: balance.uuid, balanceId: balance.id, value, interval }
    return { duration, cost, count, payment: { unit: null, monetary, accountId } }
  }

  /** Increments of which no balance pays anything. */
  unpaid(duration: bigint, cost: Decimal, count: bigint): Increment {
    return { duration, cost, count, payment: { unit: null, monetary: null, accountId: this.own.accountId } }
  }

  /** `*default` of the account itself: what nobody covers is its debt. */
  get default(): Payer {
    return { balance: this.own.ledger.default, purse: this.own }
  }

  /** Whether any account has triggers or counters: then what is taken is told to them. */
  get isWatched(): boolean {
    return this.purses.isWatched
  }

  /** How many increments up to `wanted` (above 0) can be taken until a trigger fires; all of them when nobody is told. */
  limit(takes: readonly PaidTake[] | undefined, wanted: bigint): bigint {
    return takes === undefined ? wanted : this.purses.limit(takes, wanted)
  }

  /** After `count` increments were taken. */
  took(takes: readonly PaidTake[] | undefined, count: bigint): void {
    if (takes !== undefined) this.purses.took(takes, count)
  }

  addCost(cost: Decimal, count: bigint): void {
    if (!cost.isZero) this.maxCostSoFar = this.maxCostSoFar.plus(cost.timesInteger(count))
  }

  /** Takes `count` times `consumed` units: what an increment says about it. */
  takeUnits(
    { balance, purse, type }: PayingCandidate,
    consumed: Decimal,
    count: bigint,
    interval: RateInterval | null,
  ): Payment['unit'] {
    const { category, destination, toR, balanceFactorId } = this.request
    return {
      balanceUuid: balance.uuid,
      balanceId: balance.id,
      value: purse.take(balance, consumed, count),
      destination,
      consumed,
      factor: balance.factors?.[balanceFactorId] ?? ONE,
      category,
      toR: type === '*monetary' ? type : toR,
      interval,
    }
  }

  /** Units that `usage` takes from a balance. */
  unitsFor({ factors }: Balance, usage: bigint): Decimal {
    const factor = factors?.[this.request.balanceFactorId]
    return factor === undefined ? Decimal.of(usage) : factoredUnits(usage, factor, this.settings.roundingDecimals)
  }
}

const ONE = Decimal.of(1n)

/** Units for `usage` under a balance factor. Reference 04, 4.2.3. */
export function factoredUnits(usage: bigint, factor: Decimal, decimals: number): Decimal {
  return factor.timesInteger(usage).round(decimals, '*up')
}
