import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { addNs, type ZonedTime } from '../core/time.ts'
import type { CallCost, Increment, Payment, Timespan } from '../rating/call-cost.ts'
import type { RatedSpan, RateInterval, RatingFault, RatingMatch, Tariff } from '../rating/model.ts'
import { zeroInterval } from '../rating/rate-interval.ts'
import {
  type Account,
  accountKey,
  accountSummary,
  type Balance,
  DEFAULT_BALANCE,
  newBalance,
  withValues,
} from './account.ts'
import { type Candidate, isActiveAt, selectBalances } from './select.ts'

/** What is to be debited. Reference 04, 4. Usage in ns (`*voice`) or plain units. */
export type DebitRequest = {
  category: string
  subject: string
  destination: string
  toR: string
  balanceFactorId: string
  timeStart: ZonedTime
  /** Above 0. */
  usage: bigint
  /** Usage of the whole event at the end of this part. */
  durationIndex: bigint
  /** 0 for the first debit of an event: the connect fee is due. */
  loopIndex: number
  maxCostSoFar: Decimal
}

/**
 * How far a debit goes.
 * - `available`: what the balances can pay, in whole increments; max cost `*disconnect` and a blocker end it
 * - `all`: everything; what no balance covers goes to `*default`, which may become negative
 * - `covered`: as `all`, but the rest that no balance covers is dropped instead (DenyNegativeAccount)
 */
export type DebitMode = 'available' | 'all' | 'covered'

export type DebitSettings = {
  /** general.rounding_decimals. */
  roundingDecimals: number
  /** rals.balance_rating_subject: by ToR, and `*any`. */
  balanceRatingSubject: Readonly<Record<string, string>>
}

export type DebitFault = RatingFault | 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER'

export type DebitResult =
  | {
      ok: true
      account: Account
      callCost: CallCost
      maxCostSoFar: Decimal
      /** Nobody could pay the connect fee: `*default` went negative by it. */
      negativeConnectFee: boolean
    }
  | { ok: false; fault: DebitFault }

/** Ids and time come from the caller: the debit itself is pure. */
export type DebitContext = { nowMs: number; newUuid: () => string }

/**
 * Debits one request from one account: the heart of charging. Pure and in closed form: the work does not grow with the
 * number of increments. Reference 04, 4; each helper below names its part.
 */
export function debit(
  account: Account,
  request: DebitRequest,
  mode: DebitMode,
  tariff: Tariff,
  settings: DebitSettings,
  context: DebitContext,
): DebitResult {
  return new Debit(account, request, mode, tariff, settings, context).run()
}

class Fault extends Error {
  readonly fault: DebitFault

  constructor(fault: DebitFault) {
    super(fault)
    this.fault = fault
  }
}

/** One increment run that nobody has paid yet. */
type Due = { span: RatedSpan; offset: bigint; count: bigint }

class Debit {
  readonly #account: Account
  readonly #request: DebitRequest
  readonly #mode: DebitMode
  readonly #tariff: Tariff
  readonly #settings: DebitSettings
  readonly #context: DebitContext
  readonly #accountId: string
  readonly #values = new Map<string, Decimal>()
  readonly #timespans: Timespan[] = []
  #money: readonly Candidate[] = []
  #default: Balance | undefined
  #createdDefault: Balance | undefined
  #position: ZonedTime
  #remaining: bigint
  #feeDue: boolean
  #maxCostSoFar: Decimal
  #negativeConnectFee = false
  /** Max cost `*disconnect` was reached: nothing more is granted. */
  #disconnected = false

  constructor(
    account: Account,
    request: DebitRequest,
    mode: DebitMode,
    tariff: Tariff,
    settings: DebitSettings,
    context: DebitContext,
  ) {
    this.#account = account
    this.#request = request
    this.#mode = mode
    this.#tariff = tariff
    this.#settings = settings
    this.#context = context
    this.#accountId = accountKey(account.tenant, account.id)
    this.#position = request.timeStart
    this.#remaining = request.usage
    this.#feeDue = request.loopIndex === 0
    this.#maxCostSoFar = request.maxCostSoFar
    this.#default = account.balances['*monetary']?.find(({ id }) => id === DEFAULT_BALANCE)
  }

  run(): DebitResult {
    try {
      this.#consumeBalances()
      if (this.#remaining > 0n && !this.#disconnected) this.#consumeRest()
    } catch (cause) {
      if (cause instanceof Fault) return { ok: false, fault: cause.fault }
      throw cause
    }
    return this.#result()
  }

  #result(): DebitResult {
    const added =
      this.#createdDefault === undefined
        ? undefined
        : {
            type: '*monetary',
            balance: { ...this.#createdDefault, value: this.#values.get(this.#createdDefault.uuid) ?? Decimal.ZERO },
          }
    const unchanged = this.#values.size === 0 && added === undefined
    const account = unchanged ? this.#account : withValues(this.#account, this.#values, added, this.#context.nowMs)
    let cost = Decimal.ZERO
    let ratedUsage = 0n
    for (const span of this.#timespans) {
      cost = cost.plus(span.cost)
      ratedUsage += span.usage
    }
    return {
      ok: true,
      account,
      callCost: {
        timespans: this.#timespans,
        cost: cost.round(this.#settings.roundingDecimals, '*middle'),
        ratedUsage,
        accountSummary: accountSummary(account, this.#account),
      },
      maxCostSoFar: this.#maxCostSoFar,
      negativeConnectFee: this.#negativeConnectFee,
    }
  }

  /** Rounds over unit and monetary balances while one of them still pays. Reference 04, 4.1.1. */
  #consumeBalances(): void {
    const { toR, destination, category, timeStart: start } = this.#request
    const event = { destination, category, start }
    const units = selectBalances(this.#account, toR, event, this.#tariff)
    this.#money = toR === '*monetary' ? [] : selectBalances(this.#account, '*monetary', event, this.#tariff)
    for (let progress = true; progress && this.#remaining > 0n; ) {
      progress = this.#pass(units)
      if (this.#remaining > 0n && !this.#disconnected && this.#pass(this.#money)) progress = true
      if (this.#disconnected) return
    }
  }

  /** Goes over the candidates until none of them pays any more; true when one did. */
  #pass(candidates: readonly Candidate[]): boolean {
    let any = false
    for (let progress = true; progress; ) {
      progress = false
      for (const candidate of candidates) {
        if (this.#remaining <= 0n || this.#disconnected) return any
        if (this.#consume(candidate)) progress = any = true
        if (candidate.balance.blocker && this.#remaining > 0n) {
          if (this.#mode !== 'available') throw new Fault('INSUFFICIENT_CREDIT_BALANCE_BLOCKER')
          this.#disconnected = true
          return any
        }
      }
    }
    return any
  }

  #consume(candidate: Candidate): boolean {
    const { balance, type } = candidate
    if (!isActiveAt(balance, this.#position) || !this.#valueOf(balance).isPositive) return false
    const step = this.#zeroStep(balance, type)
    if (step !== undefined) return this.#consumeFree(candidate, step)
    return this.#consumeRated(candidate)
  }

  /** The step of a `*zero` subject, undefined when the balance is priced by a tariff. Reference 04, 4.2. */
  #zeroStep({ ratingSubject }: Balance, type: string): bigint | undefined {
    let subject = ratingSubject
    const isMoney = type === '*monetary'
    if (subject === '*any' || (subject === '' && (!isMoney || this.#request.toR === '*monetary'))) {
      const defaults = this.#settings.balanceRatingSubject
      subject = defaults[isMoney ? '*monetary' : this.#request.toR] ?? defaults['*any'] ?? ''
    }
    if (!subject.startsWith('*zero')) return undefined
    const step = parseDuration(subject.slice('*zero'.length))
    return step > 0n ? step : 1n
  }

  /** Units without a price. Reference 04, 4.2. */
  #consumeFree(candidate: Candidate, step: bigint): boolean {
    const { balance } = candidate
    const amount = this.#amountOf(balance, step)
    const value = this.#valueOf(balance)
    const wanted = (this.#remaining + step - 1n) / step
    const count = min(wanted, amount.isZero ? wanted : value.floorDivide(amount))
    if (count === 0n) return false
    const left = this.#take(balance, amount.timesInteger(count))
    const interval = zeroInterval(step)
    const usage = step * count
    this.#timespans.push({
      timeStart: this.#position,
      usage,
      durationIndex: 0n,
      interval,
      increments: [
        { duration: step, cost: Decimal.ZERO, count, payment: this.#unitPayment(candidate, left, amount, null) },
      ],
      rounding: null,
      cost: Decimal.ZERO,
      match: {
        matchedSubject: balance.uuid,
        matchedPrefix: candidate.prefix || this.#request.destination,
        matchedDestinationId: candidate.destinationId || '*any',
        ratingPlanId: '*none',
      },
    })
    this.#feeDue = false
    this.#advance(usage)
    return true
  }

  /** Money, or units with a price of their own. Reference 04, 4.3. */
  #consumeRated(candidate: Candidate): boolean {
    const { balance, type } = candidate
    const isMoney = type === '*monetary'
    const spans = this.#rate(balance.ratingSubject || this.#request.subject)
    const [first] = spans
    if (first === undefined) return false
    const fee = this.#feeDue ? this.#payConnectFee(first) : undefined
    if (fee === 'blocked') return false
    let feeIncrement = fee
    const interval = balance.ratingSubject === '' ? null : first.interval
    for (const span of spans) {
      const increments: Increment[] = feeIncrement === undefined ? [] : [feeIncrement]
      feeIncrement = undefined
      const priced = this.#pricedCount(span)
      let paid = 0n
      while (paid < priced) {
        const run = isMoney
          ? this.#payMoney(balance, span, priced - paid, interval)
          : this.#payUnits(candidate, span, priced - paid, span.interval)
        if (run === undefined) break
        increments.push(run)
        paid += run.count
      }
      const free = paid === priced ? this.#freeAfterMaxCost(span, priced) : 0n
      if (free > 0n) increments.push(this.#freeIncrement(span, free, candidate))
      this.#pushSpan({ span, offset: 0n, count: paid + free }, increments)
      if (paid + free < span.increments.count) break
    }
    return this.#consumedSince(spans)
  }

  /** Appends the paid part of a span; nothing when no increment of it was paid (a fee alone keeps it). */
  #pushSpan({ span, count }: Due, increments: readonly Increment[]): void {
    if (increments.length === 0) return
    const usage = span.increments.duration * count
    let cost = Decimal.ZERO
    for (const increment of increments) cost = cost.plus(increment.cost.timesInteger(increment.count))
    this.#timespans.push({
      timeStart: span.timeStart,
      usage,
      durationIndex: span.durationIndex - (span.usage - usage),
      interval: span.interval,
      increments,
      rounding: null,
      cost,
      match: span.match,
    })
    this.#advance(usage)
    this.#feeDue = false
  }

  #consumedSince(spans: readonly RatedSpan[]): boolean {
    return spans[0] !== undefined && this.#position.ns > spans[0].timeStart.ns
  }

  /** Increments of a span that have their price before max cost is reached. Reference 04, 4.3.3. */
  #pricedCount(span: RatedSpan): bigint {
    const { maxCost, maxCostStrategy } = span.interval.rating
    const { cost, count } = span.increments
    if (maxCostStrategy !== '*free' && (maxCostStrategy !== '*disconnect' || this.#mode !== 'available')) return count
    const room = maxCost.minus(this.#maxCostSoFar)
    if (!room.isPositive) return 0n
    if (!cost.isPositive) return count
    const whole = room.floorDivide(cost)
    return min(count, cost.timesInteger(whole).compare(room) < 0 ? whole + 1n : whole)
  }

  /** What follows the priced increments: free under `*free`; under `*disconnect` the end. */
  #freeAfterMaxCost(span: RatedSpan, priced: bigint): bigint {
    const rest = span.increments.count - priced
    if (rest === 0n) return 0n
    if (span.interval.rating.maxCostStrategy === '*free') return rest
    this.#disconnected = true
    return 0n
  }

  #freeIncrement(span: RatedSpan, count: bigint, { balance, type }: Candidate): Increment {
    const monetary =
      type === '*monetary'
        ? { balanceUuid: balance.uuid, balanceId: balance.id, value: this.#valueOf(balance), interval: null }
        : null
    return {
      duration: span.increments.duration,
      cost: Decimal.ZERO,
      count,
      payment: { unit: null, monetary, accountId: this.#accountId },
    }
  }

  #payMoney(balance: Balance, span: RatedSpan, wanted: bigint, interval: RateInterval | null): Increment | undefined {
    const { duration, cost } = span.increments
    const count = cost.isZero ? wanted : min(wanted, this.#valueOf(balance).floorDivide(cost))
    if (count <= 0n) return undefined
    const left = this.#take(balance, cost.timesInteger(count))
    this.#maxCostSoFar = this.#maxCostSoFar.plus(cost.timesInteger(count))
    return { duration, cost, count, payment: this.#monetaryPayment(balance, left, interval) }
  }

  /** Units that cost money as well: the first balance that can pay an increment pays as many as it can. */
  #payUnits(candidate: Candidate, span: RatedSpan, wanted: bigint, interval: RateInterval): Increment | undefined {
    const { balance } = candidate
    const { duration, cost } = span.increments
    const amount = this.#amountOf(balance, duration)
    let count = amount.isZero ? wanted : min(wanted, this.#valueOf(balance).floorDivide(amount))
    if (count <= 0n) return undefined
    if (cost.isZero) {
      const left = this.#take(balance, amount.timesInteger(count))
      return { duration, cost, count, payment: this.#unitPayment(candidate, left, amount, interval) }
    }
    const payer = this.#money.find(({ balance }) => this.#valueOf(balance).compare(cost) >= 0)?.balance
    if (payer === undefined && this.#mode === 'available' && !this.#account.allowNegative) return undefined
    const from = payer ?? this.#defaultBalance()
    if (payer !== undefined) count = min(count, this.#valueOf(payer).floorDivide(cost))
    const left = this.#take(balance, amount.timesInteger(count))
    const money = this.#take(from, cost.timesInteger(count))
    this.#maxCostSoFar = this.#maxCostSoFar.plus(cost.timesInteger(count))
    const { monetary } = this.#monetaryPayment(from, money, null)
    return {
      duration,
      cost,
      count,
      payment: { ...this.#unitPayment(candidate, left, amount, interval), monetary },
    }
  }

  /**
   * The connect fee of the first charged part: its increment, undefined when there is none to show, `blocked` when a
   * blocker cannot pay it. Reference 04, 4.4.
   */
  #payConnectFee(first: RatedSpan): Increment | undefined | 'blocked' {
    const fee = first.interval.rating.connectFee
    if (fee.isZero) return undefined
    for (const { balance } of this.#money) {
      if (!isActiveAt(balance, this.#request.timeStart)) continue
      if (this.#valueOf(balance).compare(fee) >= 0) return this.#feeIncrement(balance, fee)
      if (balance.blocker) return 'blocked'
    }
    this.#negativeConnectFee = true
    if (this.#mode === 'available' && !this.#account.allowNegative) {
      this.#disconnected = true
      return 'blocked'
    }
    return this.#feeIncrement(this.#defaultBalance(), fee)
  }

  #feeIncrement(payer: Balance, fee: Decimal): Increment {
    const left = this.#take(payer, fee)
    this.#feeDue = false
    return { duration: 0n, cost: fee, count: 1n, payment: this.#monetaryPayment(payer, left, null) }
  }

  /** What no balance has covered. Reference 04, 4.1.2. */
  #consumeRest(): void {
    const spans = this.#rate(this.#request.subject)
    const [first] = spans
    if (first === undefined) return
    const isFree = spans.every(({ increments }) => increments.cost.isZero)
    const feeIsFree = !this.#feeDue || first.interval.rating.connectFee.isZero
    if (isFree && feeIsFree) {
      for (const span of spans) {
        const increment = { ...span.increments, payment: { unit: null, monetary: null, accountId: this.#accountId } }
        this.#pushSpan({ span, offset: 0n, count: span.increments.count }, [increment])
      }
      return
    }
    if (this.#mode !== 'all') return
    const payer = this.#defaultBalance()
    let feeIncrement: Increment | undefined
    if (this.#feeDue && !feeIsFree) feeIncrement = this.#feeIncrement(payer, first.interval.rating.connectFee)
    for (const span of spans) {
      const { duration, cost } = span.increments
      const increments: Increment[] = feeIncrement === undefined ? [] : [feeIncrement]
      feeIncrement = undefined
      const priced = this.#pricedCount(span)
      if (priced > 0n) {
        const left = this.#take(payer, cost.timesInteger(priced))
        this.#maxCostSoFar = this.#maxCostSoFar.plus(cost.timesInteger(priced))
        increments.push({ duration, cost, count: priced, payment: this.#monetaryPayment(payer, left, null) })
      }
      const free = this.#freeAfterMaxCost(span, priced)
      if (free > 0n) {
        increments.push(
          this.#freeIncrement(span, free, { balance: payer, type: '*monetary', prefix: '', destinationId: '' }),
        )
      }
      this.#pushSpan({ span, offset: 0n, count: priced + free }, increments)
    }
  }

  #rate(subject: string): readonly RatedSpan[] {
    const { destination, category, toR, durationIndex } = this.#request
    const rated = this.#tariff.rate({
      tenant: this.#account.tenant,
      category,
      subject,
      destination,
      toR,
      timeStart: this.#position,
      usage: this.#remaining,
      durationIndex: Math.max(durationIndex, this.#remaining),
    })
    if (!rated.ok) throw new Fault(rated.fault)
    return rated.spans
  }

  #advance(usage: bigint): void {
    this.#position = addNs(this.#position, usage)
    this.#remaining -= usage
  }

  #valueOf(balance: Balance): Decimal {
    return this.#values.get(balance.uuid) ?? balance.value
  }

  /** Takes an amount off a balance, rounded as every balance write is; the value that is left. */
  #take(balance: Balance, amount: Decimal): Decimal {
    const left = this.#valueOf(balance).minus(amount).round(this.#settings.roundingDecimals, '*middle')
    if (!amount.isZero) this.#values.set(balance.uuid, left)
    return left
  }

  /** Units that `usage` takes from a balance: times the factor that the event names. Reference 04, 4.2.3. */
  #amountOf({ factors }: Balance, usage: bigint): Decimal {
    const factor = factors?.[this.#request.balanceFactorId]
    if (factor === undefined) return Decimal.of(usage)
    return factor.timesInteger(usage).round(this.#settings.roundingDecimals, '*up')
  }

  #defaultBalance(): Balance {
    if (this.#default === undefined) {
      this.#default = newBalance(this.#context.newUuid(), DEFAULT_BALANCE, Decimal.ZERO)
      this.#createdDefault = this.#default
    }
    return this.#default
  }

  #monetaryPayment(balance: Balance, value: Decimal, interval: RateInterval | null): Payment {
    return {
      unit: null,
      monetary: { balanceUuid: balance.uuid, balanceId: balance.id, value, interval },
      accountId: this.#accountId,
    }
  }

  #unitPayment(
    { balance, type }: Candidate,
    value: Decimal,
    consumed: Decimal,
    interval: RateInterval | null,
  ): Payment {
    const { category, destination, toR, balanceFactorId } = this.#request
    return {
      unit: {
        balanceUuid: balance.uuid,
        balanceId: balance.id,
        value,
        destination,
        consumed,
        factor: balance.factors?.[balanceFactorId] ?? ONE,
        category,
        toR: type === '*monetary' ? type : toR,
        interval,
      },
      monetary: null,
      accountId: this.#accountId,
    }
  }
}

const ONE = Decimal.of(1n)

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The empty span of a request without usage: it shows what would price it. Reference 03, 4.9. */
export function emptySpan(timeStart: ZonedTime, match: RatingMatch): Timespan {
  return {
    timeStart,
    usage: 0n,
    durationIndex: 0n,
    interval: null,
    increments: [],
    rounding: null,
    cost: Decimal.ZERO,
    match,
  }
}
