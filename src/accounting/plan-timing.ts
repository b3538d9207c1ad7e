import { Cron } from 'croner'
import { parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import { wallClock, type ZonedTime } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import { daysOfMonth } from './units.ts'

/** Start time of what runs once, at load. Reference 04, 12.1. */
export const AS_SOON_AS_POSSIBLE = '*asap'

const ESTIMATED = '*monthly_estimated'
const CLOCK = /^(\d{1,2}|\*):(\d{1,2}|\*):(\d{1,2}|\*)$/

/** The timing behind a built-in name at the moment a plan is set or loaded; undefined for other names. */
export function builtInTiming(name: string, now: ZonedTime): Timing | undefined {
  const { month, day, weekday, secondOfDay } = wallClock(now)
  const hour = Math.floor(secondOfDay / 3_600)
  const minute = Math.floor(secondOfDay / 60) % 60
  const second = secondOfDay % 60
  const clock = `${two(hour)}:${two(minute)}:${two(second)}`
  const at = (startTime: string, days: Partial<Timing> = {}): Timing => {
    return { id: name, years: [], months: [], monthDays: [], weekDays: [], startTime, endTime: '', ...days }
  }
  if (name === '*any') return at('00:00:00')
  if (name === AS_SOON_AS_POSSIBLE) return at(AS_SOON_AS_POSSIBLE)
  if (name === '*every_minute') return at(`*:*:${second}`)
  if (name === '*hourly') return at(`*:${minute}:${second}`)
  if (name === '*daily') return at(clock)
  if (name === '*weekly') return at(clock, { weekDays: [weekday] })
  if (name === '*monthly' || name === ESTIMATED) return at(clock, { monthDays: [day] })
  if (name === '*month_end') return at(clock, { monthDays: [-1] })
  if (name === '*yearly') return at(clock, { months: [month], monthDays: [day] })
  return undefined
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/**
 * The first run strictly after `after` (ns), in its zone; undefined: never. loadedAt: what `+5m` counts from.
 * Throws InvalidText for a start time that is no time of day. Reference 04, 12.2.
 */
export function nextRun(timing: Timing, after: ZonedTime, loadedAt: ZonedTime): bigint | undefined {
  const { startTime, years, months, monthDays, weekDays } = timing
  if (startTime === AS_SOON_AS_POSSIBLE) return undefined
  if (startTime.startsWith('+')) {
    const once = loadedAt.ns + parseDuration(startTime.slice(1))
    return once > after.ns ? once : undefined
  }
  const isZero = startTime === '' && years.length + months.length + monthDays.length + weekDays.length === 0
  if (isZero) return undefined
  const next = cronOf(timing, after.zone).nextRun(new Date(Number(after.ns / 1_000_000n)))
  const found = next === null ? undefined : BigInt(next.getTime()) * 1_000_000n
  if (timing.id !== ESTIMATED) return found
  return lastDayBefore(timing, after, found) ?? found
}

function cronOf({ startTime, years, months, monthDays, weekDays }: Timing, zone: string): Cron {
  const [, hour = '', minute = '', second = ''] = CLOCK.exec(startTime || '00:00:00') ?? []
  const isClock = second !== '' && inRange(hour, 23) && inRange(minute, 59) && inRange(second, 59)
  if (!isClock) throw new InvalidText(`UNSUPPORTED_FORMAT:${startTime}`)
  const month = months.length > 0 ? list(months) : years.length > 0 ? '1' : '*'
  const isLastDay = monthDays.length === 1 && monthDays[0] === -1
  const monthDay = isLastDay ? 'L' : monthDays.length > 0 ? list(monthDays) : month === '*' ? '*' : '1'
  const field = (text: string) => (text === '*' ? text : String(Number(text)))
  const day = `${monthDay} ${month} ${list(weekDays)} ${list(years)}`
  return new Cron(`${field(second)} ${field(minute)} ${field(hour)} ${day}`, { timezone: zone, paused: true })
}

function inRange(text: string, max: number): boolean {
  return text === '*' || Number(text) <= max
}

function list(values: readonly number[]): string {
  return values.length === 0 ? '*' : values.join(',')
}

/** `*monthly_estimated`: the last day of a month that is too short for the day. */
function lastDayBefore(timing: Timing, after: ZonedTime, next: bigint | undefined): bigint | undefined {
  const [day = 0] = timing.monthDays
  const { year, month } = wallClock(after)
  for (let ahead = 0; ahead < 12; ahead++) {
    const inYear = year + Math.floor((month - 1 + ahead) / 12)
    const inMonth = ((month - 1 + ahead) % 12) + 1
    const last = daysOfMonth(inYear, inMonth)
    if (day <= last) continue
    const clamped = { ...timing, id: '', years: [inYear], months: [inMonth], monthDays: [last] }
    const candidate = nextRun(clamped, after, after)
    if (candidate !== undefined) return next === undefined || candidate < next ? candidate : undefined
  }
  return undefined
}
