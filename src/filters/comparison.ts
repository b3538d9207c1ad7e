import { Decimal } from '../core/decimal.ts'
import { offsetSeconds, wallClock, type ZonedTime } from '../core/time.ts'
import { autoType, Instant, type Typed } from '../mapping/auto-type.ts'
import { textOf } from '../mapping/context.ts'
import { Duration, MappingError, type Value } from '../mapping/value.ts'

/** A value as comparisons see it: texts are typed. Reference 02, 6.4. */
export function typedOf(value: Exclude<Value, undefined>, now: ZonedTime): Typed {
  switch (typeof value) {
    case 'bigint':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) return value
      return Number.isSafeInteger(value) ? BigInt(value) : Decimal.ofNumber(value)
    case 'string':
      return autoType(value, now)
    default:
      if (value instanceof Duration || value instanceof Decimal || value instanceof Instant) return value
      return autoType(textOf(value), now)
  }
}

/** Throws MappingError for a bool, and for what is neither two numbers, two instants nor two texts. */
export function isEqual(a: Typed, b: Typed): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b
  return orderOf(a, b) === 0
}

/** Throws MappingError for what has no order. */
export function isGreater(a: Typed, b: Typed): boolean {
  return orderOf(a, b) > 0
}

/** As isGreater. With no number neither holds. */
export function isGreaterOrEqual(a: Typed, b: Typed): boolean {
  return orderOf(a, b) >= 0
}

/** Below, at or above 0; NaN when a side is no number. */
function orderOf(a: Typed, b: Typed): number {
  const whole = wholeOf(a)
  const other = wholeOf(b)
  if (whole !== undefined && other !== undefined) return whole < other ? -1 : whole > other ? 1 : 0
  const left = numberOf(a, whole)
  const right = numberOf(b, other)
  if (left !== undefined && right !== undefined) {
    if (typeof left !== 'number' && typeof right !== 'number') return left.compare(right)
    const [l, r] = [floatOf(left), floatOf(right)]
    return Number.isNaN(l) || Number.isNaN(r) ? Number.NaN : l < r ? -1 : l > r ? 1 : 0
  }
  if (a instanceof Instant && b instanceof Instant) return a.time.ns < b.time.ns ? -1 : a.time.ns > b.time.ns ? 1 : 0
  if (typeof a === typeof b && (typeof a === 'string' || typeof a === 'boolean')) {
    const kind = typeof a === 'string' ? 'string' : 'bool'
    throw new MappingError(`unsupported comparison type: ${kind}, kind: ${kind}`)
  }
  throw new MappingError(`incomparable: <${goText(a)}> with <${goText(b)}>`)
}

/** A duration is a whole number of ns. */
function wholeOf(value: Typed): bigint | undefined {
  if (typeof value === 'bigint') return value
  return value instanceof Duration ? value.ns : undefined
}

function numberOf(value: Typed, whole: bigint | undefined): Decimal | number | undefined {
  if (whole !== undefined) return Decimal.of(whole)
  return value instanceof Decimal || typeof value === 'number' ? value : undefined
}

function floatOf(value: Decimal | number): number {
  return typeof value === 'number' ? value : Number(value.toString())
}

/** As Go prints it in the error of an impossible comparison: numbers as floats, texts and bools as nothing. */
function goText(value: Typed): string {
  if (typeof value === 'string' || typeof value === 'boolean') return '<nil>'
  if (value instanceof Instant) return goTime(value.time)
  const whole = wholeOf(value)
  return goFloat(floatOf(numberOf(value, whole) ?? Decimal.ZERO))
}

/** `%v` of a float: an exponent below -4 and from 6 digits on, or as many as there are. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (value === 0 || (exponent >= -4 && exponent < 21 && exponent < 6)) return Decimal.ofNumber(value).toString()
  const sign = exponent < 0 ? '-' : '+'
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function goTime(time: ZonedTime): string {
  const { year, month, day, secondOfDay } = wallClock(time)
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0')
  const nanoseconds = String(((time.ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0')
  const fraction = nanoseconds === '000000000' ? '' : `.${nanoseconds.replace(/0+$/, '')}`
  const offset = offsetSeconds(time)
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 3600)}${two((Math.abs(offset) / 60) % 60)}`
  const clock = `${two(secondOfDay / 3600)}:${two((secondOfDay / 60) % 60)}:${two(secondOfDay % 60)}`
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date} ${clock}${fraction} ${zone} ${offset === 0 ? 'UTC' : zone}`
}
