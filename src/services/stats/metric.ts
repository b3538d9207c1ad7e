import { Decimal } from '../../core/decimal.ts'
import { formatDuration } from '../../core/duration.ts'
import { InvalidText } from '../../core/errors.ts'
import { FILTERED_EVENT_READER } from '../../filters/event-reader.ts'
import type { EventContext } from '../../filters/profile-index.ts'
import { textOf } from '../../mapping/context.ts'
import { MappingError, TemplateError, type Value } from '../../mapping/value.ts'
import { compileRule, compileValue, type ParserOptions } from '../../mapping/value-parser.ts'
import { amountOf, durationOf, fieldOf, isAnswered } from './metric-values.ts'
import { type Counted, Distinct, EverCount, EverExtreme, Extreme, Replies, type Tally, Total } from './tally.ts'

/** How the value of a metric reads: a share of 100, whole ns, or a number. */
export type Unit = 'percent' | 'duration' | 'number'

/** What a metric keeps of its events, as views show it. */
export type Family =
  | { readonly kind: 'total'; readonly of: 'answers' | 'durations' | 'amounts' }
  | { readonly kind: 'distinct' | 'extreme' | 'replies' }

/** One kind of metrics. Reference 06, 5.4. */
type MetricKind = {
  readonly family: Family
  readonly unit: Unit
  /** The value is the total by the number of events. */
  readonly isAverage?: true
  /** The value of no event is 0, where MinItems allows it. */
  readonly isZeroWithout?: true
  /** Greatest or least. */
  readonly sign?: 1 | -1
  /** Compiles what is read of an event; parameter: what stands behind `#`. undefined: the event does not count. Throws TemplateError. */
  compile(parameter: string, options: ParserOptions): (context: EventContext) => Counted | undefined
  /** What views show of the parameter. */
  shown?(parameter: string): Readonly<Record<string, unknown>>
}

/** A metric of a queue. id: its whole text. */
export type Metric = {
  readonly id: string
  readonly parameter: string
  readonly kind: MetricKind
  /** Throws MappingError, InvalidText when the event does not have what is counted; undefined: it counts nothing. */
  readonly read: (context: EventContext) => Counted | undefined
}

const totalOf = (of: 'answers' | 'durations' | 'amounts') => ({ kind: 'total', of }) as const

function duration(field: string, isAverage?: true): MetricKind {
  const compile = () => (context: EventContext) => durationOf(fieldOf(context, field))
  return { family: totalOf('durations'), unit: 'duration', ...(isAverage && { isAverage }), compile }
}

function cost(isAverage?: true): MetricKind {
  const compile = () => (context: EventContext) => {
    const amount = amountOf(fieldOf(context, 'Cost'))
    if (amount.isNegative) throw new InvalidText('NEGATIVE:Cost')
    return amount
  }
  return { family: totalOf('amounts'), unit: 'number', ...(isAverage && { isAverage }), compile }
}

function amount(parameter: string, read: (context: EventContext) => Value) {
  return (context: EventContext) => {
    const value = read(context)
    if (value === undefined) throw new MappingError(`NOT_FOUND:${parameter}`)
    return amountOf(value)
  }
}

const named = (FieldName: string) => ({ FieldName })

function extreme(sign: 1 | -1): MetricKind {
  return {
    family: { kind: 'extreme' },
    unit: 'number',
    sign,
    compile: (parameter, options) => amount(parameter, compileRule(parameter, FILTERED_EVENT_READER, options)),
    shown: named,
  }
}

/** By the part before `#`. */
const KINDS: Readonly<Record<string, MetricKind>> = {
  '*asr': {
    family: totalOf('answers'),
    unit: 'percent',
    isAverage: true,
    compile: () => (context) => (isAnswered(context) ? ONE : Decimal.ZERO),
  },
  '*acd': duration('Usage', true),
  '*tcd': duration('Usage'),
  '*pdd': duration('PDD', true),
  '*acc': cost(true),
  '*tcc': cost(),
  '*ddc': {
    family: { kind: 'distinct' },
    unit: 'number',
    compile: () => (context) => textOf(fieldOf(context, 'Destination')),
  },
  '*sum': {
    family: totalOf('amounts'),
    unit: 'number',
    isZeroWithout: true,
    compile: (parameter, options) => amount(parameter, compileValue(parameter, FILTERED_EVENT_READER, options)),
  },
  '*average': {
    family: totalOf('amounts'),
    unit: 'number',
    isAverage: true,
    compile: (parameter, options) => amount(parameter, compileRule(parameter, FILTERED_EVENT_READER, options)),
    shown: named,
  },
  '*distinct': {
    family: { kind: 'distinct' },
    unit: 'number',
    compile(parameter, options) {
      if (!parameter.startsWith('~*req.')) throw new TemplateError(`invalid format for field <${parameter}>`)
      const read = compileRule(parameter, FILTERED_EVENT_READER, options)
      return (context) => {
        const value = read(context)
        if (value === undefined) throw new MappingError(`NOT_FOUND:${parameter}`)
        return textOf(value)
      }
    },
    shown: named,
  },
  '*highest': extreme(1),
  '*lowest': extreme(-1),
  '*repsc': {
    family: { kind: 'replies' },
    unit: 'number',
    compile: () => (context) => (textOf(fieldOf(context, 'ReplyState')) === 'OK' ? '' : undefined),
  },
  '*repfc': {
    family: { kind: 'replies' },
    unit: 'number',
    compile: (parameter) => (context) => {
      const state = textOf(fieldOf(context, 'ReplyState'))
      const isFailure = parameter === '' ? state !== 'OK' : state.split(';').includes(parameter)
      return isFailure ? '' : undefined
    },
    shown: (ErrorType) => ({ ErrorType }),
  },
}

const ONE = Decimal.of(1n)
const HUNDRED = Decimal.of(100n)
const DURATION_DECIMALS = 9

/** Whether there is such a kind of metrics. */
export function isMetricKind(id: string): boolean {
  return Object.hasOwn(KINDS, id.split('#', 1)[0] ?? '')
}

/**
 * Compiles a metric by its id (`*sum#~*req.Cost`); only what stands before a second `#` counts. One whose parameter cannot be used
 * counts nothing: it fails at each event. Throws TemplateError for an unknown kind.
 */
export function compileMetric(id: string, options: ParserOptions): Metric {
  const [name = '', parameter = ''] = id.split('#')
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (kind === undefined) throw new TemplateError(`unsupported metric type <${id}>`)
  return { id, parameter, kind, read: readerOf(kind, parameter, options) }
}

function readerOf(kind: MetricKind, parameter: string, options: ParserOptions): Metric['read'] {
  try {
    return kind.compile(parameter, options)
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    const { message } = cause
    return () => {
      throw new MappingError(message)
    }
  }
}

/** A new tally of a metric. isGrowing: of a queue that keeps no events. */
export function tallyOf({ kind }: Metric, isGrowing: boolean): Tally {
  switch (kind.family.kind) {
    case 'total':
      return new Total()
    case 'distinct':
      return new Distinct()
    case 'extreme':
      return isGrowing ? new EverExtreme(kind.sign ?? 1) : new Extreme(kind.sign ?? 1)
    case 'replies':
      return isGrowing ? new EverCount() : new Replies()
  }
}

/**
 * The value of a metric, rounded, in ns for durations; undefined: N/A. decimals: `general.rounding_decimals`. Reference 06, 1.6 and 5.4.
 */
export function metricValue({ kind }: Metric, tally: Tally, minItems: number, decimals: number): Decimal | undefined {
  const { count, value } = tally
  if (count < minItems || value === undefined || (count === 0 && !kind.isZeroWithout)) return undefined
  const of = kind.isAverage ? count : 1
  return averageOf(kind.unit, value, of, decimals)
}

/** A total by the number of its events, rounded. */
export function averageOf(unit: Unit, total: Decimal, count: number, decimals: number): Decimal {
  const by = BigInt(count)
  if (unit === 'percent') return total.times(HUNDRED).divideInteger(by, decimals, '*middle')
  if (unit === 'number') return total.divideInteger(by, decimals, '*middle')
  return nsOf(new Decimal(total.truncate(), DURATION_DECIMALS).divideInteger(by, decimals, '*middle'))
}

function nsOf(seconds: Decimal): Decimal {
  return Decimal.of(seconds.timesInteger(10n ** BigInt(DURATION_DECIMALS)).truncate())
}

/** The value as a text. Reference 06, 5.4. */
export function metricText({ kind: { unit } }: Metric, value: Decimal | undefined): string {
  if (value === undefined) return 'N/A'
  if (unit === 'duration') return formatDuration(value.truncate())
  return unit === 'percent' ? `${value}%` : String(value)
}

/** A value as it is stored, and back. */
export function countedText(value: Counted): string {
  return value instanceof Decimal ? value.toString() : value
}

export function countedOf({ kind }: Metric, text: string): Counted {
  return kind.family.kind === 'total' || kind.family.kind === 'extreme' ? Decimal.parse(text) : text
}
