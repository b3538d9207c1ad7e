import { Decimal } from '../core/decimal.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { InvalidText } from '../core/errors.ts'
import { compileLayout } from '../core/go-layout.ts'
import { addNs, formatTimeSeconds, parseTime, type ZonedTime, zoneOf } from '../core/time.ts'
import { autoType } from './auto-type.ts'
import { type MappingContext, textOf } from './context.ts'
import { decimalOf, integerOf, quotient, syntaxError, usageOf } from './converters/numbers.ts'
import { floorSeconds } from './converters/times.ts'
import type { FieldTemplate, PlanEnvironment } from './field-plan.ts'
import { httpUrl, requestJson } from './http-value.ts'
import type { Source } from './selector.ts'
import { Duration, type Found, Instant, MappingError, TemplateError, type Value } from './value.ts'
import { compileConstant, compileRules, compileValue, ruleTexts, type ValueText } from './value-parser.ts'

/** What layout a `*datetime` has that names none. */
export const DEFAULT_LAYOUT = '2006-01-02T15:04:05Z07:00'
const MOST_DURATION = 2n ** 63n - 1n
const LEAST_DURATION = -(2n ** 63n)

/** What decides about a value besides its type. */
export type ValueField = Pick<FieldTemplate, 'type' | 'layout' | 'timezone' | 'maskDestinationId' | 'maskLength'> & {
  readonly value: ValueText
}
/** What compiling a value needs besides it. */
export type ValueEnvironment<M, G> = Pick<
  PlanEnvironment<M, G>,
  'reader' | 'options' | 'roundingDecimals' | 'isDestination' | 'http'
>

/** Compiles what a field's value is, by its type. Throws TemplateError. Reference 02, 5.3. */
export function compileFieldValue<M, G>(field: ValueField, environment: ValueEnvironment<M, G>): Source<M, G> {
  const { type, value } = field
  const { reader, options } = environment
  switch (type) {
    case '*constant':
    case '*filler':
      return compileConstant(value, reader, options)
    case '*variable':
    case '*composed':
    case '*group':
    case '*prefix':
    case '*suffix':
      return compileValue(value, reader, options)
    case '*datetime':
      return compileDateTime(field, environment)
    case '*unix_timestamp': {
      const source = compileValue(value, reader, options)
      const read = compileTime(field)
      return (context) => {
        const found = source(context)
        return found === undefined ? undefined : String(floorSeconds(read(found, context)))
      }
    }
    case '*sipcid':
      return compileSipCallId(field, environment)
    case '*masked_destination':
      return compileMask(field, environment)
    default:
      return compileHttp(field, environment) ?? compileArguments(field, environment)
  }
}

/** What a web server answers to the request; undefined: the type is another one. Reference 02, 5.3. */
function compileHttp<M, G>({ type }: ValueField, { http }: ValueEnvironment<M, G>): Source<M, G> | undefined {
  const url = httpUrl(type)
  if (url === undefined) return undefined
  if (http === undefined) throw new TemplateError(`type ${type}: a URL cannot be asked here`)
  return (context) => http(url, requestJson(context))
}

type Context = { now: ZonedTime }

/** Reads a time literal in the zone of the field, or the configuration's default zone. */
function compileTime({ timezone }: ValueField): (value: Found, context: Context) => ZonedTime {
  const zone = timezone === '' ? undefined : zoneOf(timezone)
  return (value, { now }) => (value instanceof Instant ? value.time : parseTime(textOf(value), zone ?? now.zone, now))
}

function compileDateTime<M, G>(field: ValueField, { reader, options }: ValueEnvironment<M, G>): Source<M, G> {
  const source = compileValue(field.value, reader, options)
  const read = compileTime(field)
  const isDefault = field.layout === '' || field.layout === DEFAULT_LAYOUT
  const format = isDefault ? formatTimeSeconds : compileLayout(field.layout).format
  return (context) => {
    const found = source(context)
    return found === undefined ? undefined : format(read(found, context))
  }
}

/** The first argument, then the others that there are, sorted. */
function compileSipCallId<M, G>({ value }: ValueField, { reader, options }: ValueEnvironment<M, G>): Source<M, G> {
  const [first, ...others] = compileRules(value, reader, options)
  if (first === undefined) throw new TemplateError('NotEnoughParameters')
  return (context) => {
    const id = first(context)
    if (id === undefined) return undefined
    const texts = others.map((read) => textOf(read(context) ?? '')).filter((text) => text !== '')
    return [textOf(id), ...texts.toSorted(byOctets)].join(';')
  }
}

function byOctets(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function compileMask<M, G>(
  { maskDestinationId, maskLength }: ValueField,
  environment: ValueEnvironment<M, G>,
): Source<M, G> {
  const { reader, options, isDestination } = environment
  if (isDestination === undefined) throw new TemplateError('unsupported type: <*masked_destination>')
  const destination = compileValue('~*req.Destination', reader, options)
  const masks = maskLength !== -1 && maskDestinationId !== ''
  return (context) => {
    const found = destination(context)
    if (found === undefined) return undefined
    const text = textOf(found)
    if (!masks || !isDestination(maskDestinationId, text)) return ''
    const shown = Math.max(text.length - maskLength, 0)
    return text.slice(0, shown) + '*'.repeat(text.length - shown)
  }
}

type Combine = (args: readonly Found[], now: ZonedTime, decimals: number) => Found
type ArgumentType = { combine: Combine; count: number | 'many' }

/** Types whose value has several arguments. */
const ARGUMENT_TYPES: Readonly<Record<string, ArgumentType>> = {
  '*sum': { count: 'many', combine: (args, now) => addUp(args, now, 1) },
  '*difference': { count: 'many', combine: (args, now) => addUp(args, now, -1) },
  '*multiply': { count: 'many', combine: (args, now) => multiply(args, now) },
  '*divide': { count: 'many', combine: (args, now) => divide(args, now) },
  '*usage_difference': { count: 2, combine: ([end = '', start = ''], now) => usageDifference(end, start, now) },
  '*cc_usage': { count: 3, combine: ([number = '', used = '', interval = '']) => ccUsage(number, used, interval) },
  '*value_exponent': {
    count: 2,
    combine: ([value = '', exponent = ''], _, decimals) => exponentiate(value, exponent, decimals),
  },
}

function compileArguments<M, G>({ type, value }: ValueField, environment: ValueEnvironment<M, G>): Source<M, G> {
  const found = Object.hasOwn(ARGUMENT_TYPES, type) ? ARGUMENT_TYPES[type] : undefined
  if (found === undefined) throw new TemplateError(`unsupported type: <${type}>`)
  const { combine, count } = found
  const { reader, options, roundingDecimals = 5 } = environment
  const rules = compileRules(value, reader, options)
  if (count === 'many' && rules.length < 2) throw new TemplateError('NotEnoughParameters')
  if (count !== 'many' && rules.length !== count) {
    const shown = ruleTexts(value, options.separator).map((Rules) => ({ Rules }))
    throw new TemplateError(`invalid arguments <${JSON.stringify(shown)}> to ${type}`)
  }
  return (context: MappingContext<M, G>): Value => {
    const args: Found[] = []
    for (const rule of rules) {
      const arg = rule(context)
      if (arg === undefined) return undefined
      args.push(arg)
    }
    return combine(args, context.now, roundingDecimals)
  }
}

/** A value with the type that its text means. Reference 02, 1.2. */
function typed(value: Found, now: ZonedTime): Found {
  if (typeof value === 'string' || value instanceof Buffer) return autoType(textOf(value), now)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  return value instanceof Duration && value.ns === -1n ? -1n : value
}

/** `*sum` and `*difference`: the first argument says what the others are. */
function addUp(args: readonly Found[], now: ZonedTime, sign: 1 | -1): Found {
  const [first = '', ...others] = args.map((arg) => typed(arg, now))
  if (first instanceof Instant) {
    const [other] = others
    if (sign < 0 && others.length === 1 && other instanceof Instant) return new Duration(first.time.ns - other.time.ns)
    return new Instant(
      addNs(
        first.time,
        others.reduce<bigint>((sum, each) => sum + durationOf(each) * BigInt(sign), 0n),
      ),
    )
  }
  if (first instanceof Duration)
    return new Duration(others.reduce<bigint>((sum, each) => sum + durationOf(each) * BigInt(sign), first.ns))
  if (typeof first === 'bigint') return others.reduce<bigint>((sum, each) => sum + wholeOf(each) * BigInt(sign), first)
  if (first instanceof Decimal) {
    return others.reduce<Decimal>((sum, each) => (sign > 0 ? sum.plus(floatOf(each)) : sum.minus(floatOf(each))), first)
  }
  if (typeof first === 'number') return first
  if (sign > 0) return ''
  throw new MappingError('unsupported type')
}

function multiply(args: readonly Found[], now: ZonedTime): Found {
  const [first = '', ...others] = args.map((arg) => typed(arg, now))
  if (typeof first === 'bigint') return others.reduce<bigint>((product, each) => product * wholeOf(each), first)
  if (first instanceof Decimal) return others.reduce<Decimal>((product, each) => product.times(floatOf(each)), first)
  throw new MappingError('unsupported type')
}

function divide(args: readonly Found[], now: ZonedTime): Found {
  const [first = '', ...others] = args.map((arg) => typed(arg, now))
  if (typeof first === 'bigint') {
    return others.reduce<bigint>((result, each) => {
      const by = wholeOf(each)
      if (by === 0n) throw new MappingError('division by zero')
      return result / by
    }, first)
  }
  if (!(first instanceof Decimal)) throw new MappingError('unsupported type')
  let result: Decimal | number = first
  for (const each of others) if (result instanceof Decimal) result = quotient(result, floatOf(each))
  return result
}

function durationOf(value: Found): bigint {
  if (value instanceof Instant || typeof value === 'boolean')
    throw new MappingError(`cannot convert field: ${textOf(value)} to time.Duration`)
  return usageOf(value)
}

function wholeOf(value: Found): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Duration) return value.ns
  if (value instanceof Decimal || typeof value !== 'string')
    throw new MappingError(`cannot convert field: ${textOf(value)} to int`)
  return integerOf(value)
}

function floatOf(value: Found): Decimal {
  if (value instanceof Instant || typeof value === 'boolean')
    throw new MappingError(`cannot convert field: ${textOf(value)} to float64`)
  return decimalOf(value)
}

function usageDifference(end: Found, start: Found, now: ZonedTime): string {
  const instant = (value: Found) => (value instanceof Instant ? value.time : parseTime(textOf(value), 'UTC', now)).ns
  const difference = instant(end) - instant(start)
  return formatDuration(
    difference > MOST_DURATION ? MOST_DURATION : difference < LEAST_DURATION ? LEAST_DURATION : difference,
  )
}

function ccUsage(number: Found, used: Found, interval: Found): Duration {
  const requestNumber = /^[+-]?\d+$/.test(textOf(number)) ? integerOf(number) : undefined
  if (requestNumber === undefined) throw new MappingError(`invalid requestNumber <${textOf(number)}> to *cc_usage`)
  const usage = (value: Found, name: string) => {
    if (value instanceof Duration) return value.ns
    try {
      return parseDuration(textOf(value))
    } catch (cause) {
      if (cause instanceof InvalidText) throw new MappingError(`invalid ${name} <${textOf(value)}> to *cc_usage`)
      throw cause
    }
  }
  const before = requestNumber > 1n ? requestNumber - 1n : 0n
  return new Duration(usage(used, 'usedCCTime') + usage(interval, 'debitInterval') * before)
}

/** Beyond these no amount has a meaning, and the digits would fill the memory. */
const MOST_EXPONENT = 400

function exponentiate(value: Found, exponent: Found, decimals: number): string {
  const shown = textOf(exponent)
  if (!/^[+-]?\d+$/.test(shown)) throw syntaxError('Atoi', shown)
  const power = Number(shown)
  if (Math.abs(power) > MOST_EXPONENT) throw new MappingError(`exponent ${shown} of *value_exponent is out of range`)
  let number: Decimal
  try {
    number = Decimal.parse(textOf(value))
  } catch (cause) {
    if (cause instanceof InvalidText) throw new MappingError(`invalid value <${textOf(value)}> to *value_exponent`)
    throw cause
  }
  const scale = number.scale - power
  const shifted =
    scale >= 0 ? new Decimal(number.coefficient, scale) : new Decimal(number.coefficient * 10n ** BigInt(-scale), 0)
  return shifted.round(decimals, '*middle').toString()
}
