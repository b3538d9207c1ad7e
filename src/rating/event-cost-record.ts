import { Decimal } from '../core/decimal.ts'
import type { ZonedTime } from '../core/time.ts'
import type { AccountSummary, BalanceSummary } from './call-cost.ts'
import type { Accounting, EventCost } from './event-cost.ts'
import type { RateInterval, RatingMatch } from './model.ts'
import { parseRateInterval } from './rate-interval.ts'

type StoredAccounting = [
  accountId: string,
  balanceUuid: string,
  kind: Accounting['kind'],
  units: string,
  factor: string,
  interval: number,
  extraCharge: StoredAccounting | null,
]
type StoredBalance = [string, string, string, string, string, number, boolean, Record<string, string> | null]
type StoredCost = {
  cgrId: string
  runId: string
  start: [ns: string, zone: string]
  /** Texts of the intervals, referred to by number; -1 is none. */
  intervals: string[]
  charges: [
    interval: number,
    match: [string, string, string, string],
    increments: [usage: string, cost: string, count: string, StoredAccounting | null][],
    count: string,
  ][]
  summary:
    | [tenant: string, account: string, balances: StoredBalance[] | null, allowNegative: boolean, disabled: boolean]
    | null
}

/** The stored form of a cost: JSON-ready, amounts and usage as text. `parseEventCost` reads it back. */
export function storedEventCost(cost: EventCost): unknown {
  const intervals: string[] = []
  const numberOf = (interval: RateInterval | null): number => {
    if (interval === null) return -1
    const known = intervals.indexOf(interval.text)
    return known >= 0 ? known : intervals.push(interval.text) - 1
  }
  const accounting = (paid: Accounting | null): StoredAccounting | null =>
    paid && [
      paid.accountId,
      paid.balanceUuid,
      paid.kind,
      paid.units.toString(),
      paid.factor.toString(),
      numberOf(paid.interval),
      accounting(paid.extraCharge),
    ]
  const charges: StoredCost['charges'] = cost.charges.map(({ interval, match, increments, count }) => [
    numberOf(interval),
    [match.matchedSubject, match.matchedPrefix, match.matchedDestinationId, match.ratingPlanId],
    increments.map((each) => [`${each.usage}`, each.cost.toString(), `${each.count}`, accounting(each.accounting)]),
    `${count}`,
  ])
  const { cgrId, runId, startTime, accountSummary } = cost
  return {
    cgrId,
    runId,
    start: [String(startTime.ns), startTime.zone],
    intervals,
    charges,
    summary: accountSummary && storedSummary(accountSummary),
  } satisfies StoredCost
}

function storedSummary({
  tenant,
  accountId,
  balances,
  allowNegative,
  disabled,
}: AccountSummary): StoredCost['summary'] {
  const stored = balances?.map<StoredBalance>((balance) => [
    balance.uuid,
    balance.id,
    balance.type,
    balance.initial.toString(),
    balance.value.toString(),
    balance.weight,
    balance.disabled,
    balance.factors &&
      Object.fromEntries(Object.entries(balance.factors).map(([name, factor]) => [name, factor.toString()])),
  ])
  return [tenant, accountId, stored ?? null, allowNegative, disabled]
}

/** Reads a stored cost. It was written by this program: it is trusted. */
export function parseEventCost(stored: unknown): EventCost {
  const { cgrId, runId, start, intervals: texts, charges, summary } = stored as StoredCost
  const intervals = texts.map(parseRateInterval)
  const accounting = (paid: StoredAccounting | null): Accounting | null =>
    paid && {
      accountId: paid[0],
      balanceUuid: paid[1],
      kind: paid[2],
      units: Decimal.parse(paid[3]),
      factor: Decimal.parse(paid[4]),
      interval: intervals[paid[5]] ?? null,
      extraCharge: accounting(paid[6]),
    }
  const startTime: ZonedTime = { ns: BigInt(start[0]), zone: start[1] }
  return {
    cgrId,
    runId,
    startTime,
    charges: charges.map(([interval, match, increments, count]) => ({
      interval: intervals[interval] ?? null,
      match: parseMatch(match),
      increments: increments.map(([usage, cost, each, paid]) => ({
        usage: BigInt(usage),
        cost: Decimal.parse(cost),
        count: BigInt(each),
        accounting: accounting(paid),
      })),
      count: BigInt(count),
    })),
    accountSummary: summary && parseSummary(summary),
  }
}

function parseMatch([matchedSubject, matchedPrefix, matchedDestinationId, ratingPlanId]: [
  string,
  string,
  string,
  string,
]): RatingMatch {
  return { matchedSubject, matchedPrefix, matchedDestinationId, ratingPlanId }
}

function parseSummary([tenant, accountId, balances, allowNegative, disabled]: NonNullable<
  StoredCost['summary']
>): AccountSummary {
  const parsed = balances?.map<BalanceSummary>(([uuid, id, type, initial, value, weight, off, factors]) => ({
    uuid,
    id,
    type,
    initial: Decimal.parse(initial),
    value: Decimal.parse(value),
    weight,
    disabled: off,
    factors: factors && Object.fromEntries(Object.entries(factors).map(([name, text]) => [name, Decimal.parse(text)])),
  }))
  return { tenant, accountId, balances: parsed ?? null, allowNegative, disabled }
}
