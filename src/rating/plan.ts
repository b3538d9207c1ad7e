import type { WallClock } from '../core/time.ts'
import type { RateInterval } from './model.ts'

/** A rate interval with its timing compiled. */
export type PlanInterval = {
  interval: RateInterval
  weight: number
  /** Second of the day from which it applies, to the following midnight. */
  startSecond: number
  /** Days on which it applies; undefined: every day. */
  onDay: ((clock: WallClock) => boolean) | undefined
}

/** A rating plan compiled: its intervals by destination id (`*any` among them). */
export type CompiledPlan = { id: string; byDestination: ReadonlyMap<string, DestinationRates> }

export type DestinationRates = {
  destinationId: string
  /** Heaviest first, then earliest in the day, then by row. */
  sorted: readonly PlanInterval[]
  /** All apply at every moment: no clock is asked. */
  timeless: boolean
}

/** Row of a rating plan, resolved. */
export type PlanRow = { destinationId: string; interval: RateInterval }

/** Compiles the rows of one plan, in file order. Equal (destination, interval) rows count once. Reference 03, 2.2. */
export function compilePlan(id: string, rows: readonly PlanRow[]): CompiledPlan {
  const grouped = new Map<string, Map<string, RateInterval>>()
  for (const { destinationId, interval } of rows) {
    const intervals = grouped.get(destinationId) ?? new Map<string, RateInterval>()
    grouped.set(destinationId, intervals)
    if (!intervals.has(interval.text)) intervals.set(interval.text, interval)
  }
  const byDestination = new Map<string, DestinationRates>()
  for (const [destinationId, intervals] of grouped) {
    const sorted = [...intervals.values()]
      .map(compileInterval)
      .sort((a, b) => b.weight - a.weight || a.startSecond - b.startSecond)
    const timeless = sorted.every(({ startSecond, onDay }) => startSecond === 0 && onDay === undefined)
    byDestination.set(destinationId, { destinationId, sorted, timeless })
  }
  return { id, byDestination }
}

function compileInterval(interval: RateInterval): PlanInterval {
  return { interval, weight: interval.weight, startSecond: startSecondOf(interval), onDay: dayTest(interval) }
}

function startSecondOf({ timing }: RateInterval): number {
  if (timing === null || timing.startTime === '') return 0
  const [hour = 0, minute = 0, second = 0] = timing.startTime.split(':').map(Number)
  return hour * 3600 + minute * 60 + second
}

function dayTest({ timing }: RateInterval): ((clock: WallClock) => boolean) | undefined {
  if (timing === null) return undefined
  const { years, months, monthDays, weekDays } = timing
  if (years.length + months.length + monthDays.length + weekDays.length === 0) return undefined
  const has = (list: readonly number[], value: number) => list.length === 0 || list.includes(value)
  return ({ year, month, day, weekday }) =>
    has(years, year) && has(months, month) && has(monthDays, day) && has(weekDays, weekday)
}

/** Whether the interval applies at that moment. */
export function appliesAt({ startSecond, onDay }: PlanInterval, clock: WallClock): boolean {
  return clock.secondOfDay >= startSecond && (onDay === undefined || onDay(clock))
}
