import { Decimal } from '../core/decimal.ts'
import { parseDuration } from '../core/duration.ts'
import { textOf } from './context.ts'
import { Duration, MappingError, TemplateError, type Value } from './value.ts'

export type Converter = (value: Exclude<Value, undefined>) => Exclude<Value, undefined>

const SECOND = Decimal.of(1_000_000_000n)
const MINUTE = Decimal.of(60_000_000_000n)

/** Compiles one converter definition (`*round:2:*up`). Throws TemplateError for an unknown one. Reference 02, 4. */
export function compileConverter(definition: string): Converter {
  const [name = '', ...args] = definition.split(':')
  switch (name) {
    case '*duration':
      return (value) => new Duration(usageOf(value))
    case '*duration_seconds':
      return (value) => Decimal.of(usageOf(value)).divide(SECOND, 9, '*down')
    case '*duration_minutes':
      return (value) => Decimal.of(usageOf(value)).divide(MINUTE, 9, '*middle')
    case '*duration_nanoseconds':
      return usageOf
    case '*round':
      return (value) => decimalOf(value).round(Number(args[0] ?? 0), args[1] ?? '*middle')
    case '*multiply':
      return withFactor(args[0], (value, factor) => value.times(factor))
    case '*divide':
      return withFactor(args[0], (value, factor) => value.divide(factor, 15, '*middle'))
    case '*float64':
      return decimalOf
    case '*gigawords':
      return (value) => BigInt(integerText(value)) * 4_294_967_296n
    case '*len':
      return (value) => Buffer.byteLength(textOf(value))
    case '*json':
      return (value) => (value instanceof Duration ? String(value.ns) : JSON.stringify(textOf(value)))
    case '*string2hex':
      return (value) => hexOf(value instanceof Buffer ? value : Buffer.from(textOf(value)))
    case '*ip2hex':
      return (value) =>
        /^\d+(\.\d+){3}$/.test(textOf(value)) ? hexOf(Buffer.from(textOf(value).split('.').map(Number))) : ''
    case '*urldecode':
      return (value) => decodeURIComponent(textOf(value).replaceAll('+', ' '))
    case '*conn_status':
      return (value) => ({ UP: 1, DOWN: -1 })[textOf(value)] ?? 0
    default:
      throw new TemplateError(`unsupported converter definition: <${definition}>`)
  }
}

function withFactor(text: string | undefined, apply: (value: Decimal, factor: Decimal) => Decimal): Converter {
  if (text === undefined) throw new TemplateError('mandatory information missing')
  const factor = Decimal.parse(text)
  return (value) => apply(decimalOf(value), factor)
}

/** A value as usage: ns or plain units. */
export function usageOf(value: Exclude<Value, undefined>): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Duration) return value.ns
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  return value instanceof Decimal ? value.truncate() : parseDuration(textOf(value))
}

function decimalOf(value: Exclude<Value, undefined>): Decimal {
  if (value instanceof Decimal) return value
  if (typeof value === 'bigint') return Decimal.of(value)
  if (value instanceof Duration) return Decimal.of(value.ns)
  const text = textOf(value)
  if (/[smh]$/.test(text)) return Decimal.of(parseDuration(text))
  try {
    return Decimal.parse(text)
  } catch {
    throw new MappingError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
}

function integerText(value: Exclude<Value, undefined>): string {
  const text = textOf(value)
  if (/^[+-]?\d+$/.test(text)) return text
  throw new MappingError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function hexOf(bytes: Buffer): string {
  return bytes.length === 0 ? '' : `0x${bytes.toString('hex')}`
}
