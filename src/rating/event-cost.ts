import { Decimal } from '../core/decimal.ts'
import { addNs, ZERO_TIME, type ZonedTime } from '../core/time.ts'
import type { AccountSummary, BalanceSummary, CallCost, Increment, Timespan } from './call-cost.ts'
import type { RateInterval, RatingMatch } from './model.ts'

/** Who paid an increment of a charge. Reference 03, 5.2 "Accounting". */
export type Accounting = {
  accountId: string
  balanceUuid: string
  kind: 'monetary' | 'unit' | 'rounding'
  units: Decimal
  factor: Decimal
  interval: RateInterval | null
  /** Units that cost money as well: who paid that. */
  extraCharge: Accounting | null
}

/** `count` equal increments of a charge; accounting null when nobody paid. */
export type ChargeIncrement = { usage: bigint; cost: Decimal; accounting: Accounting | null; count: bigint }

/** `count` equal runs of increments under one price. */
export type Charge = {
  interval: RateInterval | null
  match: RatingMatch
  increments: readonly ChargeIncrement[]
  count: bigint
}

/**
 * The cost of an event as it is kept in sessions and CDRs: normalised, closed form, immutable.
 * Usage and cost follow from the charges. Reference 03, 5.2.
 */
export type EventCost = {
  cgrId: string
  runId: string
  startTime: ZonedTime
  charges: readonly Charge[]
  accountSummary: AccountSummary | null
}

/** The normalised form of one call cost. */
export function eventCostOf(callCost: CallCost, cgrId: string, runId: string): EventCost {
  return {
    cgrId,
    runId,
    startTime: callCost.timespans[0]?.timeStart ?? ZERO_TIME,
    charges: callCost.timespans.map(chargeOf),
    accountSummary: callCost.accountSummary,
  }
}

function chargeOf({ interval, match, increments, rounding }: Timespan): Charge {
  const all = rounding === null ? increments : [...increments, rounding]
  return {
    interval,
    match,
    increments: all.map((increment) => chargeIncrementOf(increment, increment === rounding)),
    count: 1n,
  }
}

function chargeIncrementOf({ duration, cost, count, payment }: Increment, isRounding: boolean): ChargeIncrement {
  const { unit, monetary, accountId } = payment
  const money: Accounting | null =
    monetary === null
      ? null
      : {
          accountId: monetary.accountId,
          balanceUuid: monetary.balanceUuid,
          kind: isRounding ? 'rounding' : 'monetary',
          units: cost,
          factor: ONE,
          interval: monetary.interval,
          extraCharge: null,
        }
  const accounting: Accounting | null =
    unit === null
      ? money
      : {
          accountId,
          balanceUuid: unit.balanceUuid,
          kind: 'unit',
          units: unit.consumed,
          factor: unit.factor,
          interval: unit.interval,
          extraCharge: money,
        }
  return { usage: duration, cost, accounting, count }
}

const ONE = Decimal.of(1n)

function chargeUsage({ increments }: Charge): bigint {
  let usage = 0n
  for (const increment of increments) usage += increment.usage * increment.count
  return usage
}

/** Cost of one copy of a charge, rounded. */
export function chargeCost({ increments }: Charge, decimals: number): Decimal {
  let cost = Decimal.ZERO
  for (const increment of increments) cost = cost.plus(increment.cost.timesInteger(increment.count))
  return cost.round(decimals, '*middle')
}

/** Usage that was paid for (reference 03, 5.2 "Computed values"). */
export function eventCostUsage({ charges }: EventCost): bigint {
  let usage = 0n
  for (const charge of charges) usage += chargeUsage(charge) * charge.count
  return usage
}

/** Money that it cost. decimals: general.rounding_decimals. */
export function eventCostTotal({ charges }: EventCost, decimals: number): Decimal {
  let total = Decimal.ZERO
  for (const charge of charges) total = total.plus(chargeCost(charge, decimals).timesInteger(charge.count))
  return total.round(decimals, '*middle')
}

/** Adds what was paid later. Equal neighbours are counted, not repeated. Reference 03, 5.2 "Merge". */
export function mergeEventCost(target: EventCost, added: EventCost): EventCost {
  const charges = [...target.charges]
  for (const charge of added.charges) appendCharge(charges, charge)
  return withSummary({ ...target, charges }, added.accountSummary)
}

/** The cost with a newer summary of the account: what the balances were at first stays. */
export function withSummary(cost: EventCost, newer: AccountSummary | null): EventCost {
  return { ...cost, accountSummary: mergeSummaries(cost.accountSummary, newer) }
}

function appendCharge(charges: Charge[], added: Charge): void {
  const last = charges.at(-1)
  if (last === undefined || !samePrice(last, added)) {
    charges.push(added)
    return
  }
  if (sameIncrements(last.increments, added.increments)) {
    charges[charges.length - 1] = { ...last, count: last.count + added.count }
    return
  }
  if (last.count !== 1n || added.count !== 1n) {
    charges.push(added)
    return
  }
  // Leading increments that continue the last one are counted there.
  const increments = [...last.increments]
  let taken = 0
  for (const increment of added.increments) {
    const tail = increments.at(-1)
    if (tail === undefined || !sameIncrement(tail, increment)) break
    increments[increments.length - 1] = { ...tail, count: tail.count + increment.count }
    taken++
  }
  if (taken > 0) charges[charges.length - 1] = { ...last, increments }
  if (taken < added.increments.length) charges.push({ ...added, increments: added.increments.slice(taken) })
}

function samePrice(a: Charge, b: Charge): boolean {
  return (
    sameInterval(a.interval, b.interval) &&
    a.match.ratingPlanId === b.match.ratingPlanId &&
    a.match.matchedSubject === b.match.matchedSubject &&
    a.match.matchedPrefix === b.match.matchedPrefix &&
    a.match.matchedDestinationId === b.match.matchedDestinationId
  )
}

function sameInterval(a: RateInterval | null, b: RateInterval | null): boolean {
  return a === b || (a !== null && b !== null && a.text === b.text)
}

function sameIncrements(a: readonly ChargeIncrement[], b: readonly ChargeIncrement[]): boolean {
  return (
    a.length === b.length &&
    a.every((increment, i) => {
      const other = b[i]
      return other !== undefined && increment.count === other.count && sameIncrement(increment, other)
    })
  )
}

function sameIncrement(a: ChargeIncrement, b: ChargeIncrement): boolean {
  return a.usage === b.usage && a.cost.equals(b.cost) && sameAccounting(a.accounting, b.accounting)
}

function sameAccounting(a: Accounting | null, b: Accounting | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.balanceUuid === b.balanceUuid &&
    a.accountId === b.accountId &&
    a.kind === b.kind &&
    a.units.equals(b.units) &&
    a.factor.equals(b.factor) &&
    sameInterval(a.interval, b.interval) &&
    sameAccounting(a.extraCharge, b.extraCharge)
  )
}

/** The newer summary; `initial` of balances known before stays, vanished ones stay with value 0. */
function mergeSummaries(older: AccountSummary | null, newer: AccountSummary | null): AccountSummary | null {
  if (older?.balances == null || newer === null) return newer ?? older
  const known = new Map(older.balances.map((balance) => [balance.uuid, balance]))
  const balances: BalanceSummary[] = []
  for (const balance of newer.balances ?? []) {
    const before = known.get(balance.uuid)
    known.delete(balance.uuid)
    balances.push(
      before === undefined || before.initial.equals(balance.initial)
        ? balance
        : { ...balance, initial: before.initial },
    )
  }
  for (const vanished of known.values()) balances.push({ ...vanished, value: Decimal.ZERO, initial: Decimal.ZERO })
  return { ...newer, balances }
}

/**
 * Cuts at `usage`: keeps the fewest leading increments that reach it, the rest is the surplus. Increments are atomic.
 * Undefined surplus: nothing is left over. Reference 03, 5.2 "Trim".
 */
export function trimEventCost(cost: EventCost, usage: bigint): { kept: EventCost; surplus: EventCost | undefined } {
  if (usage >= eventCostUsage(cost)) return { kept: cost, surplus: undefined }
  if (usage <= 0n) return { kept: { ...cost, startTime: ZERO_TIME, charges: [] }, surplus: cost }
  const kept: Charge[] = []
  const surplus: Charge[] = []
  let keptUsage = 0n
  for (const charge of cost.charges) {
    const missing = usage - keptUsage
    if (missing <= 0n) {
      surplus.push(charge)
      continue
    }
    const each = chargeUsage(charge)
    if (each * charge.count <= missing) {
      kept.push(charge)
      keptUsage += each * charge.count
      continue
    }
    const wholeCopies = missing / each
    if (wholeCopies > 0n) kept.push({ ...charge, count: wholeCopies })
    keptUsage += each * wholeCopies
    const rest = missing - each * wholeCopies
    let otherCopies = charge.count - wholeCopies
    if (rest > 0n) {
      const cut = cutIncrements(charge.increments, rest)
      kept.push({ ...charge, count: 1n, increments: cut.kept })
      keptUsage += cut.usage
      if (cut.surplus.length > 0) surplus.push({ ...charge, count: 1n, increments: cut.surplus })
      otherCopies -= 1n
    }
    if (otherCopies > 0n) surplus.push({ ...charge, count: otherCopies })
  }
  return {
    kept: { ...cost, charges: kept },
    surplus: { ...cost, startTime: addNs(cost.startTime, keptUsage), charges: surplus },
  }
}

function cutIncrements(
  increments: readonly ChargeIncrement[],
  usage: bigint,
): { kept: ChargeIncrement[]; surplus: ChargeIncrement[]; usage: bigint } {
  const kept: ChargeIncrement[] = []
  const surplus: ChargeIncrement[] = []
  let reached = 0n
  for (const increment of increments) {
    const missing = usage - reached
    if (missing <= 0n) {
      surplus.push(increment)
      continue
    }
    const wanted = increment.usage === 0n ? increment.count : (missing + increment.usage - 1n) / increment.usage
    const count = wanted < increment.count ? wanted : increment.count
    kept.push({ ...increment, count })
    reached += increment.usage * count
    if (count < increment.count) surplus.push({ ...increment, count: increment.count - count })
  }
  return { kept, surplus, usage: reached }
}
