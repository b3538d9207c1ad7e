import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { InvalidText } from '../../core/errors.ts'
import { isZeroTime, parseTime } from '../../core/time.ts'
import type { EventContext } from '../../filters/profile-index.ts'
import { textOf } from '../../mapping/context.ts'
import { Duration, type Found, Instant, MappingError, type Value } from '../../mapping/value.ts'

/** What begins like a number and ends with a unit is a duration. Reference 06, 1.6. */
const UNIT_LAST = /^[+-]?[\d.].*[smh]$/

/** A field of the event. Throws MappingError `NOT_FOUND:<field>` when it is not there. */
export function fieldOf({ message }: EventContext, name: string): Found {
  const value = message[name]
  if (value === undefined) throw new MappingError(`NOT_FOUND:${name}`)
  return value
}

/** A number, or ns of a duration. Throws InvalidText with Go's text. */
export function amountOf(value: Found): Decimal {
  if (value instanceof Decimal) return value
  if (value instanceof Duration) return Decimal.of(value.ns)
  switch (typeof value) {
    case 'bigint':
      return Decimal.of(value)
    case 'number':
      return Decimal.ofNumber(value)
    case 'string':
      return UNIT_LAST.test(value) ? Decimal.of(parseDuration(value)) : decimalOf(value)
    default:
      throw new InvalidText(`cannot convert field: ${textOf(value)} to float64`)
  }
}

function decimalOf(text: string): Decimal {
  try {
    return Decimal.parse(text)
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
}

/** Whole ns. Throws InvalidText with Go's text. */
export function durationOf(value: Found): Decimal {
  if (value instanceof Duration) return Decimal.of(value.ns)
  if (value instanceof Decimal) return Decimal.of(value.truncate())
  switch (typeof value) {
    case 'bigint':
      return Decimal.of(value)
    case 'number':
      return Decimal.of(BigInt(Math.trunc(value)))
    case 'string':
      return Decimal.of(parseDuration(value))
    default:
      throw new InvalidText(`cannot convert field: ${textOf(value)} to time.Duration`)
  }
}

/** Whether an event was answered: it has an AnswerTime, and not the zero time. Throws InvalidText for a text that is no time. */
export function isAnswered({ message, now }: EventContext): boolean {
  const value: Value = message['AnswerTime']
  if (value === undefined || value === null) return false
  if (value instanceof Instant) return !isZeroTime(value.time)
  return !isZeroTime(parseTime(textOf(value), now.zone, now))
}
