import { InvalidText } from './errors.ts'
import { instantOf, offsetSeconds, wallClock, type ZonedTime } from './time.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Tokens of the reference moment Mon Jan 2 15:04:05.999999999 -0700 MST 2006; a longer one goes first. */
const TOKEN =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|002|01|02|03|04|05|06|15|__2|_2006|_2|PM|pm|1|2|3|4|5/g

type Fields = {
  year: number
  month: number
  day: number
  yearDay: number
  hour: number
  minute: number
  second: number
  nanosecond: number
  isAfternoon: boolean | undefined
  offset: number | undefined
}

type Token = {
  text: string
  print: (time: Moment) => string
  /** Characters taken from the front of `rest`, -1: it does not fit, -2: the value is out of range. */
  read: (rest: string, fields: Fields) => number
}

type Moment = ReturnType<typeof momentOf>

/** A compiled layout: what prints a time, and what reads one. */
export type Layout = {
  format: (time: ZonedTime) => string
  /** zone: that of a text which names none. Throws InvalidText with Go's text (`parsing time "x" as "2006": ...`). */
  parse: (text: string, zone: string) => ZonedTime
}

/** Compiles a layout by Go's reference time; what is no token of it is literal. Total. Reference 02, 1.6. */
export function compileLayout(layout: string): Layout {
  const parts = partsOf(layout)
  return {
    format(time) {
      const moment = momentOf(time)
      let text = ''
      for (const part of parts) text += typeof part === 'string' ? part : part.print(moment)
      return text
    },
    parse: (text, zone) => parse(text, zone, layout, parts),
  }
}

function partsOf(layout: string): (string | Token)[] {
  const parts: (string | Token)[] = []
  let end = 0
  for (const { 0: found, index } of layout.matchAll(TOKEN)) {
    if (index > end) parts.push(layout.slice(end, index))
    end = index + found.length
    if (found === '_2006') parts.push('_', tokenOf('2006'))
    // A fraction counts after the seconds only; elsewhere its point is literal.
    else parts.push(tokenOf(found))
  }
  if (end < layout.length) parts.push(layout.slice(end))
  return parts
}

function momentOf(time: ZonedTime) {
  const clock = wallClock(time)
  const seconds = time.ns / 1_000_000_000n
  const rest = Number(time.ns - seconds * 1_000_000_000n)
  return {
    ...clock,
    hour: Math.floor(clock.secondOfDay / 3600),
    minute: Math.floor(clock.secondOfDay / 60) % 60,
    second: clock.secondOfDay % 60,
    nanosecond: rest < 0 ? rest + 1_000_000_000 : rest,
    offset: offsetSeconds(time),
    time,
  }
}

function tokenOf(text: string): Token {
  if (/^[.,]/.test(text)) return fractionToken(text)
  if (/^[-Z]/.test(text)) return offsetToken(text)
  const make = TOKENS[text]
  return make === undefined ? { text, print: () => text, read: () => -1 } : { text, ...make }
}

const two = (value: number) => String(value).padStart(2, '0')

function number(
  least: number,
  most: number,
  bounds: readonly [number, number],
  print: (moment: Moment) => string,
  set: (fields: Fields, value: number) => void,
): Omit<Token, 'text'> {
  const pattern = new RegExp(`^\\d{${least},${most}}`)
  return {
    print,
    read(rest, fields) {
      const [digits] = pattern.exec(rest) ?? []
      if (digits === undefined) return -1
      const value = Number(digits)
      if (value < bounds[0] || value > bounds[1]) return -2
      set(fields, value)
      return digits.length
    },
  }
}

function name(
  names: readonly string[],
  print: (moment: Moment) => string,
  set: (fields: Fields, index: number) => void,
): Omit<Token, 'text'> {
  return {
    print,
    read(rest, fields) {
      const lower = rest.toLowerCase()
      const index = names.findIndex((each) => lower.startsWith(each.toLowerCase()))
      if (index < 0) return -1
      set(fields, index)
      return names[index]?.length ?? 0
    },
  }
}

const short = (names: readonly string[]) => names.map((each) => each.slice(0, 3))
const setMonth = (fields: Fields, value: number) => (fields.month = value)
const setDay = (fields: Fields, value: number) => (fields.day = value)
const setHour = (fields: Fields, value: number) => (fields.hour = value)
const setMinute = (fields: Fields, value: number) => (fields.minute = value)
const setSecond = (fields: Fields, value: number) => (fields.second = value)
const half = ({ hour }: Moment) => hour % 12 || 12

/** Reads past an optional blank that pads a day. */
function padded(width: number, token: Omit<Token, 'text'>): Omit<Token, 'text'> {
  return {
    print: (moment) => token.print(moment).padStart(width, ' '),
    read(rest, fields) {
      const blanks = /^ */.exec(rest)?.[0].length ?? 0
      const skipped = Math.min(blanks, width - 1)
      const taken = token.read(rest.slice(skipped), fields)
      return taken < 0 ? taken : taken + skipped
    },
  }
}

const day = number(1, 2, [0, 31], ({ day }) => String(day), setDay)

const TOKENS: Readonly<Record<string, Omit<Token, 'text'>>> = {
  '2006': number(
    4,
    4,
    [0, 9999],
    ({ year }) => String(year).padStart(4, '0'),
    (fields, value) => (fields.year = value),
  ),
  '06': number(
    2,
    2,
    [0, 99],
    ({ year }) => two(year % 100),
    (fields, value) => {
      fields.year = value >= 69 ? value + 1900 : value + 2000
    },
  ),
  '01': number(2, 2, [1, 12], ({ month }) => two(month), setMonth),
  '1': number(1, 2, [1, 12], ({ month }) => String(month), setMonth),
  Jan: name(
    short(MONTHS),
    ({ month }) => short(MONTHS)[month - 1] ?? '',
    (fields, i) => (fields.month = i + 1),
  ),
  January: name(
    MONTHS,
    ({ month }) => MONTHS[month - 1] ?? '',
    (fields, i) => (fields.month = i + 1),
  ),
  '02': number(2, 2, [0, 31], ({ day }) => two(day), setDay),
  '2': day,
  _2: padded(2, day),
  '002': number(3, 3, [1, 366], (moment) => String(yearDayOf(moment)).padStart(3, '0'), setYearDay),
  __2: padded(
    3,
    number(1, 3, [1, 366], (moment) => String(yearDayOf(moment)), setYearDay),
  ),
  Mon: name(
    short(DAYS),
    ({ weekday }) => short(DAYS)[weekday] ?? '',
    () => undefined,
  ),
  Monday: name(
    DAYS,
    ({ weekday }) => DAYS[weekday] ?? '',
    () => undefined,
  ),
  '15': number(1, 2, [0, 23], ({ hour }) => two(hour), setHour),
  '03': number(2, 2, [0, 12], (moment) => two(half(moment)), setHour),
  '3': number(1, 2, [0, 12], (moment) => String(half(moment)), setHour),
  '04': number(2, 2, [0, 59], ({ minute }) => two(minute), setMinute),
  '4': number(1, 2, [0, 59], ({ minute }) => String(minute), setMinute),
  '05': number(2, 2, [0, 59], ({ second }) => two(second), setSecond),
  '5': number(1, 2, [0, 59], ({ second }) => String(second), setSecond),
  PM: halfDay('AM', 'PM'),
  pm: halfDay('am', 'pm'),
  MST: {
    print: ({ time, offset }) => zoneName(time, offset),
    read(rest, fields) {
      const [found] = /^(?:UTC|GMT[+-]\d{1,2}|[A-Z]{3,5}|[+-]\d{2}(?:\d{2})?)/.exec(rest) ?? []
      if (found === undefined) return -1
      if (found === 'UTC') fields.offset = 0
      return found.length
    },
  },
}

function halfDay(before: string, after: string): Omit<Token, 'text'> {
  return {
    print: ({ hour }) => (hour < 12 ? before : after),
    read(rest, fields) {
      if (rest.startsWith(before)) fields.isAfternoon = false
      else if (rest.startsWith(after)) fields.isAfternoon = true
      else return -1
      return 2
    },
  }
}

function setYearDay(fields: Fields, value: number): void {
  fields.yearDay = value
}

function yearDayOf({ year, month, day }: Moment): number {
  return (
    Math.round((Date.UTC(2000 + (year % 400), month - 1, day) - Date.UTC(2000 + (year % 400), 0, 1)) / 86_400_000) + 1
  )
}

/** `.000` prints and reads so many digits, `.999` drops zeros at the end and may be missing. */
function fractionToken(text: string): Token {
  const digits = text.length - 1
  const point = text.charAt(0)
  const isFixed = text.charAt(1) === '0'
  return {
    text,
    print({ nanosecond }) {
      const all = String(nanosecond).padStart(9, '0').padEnd(digits, '0').slice(0, digits)
      if (isFixed) return point + all
      const significant = all.replace(/0+$/, '')
      return significant === '' ? '' : point + significant
    },
    read(rest, fields) {
      const [found] = (isFixed ? new RegExp(`^[.,]\\d{${digits}}`) : /^[.,]\d+/).exec(rest) ?? []
      if (found === undefined) return isFixed ? -1 : 0
      fields.nanosecond = Number(found.slice(1, 10).padEnd(9, '0'))
      return found.length
    },
  }
}

function offsetToken(text: string): Token {
  const isZulu = text.startsWith('Z')
  const colon = text.includes(':') ? ':' : ''
  const groups = text.replace(/\D/g, '').length / 2
  const pattern = new RegExp(
    `^([+-])(\\d\\d)${groups > 1 ? `${colon}(\\d\\d)` : '()'}${groups > 2 ? `${colon}(\\d\\d)` : '()'}`,
  )
  return {
    text,
    print({ offset }) {
      if (isZulu && offset === 0) return 'Z'
      const seconds = Math.abs(offset)
      const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].slice(0, groups)
      return (offset < 0 ? '-' : '+') + parts.map(two).join(colon)
    },
    read(rest, fields) {
      if (isZulu && rest.startsWith('Z')) {
        fields.offset = 0
        return 1
      }
      const [found = '', sign = '', hours = '', minutes = '', seconds = ''] = pattern.exec(rest) ?? []
      if (found === '') return -1
      if (Number(hours) > 24 || Number(minutes) > 59) return -2
      const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
      fields.offset = sign === '-' ? -total : total
      return found.length
    },
  }
}

/** Locales whose people use abbreviations for their zones. */
const ZONE_LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'en-CA', 'en-NZ']

/** `CEST`, or `+0430` where a zone has no abbreviation. */
function zoneName({ ns, zone }: ZonedTime, offset: number): string {
  if (zone === 'UTC') return 'UTC'
  const numeric = offsetToken(offset % 3600 === 0 ? '-07' : '-0700').print({ offset } as Moment)
  if (/^[+-]/.test(zone)) return numeric
  const date = new Date(Number(ns / 1_000_000n))
  for (const locale of ZONE_LOCALES) {
    const found = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' })
      .formatToParts(date)
      .find(({ type }) => type === 'timeZoneName')?.value
    if (found !== undefined && /^[A-Z]{3,5}$/.test(found)) return found
  }
  return numeric
}

function parse(text: string, zone: string, layout: string, parts: readonly (string | Token)[]): ZonedTime {
  const quoted = `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: `
  const cannot = (rest: string, part: string) =>
    new InvalidText(`${quoted}cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`)
  const fields: Fields = {
    year: 0,
    month: 1,
    day: 1,
    yearDay: 0,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    isAfternoon: undefined,
    offset: undefined,
  }
  let rest = text
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'string') {
      if (!rest.startsWith(part)) throw cannot(rest, part)
      rest = rest.slice(part.length)
      continue
    }
    const taken = part.read(rest, fields)
    if (taken === -1) throw cannot(rest, part.text)
    if (taken === -2)
      throw new InvalidText(`parsing time ${JSON.stringify(text)}: ${RANGES[part.text] ?? 'value'} out of range`)
    rest = rest.slice(taken)
    // Seconds take a fraction that the layout does not name.
    if ((part.text === '05' || part.text === '5') && !hasFraction(parts[i + 1])) {
      const [fraction] = /^[.,]\d+/.exec(rest) ?? []
      if (fraction !== undefined) {
        fields.nanosecond = Number(fraction.slice(1, 10).padEnd(9, '0'))
        rest = rest.slice(fraction.length)
      }
    }
  }
  if (rest !== '') throw new InvalidText(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`)
  return timeOf(text, fields, zone)
}

function hasFraction(part: string | Token | undefined): boolean {
  return typeof part === 'object' && /^[.,]/.test(part.text)
}

const RANGES: Readonly<Record<string, string>> = {
  '01': 'month',
  '1': 'month',
  '02': 'day',
  '2': 'day',
  _2: 'day',
  '002': 'day-of-year',
  __2: 'day-of-year',
  '15': 'hour',
  '03': 'hour',
  '3': 'hour',
  '04': 'minute',
  '4': 'minute',
  '05': 'second',
  '5': 'second',
}

function timeOf(text: string, fields: Fields, zone: string): ZonedTime {
  let { hour, day, month } = fields
  const { year, minute, second, nanosecond, isAfternoon, offset, yearDay } = fields
  if (isAfternoon === true && hour < 12) hour += 12
  else if (isAfternoon === false && hour === 12) hour = 0
  if (yearDay > 0) {
    month = 1
    day = yearDay
  } else if (day < 1 || day > daysIn(year, month)) {
    throw new InvalidText(`parsing time ${JSON.stringify(text)}: day out of range`)
  }
  const own =
    offset === undefined ? zone : offset === 0 ? 'UTC' : `${offset < 0 ? '-' : '+'}${clockOf(Math.abs(offset))}`
  return instantOf({ year, month, day, hour, minute, second, nanosecond }, own)
}

function clockOf(seconds: number): string {
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}
