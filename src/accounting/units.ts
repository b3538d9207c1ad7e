import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import { wallClock, type ZonedTime } from '../core/time.ts'

/** Units of an action: an amount, or a yearly, monthly... amount of which each run takes its share. Reference 04, 11.1. */
export type Units =
  | { kind: 'static'; amount: Decimal }
  | { kind: 'incremental'; amount: Decimal; interval: string; increment: string }

/** Digits of a share; what a balance is written with is fewer. */
const SHARE_DECIMALS = 15

/** Reads the Units column, empty is undefined: `*voice` takes durations, all types a JSON value formula. Throws InvalidText. */
export function parseUnits(text: string, balanceType: string): Units | undefined {
  if (text === '') return undefined
  try {
    if (text.startsWith('{')) return parseFormula(text)
    return { kind: 'static', amount: balanceType === '*voice' ? Decimal.of(parseDuration(text)) : Decimal.parse(text) }
  } catch {
    throw new InvalidText(`Invalid value: ${text}`)
  }
}

function parseFormula(text: string): Units {
  const formula = JSON.parse(text) as {
    Method?: string
    Params?: { Units?: unknown; Interval?: string; Increment?: string }
  }
  const { Units: units, Interval: interval = '', Increment: increment = '' } = formula.Params ?? {}
  const isKnown = formula.Method === '*incremental' && typeof units === 'number'
  return { kind: 'incremental', amount: isKnown ? Decimal.ofNumber(units) : Decimal.ZERO, interval, increment }
}

/** The amount that a run at `now` moves; months and years are those of its zone. */
export function unitsAt(units: Units | undefined, now: ZonedTime): Decimal {
  if (units === undefined) return Decimal.ZERO
  if (units.kind === 'static') return units.amount
  const parts = incrementsIn(units.interval, units.increment, now)
  return parts === 0n ? Decimal.ZERO : units.amount.divideInteger(parts, SHARE_DECIMALS, '*down')
}

/** How many increments an interval has; 0 for combinations that there are none of. */
function incrementsIn(interval: string, increment: string, now: ZonedTime): bigint {
  const { year, month } = wallClock(now)
  const days: Record<string, number> = { day: 1, week: 7, month: daysOfMonth(year, month), year: daysOfYear(year) }
  const count = days[interval]
  if (interval === 'hour' && increment === 'minute') return 60n
  if (count === undefined) return 0n
  if (increment === 'day' && interval !== 'day') return BigInt(count)
  if (increment === 'hour' && interval !== 'week') return BigInt(count * 24)
  return 0n
}

function daysOfYear(year: number): number {
  return daysOfMonth(year, 2) + 337
}

/** month: 1 to 12. */
export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
