import { parseDuration } from './duration.ts'
import { InvalidText } from './errors.ts'

/**
 * An instant with the zone it was given in: hours and weekdays of a tariff are read in that zone.
 * ns: nanoseconds since 1970-01-01T00:00:00Z. zone: `UTC`, an offset `+02:00`, or an IANA name.
 */
export type ZonedTime = { readonly ns: bigint; readonly zone: string }

/** Calendar fields of an instant in its zone. weekday: 0 = Sunday. */
export type WallClock = {
  year: number
  month: number
  day: number
  weekday: number
  /** Seconds since the start of the day by the clock on the wall (hh x 3600 + mm x 60 + ss). */
  secondOfDay: number
}

const SECOND = 1_000_000_000n
const DAY_SECONDS = 86_400

/** 0001-01-01T00:00:00Z: "no time" on the wire. */
export const ZERO_TIME: ZonedTime = { ns: -62_135_596_800n * SECOND, zone: 'UTC' }

export function isZeroTime(time: ZonedTime): boolean {
  return time.ns === ZERO_TIME.ns
}

/** The instant `ns` nanoseconds later, in the same zone. */
export function addNs(time: ZonedTime, ns: bigint): ZonedTime {
  return ns === 0n ? time : { ns: time.ns + ns, zone: time.zone }
}

/** Zone names of the configuration: empty is UTC, `Local` the zone of the host. Throws InvalidText. */
export function zoneOf(name: string): string {
  if (name === '' || name === 'UTC') return 'UTC'
  if (name === 'Local') return Intl.DateTimeFormat().resolvedOptions().timeZone
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    throw new InvalidText(`unknown time zone ${name}`)
  }
}

/** Offset of the zone at that instant, in seconds east of UTC. */
export function offsetSeconds(time: ZonedTime): number {
  const { zone } = time
  if (zone === 'UTC') return 0
  if (zone.charCodeAt(0) === 0x2b || zone.charCodeAt(0) === 0x2d) {
    const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60
    return zone.startsWith('-') ? -seconds : seconds
  }
  const instant = Temporal.Instant.fromEpochNanoseconds(time.ns)
  return Math.floor(instant.toZonedDateTimeISO(zone).offsetNanoseconds / 1e9)
}

/** The calendar fields of the instant in its own zone. */
export function wallClock(time: ZonedTime): WallClock {
  const seconds = Number(floorDivide(time.ns, SECOND)) + offsetSeconds(time)
  const days = Math.floor(seconds / DAY_SECONDS)
  const { year, month, day } = civilOf(days)
  return { year, month, day, weekday: (((days + 4) % 7) + 7) % 7, secondOfDay: seconds - days * DAY_SECONDS }
}

/** The next instant at which the day of the zone begins, strictly after `time`. */
export function nextMidnight(time: ZonedTime): ZonedTime {
  return atSecondOfDay(time, DAY_SECONDS)
}

/** The instant at which the clock on the wall shows that second of the day of `time` (86400: the next midnight). */
export function atSecondOfDay(time: ZonedTime, secondOfDay: number): ZonedTime {
  const offset = offsetSeconds(time)
  const seconds = Number(floorDivide(time.ns, SECOND)) + offset
  const wanted = Math.floor(seconds / DAY_SECONDS) * DAY_SECONDS + secondOfDay
  return fromWallSeconds(wanted, time.zone, offset)
}

/** RFC 3339 with the fraction that there is, as Go prints it: `2024-03-05T12:00:00Z`, `...00.5+02:00`. */
export function formatTime(time: ZonedTime): string {
  const offset = offsetSeconds(time)
  const seconds = Number(floorDivide(time.ns, SECOND))
  const nanoseconds = Number(time.ns - BigInt(seconds) * SECOND)
  const days = Math.floor((seconds + offset) / DAY_SECONDS)
  const { year, month, day } = civilOf(days)
  const inDay = seconds + offset - days * DAY_SECONDS
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`
  const clock = `${two(Math.floor(inDay / 3600))}:${two(Math.floor(inDay / 60) % 60)}:${two(inDay % 60)}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}${fraction}${formatOffset(offset)}`
}

/** What was formatted last: the events of a second name the same time. */
let lastSecond = { seconds: 0n, zone: 'UTC', text: '1970-01-01T00:00:00Z' }

/** RFC 3339 to the second: the text form of a time in a template. Reference 02, 1.1. */
export function formatTimeSeconds({ ns, zone }: ZonedTime): string {
  const seconds = floorDivide(ns, SECOND)
  if (seconds !== lastSecond.seconds || zone !== lastSecond.zone)
    lastSecond = { seconds, zone, text: formatTime({ ns: seconds * SECOND, zone }) }
  return lastSecond.text
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const NO_COLON = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)([+-]\d\d)(\d\d)$/
const ZONE_WITHOUT_COLON = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d{4})$/
const GO_PRINT = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)? ([+-]\d\d)(\d\d) (?:[A-Z]+|[+-]\d+)$/
const SQL = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/
const DAY_FIRST = /^(\d\d)[./](\d\d)[./](\d{4}) (\d\d):(\d\d):(\d\d)$/
const COMPACT = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{3})?$/

/**
 * A time literal: RFC 3339, `YYYY-MM-DD hh:mm:ss`, Unix seconds to nanoseconds by digits, `*now`, `+1h`, `*monthly` and the
 * rest of reference 02, 1.4. `zone` (see zoneOf) is that of literals which name none; `now` is what relative ones start from.
 * Throws InvalidText (`Unsupported time format`, or Go's text for a field out of range).
 */
export function parseTime(literal: string, zone: string, now: ZonedTime): ZonedTime {
  const text = literal.trim()
  if (text === '' || text === '*unlimited' || text === '0') return ZERO_TIME
  const rfc3339 = RFC3339.exec(text)
  if (rfc3339 !== null) {
    const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', offset = ''] = rfc3339
    return fromFields(text, [year, month, day, hour, minute, second], fraction, offset === 'Z' ? 'UTC' : offset)
  }
  if (text.startsWith('*')) return relativeToNow(text, now)
  if (/^[+-]/.test(text)) return addNs(now, offsetOf(text))
  if (/^\d{10}$/.test(text)) return { ns: BigInt(text) * SECOND, zone }
  if (/^\d{13}$/.test(text)) return { ns: BigInt(text) * 1_000_000n, zone }
  if (/^\d{16}$/.test(text)) return { ns: BigInt(text) * 1_000n, zone }
  if (/^\d{19}$/.test(text)) return { ns: BigInt(text), zone }
  for (const pattern of [NO_COLON, GO_PRINT]) {
    const match = pattern.exec(text)
    if (match === null) continue
    const [
      ,
      year = '',
      month = '',
      day = '',
      hour = '',
      minute = '',
      second = '',
      fraction = '',
      hours = '',
      minutes = '',
    ] = match
    const offset = `${hours}:${minutes}`
    return fromFields(text, [year, month, day, hour, minute, second], fraction, offset === '+00:00' ? 'UTC' : offset)
  }
  const [, wrongZone] = ZONE_WITHOUT_COLON.exec(text) ?? []
  if (wrongZone !== undefined) {
    const layout = '"2006-01-02T15:04:05Z07:00"'
    throw new InvalidText(`parsing time ${JSON.stringify(text)} as ${layout}: cannot parse "${wrongZone}" as "Z07:00"`)
  }
  const dayFirst = DAY_FIRST.exec(text)
  if (dayFirst !== null) {
    const [, day = '', month = '', year = '', hour = '', minute = '', second = ''] = dayFirst
    return fromFields(text, [year, month, day, hour, minute, second], '', zone)
  }
  const plain = SQL.exec(text) ?? COMPACT.exec(text)
  if (plain === null) throw new InvalidText('Unsupported time format')
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = ''] = plain
  return fromFields(text, [year, month, day, hour, minute, second], fraction ?? '', zone)
}

/** `+1h30m`, `-20s`: units are not left out as they are in usage. */
function offsetOf(text: string): bigint {
  const length = text.slice(1)
  if (length === '') throw new InvalidText('time: invalid duration ""')
  if (/^\d+$/.test(length) && length !== '0')
    throw new InvalidText(`time: missing unit in duration ${JSON.stringify(length)}`)
  const ns = parseDuration(length)
  return text.startsWith('-') ? -ns : ns
}

function relativeToNow(text: string, now: ZonedTime): ZonedTime {
  if (text === '*now') return now
  if (text === '*daily') return addMonths(now, 0, 1)
  if (text === '*monthly') return addMonths(now, 1, 0)
  if (text === '*yearly') return addMonths(now, 12, 0)
  if (text === '*monthly_estimated') return addMonthsClamped(now)
  if (text.startsWith('*month_end')) {
    const { year, month } = wallClock(now)
    const lastSecond = civilDays(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) * DAY_SECONDS - 1
    return addNs(fromWallSeconds(lastSecond, now.zone, offsetSeconds(now)), extraOf(text))
  }
  if (text.startsWith('*mo')) return addNs(addMonths(now, 1, 0), extraOf(text))
  throw new InvalidText('Unsupported time format')
}

function extraOf(text: string): bigint {
  const plus = text.indexOf('+')
  return plus < 0 ? 0n : parseDuration(text.slice(plus + 1))
}

/** Calendar arithmetic that lets days overflow: 31 January + 1 month is 2 or 3 March. */
function addMonths(time: ZonedTime, months: number, days: number): ZonedTime {
  const { year, month, day, secondOfDay } = wallClock(time)
  const total = year * 12 + month - 1 + months
  const epochDays = civilDays(Math.floor(total / 12), (total % 12) + 1, 1) + day - 1 + days
  const start = fromWallSeconds(epochDays * DAY_SECONDS + secondOfDay, time.zone, offsetSeconds(time))
  return addNs(start, time.ns - floorDivide(time.ns, SECOND) * SECOND)
}

function addMonthsClamped(time: ZonedTime): ZonedTime {
  const { month, day } = wallClock(time)
  const next = (month % 12) + 1
  for (let days = 0; days > -4; days--) {
    const candidate = addMonths(time, 1, days)
    if (wallClock(candidate).month === next || day + days < 1) return candidate
  }
  return addMonths(time, 1, 0)
}

function fromFields(text: string, fields: readonly string[], fraction: string, zone: string): ZonedTime {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map(Number)
  if (month < 1 || month > 12) throw outOfRange(text, 'month')
  if (day < 1 || day > daysIn(year, month)) throw outOfRange(text, 'day')
  if (hour > 23) throw outOfRange(text, 'hour')
  if (minute > 59) throw outOfRange(text, 'minute')
  if (second > 59) throw outOfRange(text, 'second')
  const seconds = civilDays(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
  const nanoseconds = fraction === '' ? 0n : BigInt(fraction.slice(1, 10).padEnd(9, '0'))
  return addNs(fromWallSeconds(seconds, zone, undefined), nanoseconds)
}

/** The instant of calendar fields by the clock of a zone. Days may overflow: 32 January is 1 February. */
export function instantOf(
  {
    year,
    month,
    day,
    hour,
    minute,
    second,
    nanosecond,
  }: Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond', number>>,
  zone: string,
): ZonedTime {
  const seconds = civilDays(year, month, 1) * DAY_SECONDS + (day - 1) * DAY_SECONDS + hour * 3600 + minute * 60 + second
  return addNs(fromWallSeconds(seconds, zone, undefined), BigInt(nanosecond))
}

function outOfRange(text: string, field: string): InvalidText {
  return new InvalidText(`parsing time ${JSON.stringify(text)}: ${field} out of range`)
}

/**
 * The instant at which the wall clock of the zone shows `wall` (seconds since 1970-01-01 00:00:00 on that wall). A time that a
 * clock change skips is read with the offset before it; in a repeated hour the second pass counts. Reference 03, 4.1.
 */
function fromWallSeconds(wall: number, zone: string, near: number | undefined): ZonedTime {
  const at = (offset: number): ZonedTime => ({ ns: BigInt(wall - offset) * SECOND, zone })
  const guess = at(near ?? offsetSeconds(at(0)))
  const offset = offsetSeconds(guess)
  const candidate = at(offset)
  const after = offsetSeconds(addNs(candidate, 3_600n * SECOND))
  if (after < offset && offsetSeconds(at(after)) === after) return at(after)
  const settled = offsetSeconds(candidate)
  return settled === offset || offsetSeconds(at(settled)) !== settled ? candidate : at(settled)
}

function formatOffset(seconds: number): string {
  if (seconds === 0) return 'Z'
  const minutes = Math.floor(Math.abs(seconds) / 60)
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

function daysIn(year: number, month: number): number {
  return civilDays(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - civilDays(year, month, 1)
}

/** Days since 1970-01-01 of a proleptic Gregorian date. */
function civilDays(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function civilOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  }
}
