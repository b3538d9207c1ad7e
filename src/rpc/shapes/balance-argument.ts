import { readBoolean, readNumber, readSet, weightAt } from '../../accounting/action.ts'
import type { BalanceFilter } from '../../accounting/balance-filter.ts'
import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { InvalidText, NotFound } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../../core/time.ts'
import type { Timing } from '../../rating/model.ts'

/** What the reader of a balance argument asks of its surroundings. */
export type BalanceArgumentContext = { now: ZonedTime; timingOf: (id: string) => Timing | undefined }

/** value: undefined when the argument gives none. */
export type BalanceArgument = { filter: BalanceFilter; value: Decimal | undefined }

type Reader = (filter: BalanceFilter, value: EventValue, context: BalanceArgumentContext) => void

/** Keys of a `Balance` argument, matched in their letter case; others are ignored, so are empty ids. Reference 04, 13.1. */
const READERS: Readonly<Record<string, Reader>> = {
  UUID: (filter, value) => {
    const uuid = valueText(value)
    if (uuid !== '') filter.uuid = uuid
  },
  ID: (filter, value) => {
    const id = valueText(value)
    if (id !== '') filter.id = id
  },
  ExpiryTime: (filter, value, { now }) => {
    const time = parseTime(valueText(value), now.zone, now)
    filter.expiresAtNs = isZeroTime(time) ? null : time.ns
  },
  Weight: (filter, value, { now }) => {
    filter.weight = readNumber(weightAt(valueText(value), Number(now.ns / 1_000_000n)))
  },
  DestinationIDs: (filter, value) => {
    filter.destinationIds = setOf(value)
  },
  RatingSubject: (filter, value) => {
    filter.ratingSubject = valueText(value)
  },
  Categories: (filter, value) => {
    filter.categories = setOf(value)
  },
  SharedGroups: (filter, value) => {
    filter.sharedGroups = setOf(value)
  },
  TimingIDs: (filter, value, { timingOf }) => {
    const timingIds = setOf(value)
    filter.timingIds = timingIds
    filter.timings = Object.keys(timingIds).map((id) => {
      const timing = timingOf(id)
      if (timing === undefined) throw new NotFound()
      return timing
    })
  },
  Disabled: (filter, value) => {
    filter.disabled = readBoolean(valueText(value))
  },
  Blocker: (filter, value) => {
    filter.blocker = readBoolean(valueText(value))
  },
  Factors: (filter, value) => {
    filter.factors = factorsOf(value)
  },
}

/**
 * Reads a `Balance` argument: keys that are left out say nothing. Numbers and flags may be text, sets text (`A;!B`), a list or
 * an object of flags. Throws InvalidText with the text of a Go server, NotFound for an unknown timing. Reference 04, 13.1.
 */
export function readBalanceArgument(fields: EventFields, context: BalanceArgumentContext): BalanceArgument {
  const filter: BalanceFilter = {}
  for (const [key, value] of Object.entries(fields)) READERS[key]?.(filter, value, context)
  const value = fields['Value']
  return { filter, value: value === undefined || value === null ? undefined : absolute(amountOf(value)) }
}

/** The same amount, never negative: the sign of a Value does not count. */
export function absolute(amount: Decimal): Decimal {
  return amount.isNegative ? amount.negate() : amount
}

/** A number, a number as text, or a duration as text: ns. */
function amountOf(value: EventValue): Decimal {
  if (typeof value === 'object' && !(value instanceof Decimal))
    throw new InvalidText(`cannot convert field: ${valueText(value)} to float64`)
  const text = valueText(value)
  try {
    return /^[-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(text) ? Decimal.parse(text) : Decimal.of(parseDuration(text))
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
}

function setOf(value: EventValue): Record<string, boolean> {
  if (Array.isArray(value)) return readSet((value as readonly EventValue[]).map(valueText).join(';'))
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return readSet(valueText(value))
  return Object.fromEntries(Object.entries(value).map(([name, included]) => [name, included !== false]))
}

function factorsOf(value: EventValue): Record<string, Decimal> {
  const factors = typeof value === 'string' ? parseFactors(value) : value
  if (typeof factors !== 'object' || factors === null || Array.isArray(factors) || factors instanceof Decimal)
    throw new InvalidText(`cannot convert field: ${valueText(factors)} to map[string]float64`)
  return Object.fromEntries(
    Object.entries(factors as EventFields).map(([name, factor]) => {
      if (factor instanceof Decimal) return [name, factor]
      if (typeof factor === 'number') return [name, Decimal.ofNumber(factor)]
      throw new InvalidText(`json: cannot unmarshal ${typeof factor} into Go value of type float64`)
    }),
  )
}

function parseFactors(text: string): EventValue {
  try {
    return JSON.parse(text) as EventValue
  } catch {
    throw new InvalidText(`invalid character '${text.trimStart().slice(0, 1)}' looking for beginning of value`)
  }
}
