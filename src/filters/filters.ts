import { isIP } from 'node:net'
import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { parseTime } from '../core/time.ts'
import { type MappingContext, type MessageReader, textOf } from '../mapping/context.ts'
import { Duration, MappingError, TemplateError, type Value } from '../mapping/value.ts'
import {
  compilePattern,
  compileRule,
  compileSelector,
  type ParserOptions,
  type Source,
} from '../mapping/value-parser.ts'

/** A compiled filter list: AND over filters, OR over the values of one. Throws MappingError when a comparison cannot be. */
export type Predicate<M, G> = (context: MappingContext<M, G>) => boolean

type Test = (element: Exclude<Value, undefined>, value: Exclude<Value, undefined>) => boolean

const TEXT_TESTS: Readonly<Record<string, (element: string, value: string) => boolean>> = {
  string: (element, value) => element === value,
  prefix: (element, value) => element.startsWith(value),
  suffix: (element, value) => element.endsWith(value),
  contains: (element, value) => element.includes(value),
}

const ORDER_TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  eq: (order) => order === 0,
  noteq: (order) => order !== 0,
}

/**
 * Compiles inline filters (`*string:~*req.CC-Request-Type:1|2`). Throws TemplateError. Reference 02, 6.
 * An empty list passes.
 */
export function compileFilters<M, G>(
  filters: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Predicate<M, G> {
  const predicates = filters.map((filter) => compileFilter(filter, reader, options))
  const [first, second] = predicates
  if (first === undefined) return () => true
  if (second === undefined) return first
  return (context) => predicates.every((passes) => passes(context))
}

function compileFilter<M, G>(filter: string, reader: MessageReader<M, G>, options: ParserOptions): Predicate<M, G> {
  const [, type = '', rest = ''] = /^\*([a-z]+):(.*)$/s.exec(filter) ?? []
  if (type === '') throw new TemplateError(`${JSON.stringify(filter)}: expected an inline filter, *type:element:values`)
  const { element, values } = splitFilter(rest)
  const order = ORDER_TESTS[type]
  if (order !== undefined) return compileTest(element, values, reader, options, (a, b) => order(compare(a, b)))
  const negated = type.startsWith('not')
  const base = negated ? type.slice(3) : type.replace(/^ni(?=string|prefix|suffix|exists)/, '')
  const positive = compilePositive(base, element, values, reader, options)
  if (positive === undefined) throw new TemplateError(`NOT_IMPLEMENTED:*${type}`)
  return negated ? (context) => !positive(context) : positive
}

/** Splits `element:value|value`; the element of a dynamic path ends at the first colon that begins no search-and-replace. */
function splitFilter(rest: string): { element: string; values: string[] } {
  const match = /^((?:[^:{]|:s\/|\{[^}]*\})*)(?::(.*))?$/s.exec(rest)
  const values = match?.[2]
  return { element: match?.[1] ?? rest, values: values === undefined || values === '' ? [] : values.split('|') }
}

function compilePositive<M, G>(
  type: string,
  element: string,
  values: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Predicate<M, G> | undefined {
  const text = TEXT_TESTS[type]
  if (text !== undefined) {
    return compileTest(element, values, reader, options, (a, b) => text(textOf(a), textOf(b)))
  }
  switch (type) {
    case 'exists': {
      const source = compileSelector(element.slice(1), reader, options)
      return (context) => source(context) !== undefined
    }
    case 'empty': {
      const source = compileSelector(element.slice(1), reader, options)
      return (context) => {
        const value = source(context)
        return value === undefined || textOf(value) === ''
      }
    }
    case 'regex': {
      const source = compileRule(element, reader, options)
      const patterns = values.map((value) => compilePattern(value, value))
      return (context) => {
        const value = source(context)
        return value !== undefined && patterns.some((pattern) => pattern.test(textOf(value)))
      }
    }
    case 'ipnet':
      return compileTest(element, values, reader, options, (a, b) => isInNetwork(textOf(a), textOf(b)))
    case 'ai':
      return compileInterval(element, values, reader, options)
    default:
      return undefined
  }
}

function compileTest<M, G>(
  element: string,
  values: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
  test: Test,
): Predicate<M, G> {
  const source = compileRule(element, reader, options)
  const wanted: Source<M, G>[] = (values.length === 0 ? [''] : values).map((value) =>
    compileRule(value, reader, options),
  )
  const [only] = wanted
  if (wanted.length === 1 && only !== undefined) {
    return (context) => {
      const value = source(context)
      const other = value === undefined ? undefined : only(context)
      return value !== undefined && other !== undefined && test(value, other)
    }
  }
  return (context) => {
    const value = source(context)
    if (value === undefined) return false
    return wanted.some((each) => {
      const other = each(context)
      return other !== undefined && test(value, other)
    })
  }
}

/** One value: before the element; two: the element lies strictly between. Reference 02, 6.3. */
function compileInterval<M, G>(
  element: string,
  values: readonly string[],
  reader: MessageReader<M, G>,
  options: ParserOptions,
): Predicate<M, G> {
  const source = compileRule(element, reader, options)
  const [from = '', until] = values
  return (context) => {
    const value = source(context)
    if (value === undefined) return false
    const instant = (text: string) => parseTime(text, context.now.zone, context.now).ns
    const at = instant(textOf(value))
    return (from === '' || instant(from) < at) && (until === undefined || at < instant(until))
  }
}

/** Orders two values by their own kinds: whole numbers, decimals, durations, instants. Reference 02, 6.4. */
export function compare(a: Exclude<Value, undefined>, b: Exclude<Value, undefined>): number {
  const whole = wholeOf(a)
  const other = whole === undefined ? undefined : wholeOf(b)
  if (whole !== undefined && other !== undefined) return whole < other ? -1 : whole > other ? 1 : 0
  const left = numberOf(a)
  const right = numberOf(b)
  if (left !== undefined && right !== undefined) return left.compare(right)
  if (left === undefined && right === undefined && textOf(a) === textOf(b)) return 0
  throw new MappingError(`incomparable: <${textOf(a)}> with <${textOf(b)}>`)
}

/** Usage, and what a filter compares it with most. */
function wholeOf(value: Exclude<Value, undefined>): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (value instanceof Duration) return value.ns
  return value === '0' ? 0n : undefined
}

function numberOf(value: Exclude<Value, undefined>): Decimal | undefined {
  if (value instanceof Decimal) return value
  if (typeof value === 'bigint') return Decimal.of(value)
  if (value instanceof Duration) return Decimal.of(value.ns)
  const text = textOf(value)
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Decimal.parse(text)
  if (/^[+-]?[\d.]+(ns|us|µs|ms|s|m|h)/.test(text)) return Decimal.of(parseDuration(text))
  return undefined
}

function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/')
  if (isIP(address) === 0 || isIP(address) !== isIP(base)) return false
  const size = isIP(address) === 4 ? 32n : 128n
  const shift = size - BigInt(bits || size)
  return addressBits(address) >> shift === addressBits(base) >> shift
}

function addressBits(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}
