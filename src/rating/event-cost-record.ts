import { Decimal } from '../core/decimal.ts'
import { jsonText } from '../core/json-text.ts'
import type { ZonedTime } from '../core/time.ts'
import type { AccountSummary, BalanceSummary } from './call-cost.ts'
import type { Accounting, Charge, EventCost } from './event-cost.ts'
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

/**
 * The stored form of a cost, as JSON: amounts and usage are texts. `parseEventCost` reads it back. A session is written at
 * every charge, so the text is put together by hand.
 */
export function eventCostText({ cgrId, runId, startTime, charges, accountSummary }: EventCost): string {
  const intervals: RateInterval[] = []
  let list = ''
  for (const charge of charges) list += `${list === '' ? '' : ','}${chargeText(charge, intervals)}`
  return (
    `{"cgrId":${jsonText(cgrId)},"runId":${jsonText(runId)},"start":["${startTime.ns}",${jsonText(startTime.zone)}]` +
    `,"intervals":[${intervals.map(intervalText).join(',')}],"charges":[${list}]` +
    `,"summary":${accountSummary === null ? 'null' : summaryText(accountSummary)}}`
  )
}

/** The JSON of an interval's text: a tariff has few of them. */
const intervalTexts = new WeakMap<RateInterval, string>()

function intervalText(interval: RateInterval): string {
  let text = intervalTexts.get(interval)
  if (text === undefined) {
    text = JSON.stringify(interval.text)
    intervalTexts.set(interval, text)
  }
  return text
}

/** intervals: those that are referred to by number; new ones are added. */
function chargeText({ interval, match, increments, count }: Charge, intervals: RateInterval[]): string {
  let list = ''
  for (const { usage, cost, count: times, accounting } of increments) {
    list += `${list === '' ? '' : ','}["${usage}","${cost}","${times}",${accountingText(accounting, intervals)}]`
  }
  const { matchedSubject, matchedPrefix, matchedDestinationId, ratingPlanId } = match
  return (
    `[${numberOf(interval, intervals)},[${jsonText(matchedSubject)},${jsonText(matchedPrefix)}` +
    `,${jsonText(matchedDestinationId)},${jsonText(ratingPlanId)}],[${list}],"${count}"]`
  )
}

function accountingText(paid: Accounting | null, intervals: RateInterval[]): string {
  if (paid === null) return 'null'
  const { accountId, balanceUuid, kind, units, factor, interval, extraCharge } = paid
  return (
    `[${jsonText(accountId)},${jsonText(balanceUuid)},"${kind}","${units}","${factor}"` +
    `,${numberOf(interval, intervals)},${accountingText(extraCharge, intervals)}]`
  )
}

function numberOf(interval: RateInterval | null, intervals: RateInterval[]): number {
  if (interval === null) return -1
  const known = intervals.findIndex((each) => each === interval || each.text === interval.text)
  return known >= 0 ? known : intervals.push(interval) - 1
}

function summaryText({ tenant, accountId, balances, allowNegative, disabled }: AccountSummary): string {
  let list = ''
  for (const { uuid, id, type, initial, value, weight, disabled: off, factors } of balances ?? []) {
    list +=
      `${list === '' ? '' : ','}[${jsonText(uuid)},${jsonText(id)},${jsonText(type)},"${initial}","${value}"` +
      `,${weight},${off},${factors === null ? 'null' : factorsText(factors)}]`
  }
  return `[${jsonText(tenant)},${jsonText(accountId)},${balances === null ? 'null' : `[${list}]`},${allowNegative},${disabled}]`
}

function factorsText(factors: Readonly<Record<string, Decimal>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, factor.toString()])))
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
