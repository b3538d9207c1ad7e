import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import { parseTime, type ZonedTime } from '../core/time.ts'
import { Duration, Instant } from './value.ts'

export { Instant } from './value.ts'

/** What a text means: a whole number of 64 bits, a decimal, an infinity or no number (JavaScript's), a bool, an instant, a duration, or itself. */
export type Typed = string | bigint | Decimal | number | boolean | Instant | Duration

const WHOLE = /^[+-]?\d+$/
const BOOLS: Readonly<Record<string, boolean>> = {
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
}
const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?$/
const HEX_FLOAT = /^([+-]?)0[xX]_?([\da-fA-F_]*)\.?([\da-fA-F_]*)[pP]([+-]?\d{1,4})$/
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i
/** What begins with a digit and ends with a unit is a duration or nothing. */
const UNIT_LAST = /^[\d.][^:]*[smh]$/
/** Literals of time that are no number: around now, or with a clock. */
const TIME = /^[\s*+-]|:/
/** Texts that can be anything but themselves begin so: numbers, literals of time, words for true, false, infinity and no number. */
const TYPED_START = /^[\s\d.+\-*tTfFiInN]/

/**
 * The typed value of a text, by the first rule that fits: whole number, bool, decimal, time literal, duration, itself.
 * now: its zone is that of literals which name none, and relative ones start from it. Reference 02, 1.2.
 */
export function autoType(text: string, now: ZonedTime): Typed {
  const small = smallWhole(text)
  if (small !== undefined) return BigInt(small)
  if (text === '' || !TYPED_START.test(text)) return text
  if (WHOLE.test(text)) {
    const whole = BigInt(text.startsWith('+') ? text.slice(1) : text)
    if (BigInt.asIntN(64, whole) === whole) return whole
  }
  const bool = BOOLS[text]
  if (bool !== undefined) return bool
  if (UNIT_LAST.test(text)) return durationOf(text) ?? text
  const float = floatOf(text)
  if (float !== undefined || !TIME.test(text)) return float ?? text
  return instantOf(text, now) ?? durationOf(text) ?? text
}

/** Digits alone that a JavaScript number holds exactly, as most usage is. */
function smallWhole(text: string): number | undefined {
  const { length } = text
  if (length === 0 || length > 15) return undefined
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}

/** Whether what the text means depends on the time of asking (`*now`, `+1h`, `-5s`). */
export function isRelative(text: string): boolean {
  return /^\s*[*+-]/.test(text) && text.trim() !== '*unlimited' && autoType(text, EPOCH) instanceof Instant
}

const EPOCH: ZonedTime = { ns: 0n, zone: 'UTC' }

/** A decimal within the range of a 64-bit float, as Go reads it. */
function floatOf(text: string): Decimal | number | undefined {
  const special = SPECIAL.exec(text)
  if (special !== null) {
    const [, sign = '', word = ''] = special
    if (word.toLowerCase() === 'nan') return sign === '' ? Number.NaN : undefined
    return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (FLOAT.test(text)) {
    const digits = text.replaceAll('_', '')
    const value = Number(digits)
    if (!Number.isFinite(value)) return undefined
    return value === 0 ? Decimal.ZERO : Decimal.parse(digits)
  }
  return hexFloatOf(text)
}

function hexFloatOf(text: string): Decimal | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = HEX_FLOAT.exec(text) ?? []
  const digits = (whole + fraction).replaceAll('_', '')
  if (digits === '') return undefined
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * fraction.replaceAll('_', '').length)
  return Number.isFinite(value) ? Decimal.ofNumber(sign === '-' ? -value : value) : undefined
}

function instantOf(text: string, now: ZonedTime): Instant | undefined {
  return readable(() => new Instant(parseTime(text, now.zone, now)))
}

function durationOf(text: string): Duration | undefined {
  return readable(() => new Duration(parseDuration(text)))
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof InvalidText) return undefined
    throw cause
  }
}
