import { randomBytes } from 'node:crypto'
import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { textOf } from '../context.ts'
import type { Converter, ConverterTable } from '../converters.ts'
import { Duration, type Found, Instant, MappingError, TemplateError } from '../value.ts'

const SECOND = Decimal.of(1_000_000_000n)
const MINUTE = Decimal.of(60_000_000_000n)
/** Significant digits of a quotient that does not end: more than a 64-bit float shows. */
const QUOTIENT_DIGITS = 17

/** Converters of usage, numbers and amounts. Reference 02, 4. */
export const NUMBER_CONVERTERS: ConverterTable = {
  '*duration': {
    exact: true,
    make: () => (value) => (value instanceof Duration ? value : new Duration(usageOf(value))),
  },
  '*duration_seconds': { exact: true, make: () => (value) => quotient(Decimal.of(usageOf(value)), SECOND) },
  '*duration_minutes': { exact: true, make: () => (value) => quotient(Decimal.of(usageOf(value)), MINUTE) },
  '*duration_nanoseconds': { exact: true, make: () => usageOf },
  '*round': { make: makeRound },
  '*multiply': { make: ([text]) => scaled(text, (value, factor) => value.times(factor)) },
  '*divide': { make: ([text]) => scaled(text, quotient) },
  '*float64': { exact: true, make: () => floatOf },
  '*gigawords': { make: () => (value) => integerOf(value) * 4_294_967_296n },
  '*random': { make: makeRandom },
  '*conn_status': { exact: true, make: () => statusOf },
}

/** A value as usage: ns or plain units. Throws InvalidText. */
export function usageOf(value: Found): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Duration) return value.ns
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  return value instanceof Decimal ? value.truncate() : parseDuration(textOf(value))
}

/** The quotient, exact where it ends, else with more digits than a float shows. By zero: an infinity, or no number. */
export function quotient(value: Decimal, by: Decimal): Decimal | number {
  if (by.isZero)
    return value.isZero ? Number.NaN : value.isNegative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const size = String(value.coefficient).length - value.scale - (String(by.coefficient).length - by.scale)
  return value.divide(by, Math.max(QUOTIENT_DIGITS - size, 0), '*middle')
}

/** A value as decimal; a text that ends in s, m or h is a duration in ns. Throws MappingError. Reference 02, 1.2. */
export function decimalOf(value: Found): Decimal {
  const float = floatOf(value)
  if (typeof float === 'number') throw new MappingError(`cannot convert field: ${textOf(float)} to float64`)
  return float
}

function floatOf(value: Found): Decimal | number {
  if (value instanceof Decimal) return value
  if (typeof value === 'number') return Number.isFinite(value) ? Decimal.ofNumber(value) : value
  if (typeof value === 'bigint') return Decimal.of(value)
  if (value instanceof Duration) return Decimal.of(value.ns)
  const text = textOf(value)
  if (/[smh]$/.test(text)) return Decimal.of(parseDuration(text))
  const special = { '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY, NaN: Number.NaN }[text]
  if (special !== undefined) return special
  const parsed = readDecimal(text)
  if (parsed === undefined) throw syntaxError('ParseFloat', text)
  return parsed
}

function readDecimal(text: string): Decimal | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text) ? Decimal.parse(text) : undefined
}

/** Throws MappingError with Go's text. */
export function integerOf(value: Found): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Instant) throw syntaxError('ParseInt', textOf(value))
  const text = textOf(value)
  if (!/^[+-]?\d+$/.test(text)) throw syntaxError('ParseInt', text)
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

/** Go's text for a number that is none. */
export function syntaxError(reader: 'ParseFloat' | 'ParseInt' | 'Atoi', text: string): MappingError {
  return new MappingError(syntaxText(reader, text))
}

export function syntaxText(reader: string, text: string): string {
  return `strconv.${reader}: parsing ${JSON.stringify(text)}: invalid syntax`
}

/** An argument that must be a whole number. Throws TemplateError with Go's text. */
export function integerArgument(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text)
  throw new TemplateError(syntaxText('Atoi', text))
}

function makeRound(args: readonly string[]): Converter {
  const [decimals = '', method = '*middle', ...more] = args
  if (more.length > 0) throw new TemplateError(`unsupported *round converter parameters: <${args.join(':')}>`)
  if (!/^([+-]?\d{1,3})?$/.test(decimals))
    throw new TemplateError(`*round converter needs integer as decimals, have: <${decimals}>`)
  const digits = Number(decimals)
  return (value) => {
    const float = floatOf(value)
    return typeof float === 'number' ? float : float.round(digits, method)
  }
}

function scaled(text: string | undefined, apply: (value: Decimal, factor: Decimal) => Decimal | number): Converter {
  if (text === undefined || text === '') throw new TemplateError('mandatory information missing')
  const factor = readDecimal(text)
  if (factor === undefined) throw new TemplateError(syntaxText('ParseFloat', text))
  return (value) => {
    const float = floatOf(value)
    return typeof float === 'number' ? float : apply(float, factor)
  }
}

const MOST_RANDOM = 2n ** 63n - 1n

function makeRandom(args: readonly string[]): Converter {
  const [least, most] =
    args.length > 2 ? [] : args.map((text) => (text === '' ? undefined : BigInt(integerArgument(text))))
  if (most === undefined) return () => (random(MOST_RANDOM) + (least ?? 0n)) & MOST_RANDOM
  const from = least ?? 0n
  if (most <= from) throw new TemplateError(`*random converter: ${most} is not above ${from}`)
  return () => from + random(most - from)
}

/** 0 to bound - 1. */
function random(bound: bigint): bigint {
  return (randomBytes(16).readBigUInt64BE(0) * bound) >> 64n
}

function statusOf(value: Found): Found {
  const text = textOf(value)
  if (text === 'UP') return 1
  if (text === 'DOWN') return -1
  throw new MappingError(`unsupported connection status: ${JSON.stringify(text)}`)
}
