import { Decimal } from '../core/decimal.ts'
import type { Tariff } from '../rating/model.ts'
import type { Account, Balance } from './account.ts'
import type { Ledger } from './ledger.ts'
import { type ReactionEnvironment, react, swept } from './reactions.ts'
import { isExpired } from './select.ts'
import {
  type ActionTrigger,
  type Counter,
  comparisonOf,
  hardMatches,
  isArmed,
  isCounterOf,
  type Watch,
} from './trigger.ts'

/** What one increment takes from a balance. kind: what counters count it under, '' nothing. */
export type Take = { balance: Balance; each: Decimal; kind: string }

/** The event that is debited, as counters look at it. */
export type CountedEvent = { category: string; destination: string }

/** Times that triggers may fire within one debit: a recurrent one without MinSleep may do so at every increment. */
const MOST_REACTIONS = 10_000

/**
 * Triggers and counters of an account while it is debited. Increments are taken as many at once as no trigger minds: `limit` says
 * how many, `took` counts them and lets the triggers fire, as if they were looked at after each increment. Reference 04, 10.2.
 */
export class DebitWatch {
  readonly #ledger: Ledger
  readonly #event: CountedEvent
  readonly #tariff: Tariff
  readonly #environment: ReactionEnvironment
  readonly #changed = new Set<string>()
  #watch: Watch
  #reactions = 0

  constructor(ledger: Ledger, watch: Watch, event: CountedEvent, tariff: Tariff, environment: ReactionEnvironment) {
    this.#ledger = ledger
    this.#watch = watch
    this.#event = event
    this.#tariff = tariff
    this.#environment = environment
  }

  /** How many increments up to `wanted` (above 0) can be taken until a trigger fires; at least one. */
  limit(takes: readonly Take[], wanted: bigint): bigint {
    if (wanted <= 1n || this.#reactions >= MOST_REACTIONS) return wanted
    const counted = this.#watch.counters.map((counter) => this.#countedBy(counter, takes))
    const account = this.#ledger.account(0)
    let least = wanted
    for (const trigger of this.#watch.triggers) {
      if (!isArmed(trigger, this.#environment.nowNs)) continue
      const count = this.#untilReached(trigger, account, takes, counted)
      if (count !== undefined && count < least) least = count
    }
    return least
  }

  /** After `count` increments were taken from the ledger. */
  took(takes: readonly Take[], count: bigint): void {
    for (const { balance } of takes) this.#changed.add(balance.uuid)
    const counters = this.#watch.counters.map((counter): Counter => {
      const each = this.#countedBy(counter, takes)
      return each.isZero ? counter : { ...counter, value: counter.value.plus(each.timesInteger(count)) }
    })
    this.#watch = { ...this.#watch, counters }
    if (this.#reactions >= MOST_REACTIONS) return
    const account = this.#account(0)
    const after = react(account, this.#changed, this.#environment)
    if (after === account) return
    this.#reactions++
    this.#ledger.rebase(after)
    this.#watch = after.watch ?? this.#watch
  }

  /** The account as it is after the debit. */
  account(nowMs: number): Account {
    return swept(this.#account(nowMs), this.#environment)
  }

  #account(nowMs: number): Account {
    return { ...this.#ledger.account(nowMs), watch: this.#watch }
  }

  #countedBy(counter: Counter, takes: readonly Take[]): Decimal {
    let sum = Decimal.ZERO
    for (const { balance, each, kind } of takes)
      if (kind === counter.kind && isCounted(counter, balance, this.#event, this.#tariff)) sum = sum.plus(each)
    return sum
  }

  /** Increments until a trigger is reached; undefined: these do not reach it. */
  #untilReached(
    trigger: ActionTrigger,
    account: Account,
    takes: readonly Take[],
    counted: readonly Decimal[],
  ): bigint | undefined {
    const comparison = comparisonOf(trigger)
    if (comparison === undefined) return undefined
    let least: bigint | undefined
    const note = (value: Decimal, step: Decimal) => {
      const count = untilReached(trigger, value, step)
      if (count !== undefined && (least === undefined || count < least)) least = count
    }
    if (comparison.of === 'event' || comparison.of === 'balanceCounter') {
      for (const [i, counter] of this.#watch.counters.entries())
        if (isCounterOf(counter, trigger)) note(counter.value, counted[i] ?? Decimal.ZERO)
      return least
    }
    for (const balance of account.balances[trigger.balanceType] ?? []) {
      if (!hardMatches(balance, trigger.balance, true)) continue
      if (comparison.of === 'expiry') {
        if (isExpired(balance, this.#environment.nowNs)) return 1n
        continue
      }
      const own = takes.filter((take) => take.balance.uuid === balance.uuid)
      if (own.length === 0 && !this.#changed.has(balance.uuid)) continue
      note(
        this.#ledger.valueOf(balance),
        own.reduce((sum, { each }) => sum.minus(each), Decimal.ZERO),
      )
    }
    return least
  }
}

/** How many steps bring a value to the threshold; at least one; undefined: no number of them does. */
function untilReached(trigger: ActionTrigger, value: Decimal, step: Decimal): bigint | undefined {
  const { threshold } = trigger
  const isReached = comparisonOf(trigger)?.isReached
  if (isReached === undefined) return undefined
  if (isReached(value.plus(step), threshold)) return 1n
  const gap = threshold.minus(value)
  if (step.isZero || gap.isZero || gap.isNegative !== step.isNegative) return undefined
  const [distance, each] = step.isNegative ? [gap.negate(), step.negate()] : [gap, step]
  const whole = distance.floorDivide(each)
  const count = each.timesInteger(whole).compare(distance) < 0 ? whole + 1n : whole
  return isReached(value.plus(step.timesInteger(count)), threshold) ? count : undefined
}

/** Whether a counter counts what a balance pays for an event. Reference 04, 9. */
export function isCounted(
  { isOfBalance, filter }: Counter,
  balance: Balance | undefined,
  { category, destination }: CountedEvent,
  tariff: Tariff,
): boolean {
  if (isOfBalance) return balance !== undefined && hardMatches(balance, filter, false)
  const { categories, destinationIds } = filter
  if (categories && Object.keys(categories).length > 0 && categories[category] !== true) return false
  if (!destinationIds || Object.keys(destinationIds).length === 0) return true
  for (let length = destination.length; length > 0; length--)
    if (tariff.destinationsOfPrefix(destination.slice(0, length)).some((id) => destinationIds[id] === true)) return true
  return false
}
