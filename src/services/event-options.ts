import { Decimal } from '../core/decimal.ts'
import { InvalidText } from '../core/errors.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { valueText } from '../core/event-values.ts'

/** An option of an event that is a list of texts; `otherwise` when the event has none. Throws InvalidText. Reference 06, 1.1. */
export function textsOption(options: EventFields, name: string, otherwise: readonly string[]): readonly string[] {
  const value = options[name]
  if (value === undefined) return otherwise
  if (value === null) return []
  if (Array.isArray(value)) return (value as readonly EventValue[]).map(valueText)
  throw new InvalidText(`cannot convert field: ${typeof value} to []string`)
}

/** An option that is a whole number: a number, whose fraction is cut off, or its text. Throws InvalidText. */
export function wholeOption(options: EventFields, name: string, otherwise: number): number {
  const value = options[name]
  if (value === undefined) return otherwise
  if (typeof value === 'number') return Math.trunc(value)
  const text = valueText(value)
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new InvalidText(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** An option that is yes or no, or one of the words for them; a number is yes above 0. Throws InvalidText. */
export function booleanOption(options: EventFields, name: string, otherwise: boolean): boolean {
  const value = options[name]
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value > 0
  const text = valueText(value)
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new InvalidText(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** An option that is a text. */
export function textOption(options: EventFields, name: string, otherwise: string): string {
  const value = options[name]
  return value === undefined ? otherwise : valueText(value)
}

/** An option that is a number. Throws InvalidText. */
export function decimalOption(options: EventFields, name: string, otherwise: Decimal): Decimal {
  const value = options[name]
  if (value === undefined) return otherwise
  if (value instanceof Decimal) return value
  if (typeof value === 'number') return Decimal.ofNumber(value)
  const text = valueText(value)
  try {
    return Decimal.parse(text)
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
}
