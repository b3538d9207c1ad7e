import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { formatTimeSeconds, parseTime, type ZonedTime } from '../core/time.ts'

/** Ids that are kept of what was written, and of what was not: the last ones. */
const MOST_IDS = 1_000

/** What is summed up of usage, by ToR. Reference 09, B4. */
const TOTALS: Readonly<Record<string, string>> = {
  '*voice': 'TotalDuration',
  '*data': 'TotalDataUsage',
  '*sms': 'TotalSMSUsage',
  '*mms': 'TotalMMSUsage',
  '*generic': 'TotalGenericUsage',
}

/** `*em`: what an exporter has done since it began. Reference 09, B4. */
export class ExportMetrics {
  #fields: EventFields

  /** path: the file that is written. */
  constructor(startedAt: ZonedTime, path: string) {
    this.#fields = {
      NumberOfEvents: 0,
      PositiveExports: [],
      NegativeExports: [],
      TimeNow: formatTimeSeconds(startedAt),
      ExportPath: path,
    }
  }

  /** As templates read them: durations as bigint, amounts as Decimal, times as text. */
  get fields(): EventFields {
    return this.#fields
  }

  /** The export of an event begins. */
  begin(): void {
    this.#fields = { ...this.#fields, NumberOfEvents: Number(this.#fields['NumberOfEvents']) + 1 }
  }

  /** It has ended. id: of the event. */
  end(event: EventFields, id: string, isWritten: boolean): void {
    const list = isWritten ? 'PositiveExports' : 'NegativeExports'
    const ids = this.#fields[list] as readonly EventValue[]
    this.#fields = { ...this.#fields, [list]: [...ids.slice(1 - MOST_IDS), id] }
    this.#addUp(event)
  }

  #addUp({ AnswerTime, OrderID, Cost, Usage, ToR }: EventFields): void {
    const answered = readable(() => parseTime(String(AnswerTime ?? ''), 'UTC', EPOCH))
    if (AnswerTime !== undefined && answered !== undefined) this.#between('ATime', 'Event', formatTimeSeconds(answered))
    if (typeof OrderID === 'number') this.#between('OrderID', 'Exp', OrderID)
    const cost = readable(() => amountOf(Cost))
    if (cost !== undefined) this.#fields['TotalCost'] = (amountOf(this.#fields['TotalCost']) ?? Decimal.ZERO).plus(cost)
    const total = TOTALS[String(ToR ?? '')]
    const usage = readable(() => usageOf(Usage))
    if (total !== undefined && usage !== undefined)
      this.#fields[total] = ((this.#fields[total] as bigint | undefined) ?? 0n) + usage
  }

  /** The least and the greatest value; times in RFC 3339 are in order as texts. */
  #between(name: string, of: string, value: string | number): void {
    const [first, last] = [`First${of}${name}`, `Last${of}${name}`]
    const [low = value, high = value] = [this.#fields[first], this.#fields[last]] as (string | number | undefined)[]
    this.#fields[first] = value < low ? value : low
    this.#fields[last] = value > high ? value : high
  }

  /** What they are now, for `restore`. */
  snapshot(): EventFields {
    return { ...this.#fields }
  }

  /** What was written since then has not been written after all. */
  restore(fields: EventFields): void {
    this.#fields = fields
  }
}

const EPOCH: ZonedTime = { ns: 0n, zone: 'UTC' }

function amountOf(value: EventValue | undefined): Decimal | undefined {
  if (value === undefined || value instanceof Decimal) return value
  return typeof value === 'number' || typeof value === 'string' ? Decimal.parse(String(value)) : undefined
}

function usageOf(value: EventValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  return typeof value === 'string' ? parseDuration(value) : undefined
}

/** Undefined for what is no such value: it counts nowhere. */
function readable<R>(read: () => R): R | undefined {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof InvalidText) return undefined
    throw cause
  }
}
