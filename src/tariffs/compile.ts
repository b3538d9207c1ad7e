import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { TollgateError } from '../core/errors.ts'
import { parseTime, type ZonedTime } from '../core/time.ts'
import type { RateGroup, Timing } from '../rating/model.ts'
import type { PlanRow } from '../rating/plan.ts'
import { parseRateInterval, rateInterval } from '../rating/rate-interval.ts'
import type { Activation, RatingProfile, TariffSource } from '../rating/tariff-index.ts'
import { TariffError } from './tariff-error.ts'
import { TARIFF_FILES, type TariffFile, type TariffRow, type TariffRows } from './tariff-rows.ts'

const ANY = '*any'
const NO_TIMING: Timing = {
  id: ANY,
  years: [],
  months: [],
  monthDays: [],
  weekDays: [],
  startTime: '00:00:00',
  endTime: '',
}
/** Names that need no row. They are for action plans; only `*any` is a timing of rating plans. Reference 03, 2.2. */
const BUILT_IN_TIMINGS = new Set([
  '*asap',
  '*every_minute',
  '*hourly',
  '*daily',
  '*weekly',
  '*monthly',
  '*monthly_estimated',
  '*month_end',
  '*yearly',
])

type Connected = { rate: string; groups: RateGroup[]; connectFee: Decimal }

/**
 * What rating needs of the rows. zone, now: for activation times.
 * Throws TariffError naming file, line, column, value and what was expected; references as of reference 03, 2.4.
 */
export function compileTariffSource(rows: TariffRows, zone: string, now: ZonedTime): TariffSource {
  const timings = compileTimings(rows)
  const destinations = new Map<string, string[]>()
  for (const [id, group] of objects(rows, 'Destinations')) destinations.set(id, destinationPrefixes(group))
  const rates = new Map<string, Connected>()
  for (const [id, group] of objects(rows, 'Rates')) rates.set(id, compileRate(id, group))
  const plans = new Map<string, PlanRow[]>()
  for (const [id, group] of objects(rows, 'RatingPlans')) {
    plans.set(
      id,
      group.flatMap((row) => compilePlanRow(row, rows, { timings, destinations, rates })),
    )
  }
  const profiles: RatingProfile[] = []
  for (const [, group] of objects(rows, 'RatingProfiles')) profiles.push(compileProfile(group, plans, zone, now))
  return { destinations, plans, profiles }
}

/** Timings by id, `*any` among them. Throws TariffError. */
export function compileTimings(rows: TariffRows): Map<string, Timing> {
  const timings = new Map<string, Timing>([[ANY, NO_TIMING]])
  for (const [id, group] of objects(rows, 'Timings')) {
    const row = group.at(-1)
    if (row === undefined) continue
    const list = (column: number) => numbers(row.values[column] ?? '')
    const [startTime = '', endTime = ''] = (row.values[5] ?? '').split(';')
    if (!isTimingTime(startTime)) {
      throw problem(row, 'Timings', 5, `INVALID_TIME:${startTime}, expected hh:mm:ss, *asap or +duration`)
    }
    timings.set(id, {
      id,
      years: list(1),
      months: list(2),
      monthDays: list(3),
      weekDays: weekDays(row.values[4] ?? ''),
      startTime,
      endTime,
    })
  }
  return timings
}

/** Whether a timing may start or end so: `hh:mm:ss`, `*asap`, `+duration`, or nothing. */
export function isTimingTime(text: string): boolean {
  return text === '' || text === '*asap' || /^([\d*]+:[\d*]+:[\d*]+|\+[\d.a-zµ]+)$/.test(text)
}

/** The rows of one rating plan, resolved; undefined when there is none. Throws TariffError. */
export function compileRatingPlan(id: string, rows: TariffRows): PlanRow[] | undefined {
  const group = rows.get('RatingPlans')?.get(id)
  if (group === undefined) return undefined
  const rates = new Map<string, Connected>()
  for (const [rateId, rateRows] of objects(rows, 'Rates')) rates.set(rateId, compileRate(rateId, rateRows))
  const known = { timings: compileTimings(rows), destinations: rows.get('Destinations') ?? new Map(), rates }
  return group.flatMap((row) => compilePlanRow(row, rows, known))
}

export function objects(rows: TariffRows, file: TariffFile): Iterable<[string, readonly TariffRow[]]> {
  return rows.get(file) ?? []
}

/** Days of the week, Sunday 0 or 7. */
export function weekDays(text: string): number[] {
  return numbers(text).map((day) => (day < 0 ? day : day % 7))
}

/** `1;2;3`; empty and `*any` are no restriction. */
export function numbers(text: string): number[] {
  if (text === '' || text === ANY) return []
  return text
    .split(';')
    .filter((part) => /^-?\d+$/.test(part))
    .map(Number)
}

function compileRate(id: string, group: readonly TariffRow[]): Connected {
  const groups = new Map<bigint, RateGroup>()
  let connectFee: Decimal | undefined
  for (const row of group) {
    const fee = decimal(row, 'Rates', 1)
    connectFee ??= fee
    const start = duration(row, 'Rates', 5)
    const increment = duration(row, 'Rates', 4)
    const unit = duration(row, 'Rates', 3)
    if (increment < 0n) throw problem(row, 'Rates', 4, 'expected a positive duration')
    if (unit < 0n) throw problem(row, 'Rates', 3, 'expected a positive duration')
    const second = 1_000_000_000n
    groups.set(start, { start, price: decimal(row, 'Rates', 2), increment: increment || second, unit: unit || second })
  }
  const sorted = [...groups.values()].sort((a, b) => (a.start < b.start ? -1 : 1))
  return { rate: id, groups: sorted, connectFee: connectFee ?? Decimal.ZERO }
}

function compilePlanRow(
  row: TariffRow,
  rows: TariffRows,
  known: {
    timings: ReadonlyMap<string, Timing>
    destinations: ReadonlyMap<string, unknown>
    rates: ReadonlyMap<string, Connected>
  },
): PlanRow[] {
  const price = row.more?.price
  if (price !== undefined) return [{ destinationId: price.destinationId, interval: parseRateInterval(price.interval) }]
  const [, destinationRatesId = '', timingId = ''] = row.values
  const timing = known.timings.get(timingId)
  if (timing === undefined) throw problem(row, 'RatingPlans', 2, `could not get timing for tag "${timingId}"`)
  if (timing.startTime !== '' && !isTimeOfDay(timing.startTime)) {
    throw problem(row, 'RatingPlans', 2, `timing ${timingId} starts at ${timing.startTime}, expected a time of day`)
  }
  const group = rows.get('DestinationRates')?.get(destinationRatesId)
  if (group === undefined)
    throw problem(row, 'RatingPlans', 1, `could not find destination rate for tag "${destinationRatesId}"`)
  const weight = Number(decimal(row, 'RatingPlans', 3).toString())
  return group.map((rateRow) => {
    const [, destinationId = '', rateId = '', roundingMethod = '', , , maxCostStrategy = ''] = rateRow.values
    const rate = known.rates.get(rateId)
    if (rate === undefined) throw problem(rateRow, 'DestinationRates', 2, `could not find rate for tag "${rateId}"`)
    if (destinationId !== ANY && !known.destinations.has(destinationId)) {
      throw problem(rateRow, 'DestinationRates', 1, `could not get destination for tag "${destinationId}"`)
    }
    const roundingDecimals = Number(duration(rateRow, 'DestinationRates', 4))
    const maxCost = decimal(rateRow, 'DestinationRates', 5)
    const { connectFee, groups } = rate
    const rating = { connectFee, roundingMethod, roundingDecimals, maxCost, maxCostStrategy, groups }
    return { destinationId, interval: rateInterval(timing, rating, weight) }
  })
}

/** Whether a timing of rates may start so. */
export function isTimeOfDay(text: string): boolean {
  const [hour = 99, minute = 99, second = 99] = text.split(':').map(Number)
  return hour < 24 && minute < 60 && second < 60
}

/** Prefixes of a destination. */
export function destinationPrefixes(group: readonly TariffRow[]): string[] {
  return [...new Set(group.map(({ values }) => values[1] ?? ''))]
}

/** The rows of one rating profile. plans: those that there are. zone, now: for activation times. Throws TariffError. */
export function compileProfile(
  group: readonly TariffRow[],
  plans: ReadonlyMap<string, unknown>,
  zone: string,
  now: ZonedTime,
): RatingProfile {
  const [tenant = '', category = '', subject = ''] = group[0]?.values ?? []
  const activations = group.map<Activation>((row) => {
    const [, , , activation = '', planId = '', fallbacks = ''] = row.values
    if (!plans.has(planId)) throw problem(row, 'RatingProfiles', 4, `could not load rating plans for tag: "${planId}"`)
    const fallbackSubjects = fallbacks === '' ? [] : fallbacks.split(';')
    return { activationNs: activationTime(row, activation, zone, now), planId, fallbackSubjects }
  })
  return { tenant, category, subject, activations }
}

function activationTime(row: TariffRow, text: string, zone: string, now: ZonedTime): bigint {
  try {
    return parseTime(text, zone, now).ns
  } catch (cause) {
    if (cause instanceof TollgateError)
      throw problem(row, 'RatingProfiles', 3, `cannot parse activation time from ${text}`)
    throw cause
  }
}

function decimal(row: TariffRow, file: TariffFile, column: number): Decimal {
  const text = row.values[column] ?? ''
  if (text === '') return Decimal.ZERO
  try {
    return Decimal.parse(text)
  } catch {
    throw problem(row, file, column, `invalid value "${text}", expected a number`)
  }
}

function duration(row: TariffRow, file: TariffFile, column: number): bigint {
  try {
    return parseDuration(row.values[column] ?? '')
  } catch (cause) {
    throw problem(row, file, column, cause instanceof Error ? cause.message : String(cause))
  }
}

/** An error that names file, line, column and value. */
export function problem(row: TariffRow, file: TariffFile, column: number, message: string): TariffError {
  return new TariffError(
    `${row.place}: ${TARIFF_FILES[file].columns[column]} ${JSON.stringify(row.values[column] ?? '')}: ${message}`,
  )
}

export { BUILT_IN_TIMINGS }
