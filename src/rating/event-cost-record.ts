import { Decimal } from '../core/decimal.ts'
import type { JsonWriter } from '../core/json-writer.ts'
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
  cgrId?: string
  runId?: string
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

/** What has a cost: the ids of the cost are nearly always its own. */
type CostOwner = { cgrId: string; runId: string }

/** Writes the stored form of a cost: amounts and usage are texts; ids that are those of the owner are left out. `parseEventCost` reads it back. */
export function writeEventCost(
  writer: JsonWriter,
  { cgrId, runId, startTime, charges, accountSummary }: EventCost,
  owner: CostOwner,
): void {
  const intervals: RateInterval[] = []
  for (const { interval, increments } of charges) {
    note(interval, intervals)
    for (const { accounting } of increments) noteAll(accounting, intervals)
  }
  writer.raw('{')
  if (cgrId !== owner.cgrId) writer.raw('"cgrId":').text(cgrId).raw(',')
  if (runId !== owner.runId) writer.raw('"runId":').text(runId).raw(',')
  writer.raw('"start":[').quotedInteger(startTime.ns).raw(',').text(startTime.zone).raw('],"intervals":[')
  for (let i = 0; i < intervals.length; i++) writer.raw(i === 0 ? '' : ',').json(intervalText(intervals[i]))
  writer.raw('],"charges":[')
  for (let i = 0; i < charges.length; i++) writeCharge(writer.raw(i === 0 ? '[' : ',['), charges[i], intervals)
  writer.raw('],"summary":')
  if (accountSummary === null) writer.raw('null}')
  else writeSummary(writer, accountSummary)
}

/** The JSON of an interval's text: a tariff has few of them. */
const intervalTexts = new WeakMap<RateInterval, string>()

function intervalText(interval: RateInterval | undefined): string {
  if (interval === undefined) return '""'
  let text = intervalTexts.get(interval)
  if (text === undefined) {
    text = JSON.stringify(interval.text)
    intervalTexts.set(interval, text)
  }
  return text
}

/** Intervals are referred to by number: each is listed once. */
function note(interval: RateInterval | null, intervals: RateInterval[]): void {
  if (interval !== null && numberOf(interval, intervals) < 0) intervals.push(interval)
}

function noteAll(paid: Accounting | null, intervals: RateInterval[]): void {
  for (let each = paid; each !== null; each = each.extraCharge) note(each.interval, intervals)
}

/** -1: none. */
function numberOf(interval: RateInterval | null, intervals: readonly RateInterval[]): number {
  if (interval === null) return -1
  for (let i = 0; i < intervals.length; i++)
    if (intervals[i] === interval || intervals[i]?.text === interval.text) return i
  return -1
}

function writeCharge(writer: JsonWriter, charge: Charge | undefined, intervals: readonly RateInterval[]): void {
  if (charge === undefined) return
  const { interval, match, increments, count } = charge
  writer.integer(numberOf(interval, intervals)).raw(',[').text(match.matchedSubject).raw(',').text(match.matchedPrefix)
  writer.raw(',').text(match.matchedDestinationId).raw(',').text(match.ratingPlanId).raw('],[')
  let separator = '['
  for (const { usage, cost, count: times, accounting } of increments) {
    writer.raw(separator).quotedInteger(usage).raw(',').quotedDecimal(cost).raw(',').quotedInteger(times).raw(',')
    writeAccounting(writer, accounting, intervals)
    writer.raw(']')
    separator = ',['
  }
  writer.raw('],').quotedInteger(count).raw(']')
}

function writeAccounting(writer: JsonWriter, paid: Accounting | null, intervals: readonly RateInterval[]): void {
  if (paid === null) {
    writer.raw('null')
    return
  }
  const { accountId, balanceUuid, kind, units, factor, interval, extraCharge } = paid
  writer.raw('[').text(accountId).raw(',').text(balanceUuid).raw(',').text(kind).raw(',').quotedDecimal(units)
  writer.raw(',').quotedDecimal(factor).raw(',').integer(numberOf(interval, intervals)).raw(',')
  writeAccounting(writer, extraCharge, intervals)
  writer.raw(']')
}

function writeSummary(writer: JsonWriter, summary: AccountSummary): void {
  const { tenant, accountId, balances, allowNegative, disabled } = summary
  writer
    .raw('[')
    .text(tenant)
    .raw(',')
    .text(accountId)
    .raw(balances === null ? ',null' : ',[')
  let separator = '['
  for (const { uuid, id, type, initial, value, weight, disabled: off, factors } of balances ?? []) {
    writer.raw(separator).text(uuid).raw(',').text(id).raw(',').text(type).raw(',').quotedDecimal(initial).raw(',')
    writer
      .quotedDecimal(value)
      .raw(',')
      .json(String(weight))
      .raw(off ? ',true,' : ',false,')
    writer.json(factors === null ? 'null' : factorsText(factors)).raw(']')
    separator = ',['
  }
  writer
    .raw(balances === null ? '' : ']')
    .raw(allowNegative ? ',true' : ',false')
    .raw(disabled ? ',true]}' : ',false]}')
}

function factorsText(factors: Readonly<Record<string, Decimal>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, factor.toString()])))
}

/** Reads the stored cost of an owner. It was written by this program: it is trusted. */
export function parseEventCost(stored: unknown, owner: CostOwner): EventCost {
  const { cgrId = owner.cgrId, runId = owner.runId, start, intervals: texts, charges, summary } = stored as StoredCost
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
