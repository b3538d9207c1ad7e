import { Decimal } from '../core/decimal.ts'
import type { EventValue } from '../core/event.ts'
import { parseTime, ZERO_TIME, type ZonedTime } from '../core/time.ts'
import { JsonRpcCode, RpcError } from './rpc-error.ts'

/**
 * What an argument or a reply looks like: one description from which JSON arguments are decoded, gob values are decoded and
 * encoded, and the OpenRPC document is made. goType: the name that Go clients know the type by, with its package; it stands in
 * the errors that they get. T: the decoded value. Reference 01, 7.1 and 9.1.
 */
export type Shape<T = unknown> = {
  readonly goType: string
  readonly form: Form
  /** A field of a reply that is left out when it is empty. */
  readonly omitEmpty?: true
  /** A field whose own fields stand in its place in JSON; in gob it is nested. */
  readonly embedded?: true
  /** The value of nothing: absent or null. A new one at each call. */
  zero(): T
  /** Decodes what `parseJson` gave. Throws RpcError with the text of a Go server. */
  decode(value: unknown, place?: FieldPlace): T
}

export type Form =
  | { readonly kind: 'text' | 'integer' | 'decimal' | 'number' | 'boolean' | 'duration' | 'time' | 'bytes' | 'any' }
  | { readonly kind: 'list' | 'map' | 'pointer'; readonly of: Shape }
  | { readonly kind: 'struct'; readonly fields: Readonly<Record<string, Shape>> }

/** The decoded value of a shape. */
export type ValueOf<S> = S extends Shape<infer T> ? T : never

/** Struct and field that a value stands in; field: with those of the structs around it (`Actions.Units`). */
export type FieldPlace = { readonly struct: string; readonly field: string }

function mismatch(found: string, goType: string, place: FieldPlace | undefined): RpcError {
  const into = place === undefined ? 'value' : `struct field ${place.struct}.${place.field}`
  return new RpcError(`json: cannot unmarshal ${found} into Go ${into} of type ${goType}`, JsonRpcCode.INVALID_PARAMS)
}

/** The name that Go gives to the JSON type of a value. */
function goKind(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'number':
    case 'bigint':
      return 'number'
    default:
      return value instanceof Decimal ? 'number' : Array.isArray(value) ? 'array' : 'object'
  }
}

function scalar<T>(
  kind: 'text' | 'integer' | 'decimal' | 'number' | 'boolean' | 'duration' | 'time' | 'bytes' | 'any',
  goType: string,
  zero: () => T,
  read: (value: unknown, place: FieldPlace | undefined) => T,
): Shape<T> {
  return {
    goType,
    form: { kind },
    zero,
    decode: (value, place) => (value === undefined || value === null ? zero() : read(value, place)),
  }
}

export const text: Shape<string> = scalar(
  'text',
  'string',
  () => '',
  (value, place) => {
    if (typeof value === 'string') return value
    throw mismatch(goKind(value), 'string', place)
  },
)

export const boolean: Shape<boolean> = scalar(
  'boolean',
  'bool',
  () => false,
  (value, place) => {
    if (typeof value === 'boolean') return value
    throw mismatch(goKind(value), 'bool', place)
  },
)

/** A whole number that counts something: limits, offsets, attempts. */
export const integer: Shape<number> = scalar('integer', 'int', () => 0, integerOf('int'))

/** As `integer`, of the Go type int64. */
export const integer64: Shape<number> = scalar('integer', 'int64', () => 0, integerOf('int64'))

function integerOf(goType: string) {
  return (value: unknown, place: FieldPlace | undefined): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    throw mismatch(numberText(value), goType, place)
  }
}

/** A number that is no amount: a weight, a percentage. */
export const number: Shape<number> = scalar(
  'number',
  'float64',
  () => 0,
  (value, place) => {
    if (goKind(value) === 'number') return Number(value)
    throw mismatch(goKind(value), 'float64', place)
  },
)

/** An amount or a number of units, exact. */
export const decimal: Shape<Decimal> = scalar(
  'decimal',
  'float64',
  () => Decimal.ZERO,
  (value, place) => {
    if (value instanceof Decimal) return value
    if (typeof value === 'number') return Decimal.ofNumber(value)
    if (typeof value === 'bigint') return Decimal.of(value)
    throw mismatch(goKind(value), 'float64', place)
  },
)

/** Nanoseconds as an integer: a text such as "1m" is refused, as Go does. */
export const duration: Shape<bigint> = scalar('duration', 'time.Duration', () => 0n, wholeOf('time.Duration'))

/** As `duration`, of the Go type int64: nanoseconds since 1970. */
export const whole: Shape<bigint> = scalar('duration', 'int64', () => 0n, wholeOf('int64'))

function wholeOf(goType: string) {
  return (value: unknown, place: FieldPlace | undefined): bigint => {
    if (typeof value === 'bigint') return value
    // A long number that `parseJson` left as it is has the digits that it prints, not those of its binary float.
    if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63) return BigInt(String(value))
    throw mismatch(numberText(value), goType, place)
  }
}

/** A Go number that does not fit is named with its value. */
function numberText(value: unknown): string {
  return goKind(value) === 'number' ? `number ${String(value)}` : goKind(value)
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** RFC 3339 with optional fraction; 0001-01-01T00:00:00Z is no time. */
export const time: Shape<ZonedTime> = scalar(
  'time',
  'time.Time',
  () => ZERO_TIME,
  (value) => {
    if (typeof value !== 'string') throw new RpcError('Time.UnmarshalJSON: input is not a JSON string')
    if (RFC_3339.test(value)) return parseTime(value, 'UTC', ZERO_TIME)
    throw new RpcError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    )
  },
)

/** Octets, base64 in JSON. */
export const bytes: Shape<Buffer> = scalar(
  'bytes',
  '[]uint8',
  () => Buffer.alloc(0),
  (value, place) => {
    if (typeof value === 'string') return Buffer.from(value, 'base64')
    throw mismatch(goKind(value), '[]uint8', place)
  },
)

/** Any JSON value, as it came. */
export const any: Shape<EventValue> = scalar(
  'any',
  'interface {}',
  () => null,
  (value) => value as EventValue,
)

/** A list; nothing is an empty one. */
export function list<T>(of: Shape<T>): Shape<T[]> {
  const goType = `[]${of.goType}`
  return {
    goType,
    form: { kind: 'list', of },
    zero: () => [],
    decode(value, place) {
      if (value === undefined || value === null) return []
      if (!Array.isArray(value)) throw mismatch(goKind(value), goType, place)
      return value.map((each) => of.decode(each, place))
    },
  }
}

/** A map by text; nothing is an empty one. */
export function map<T>(of: Shape<T>): Shape<Record<string, T>> {
  const goType = `map[string]${of.goType}`
  return {
    goType,
    form: { kind: 'map', of },
    zero: () => ({}),
    decode(value, place) {
      if (value === undefined || value === null) return {}
      if (goKind(value) !== 'object') throw mismatch(goKind(value), goType, place)
      if (of === (any as Shape)) return value as Record<string, T>
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, of.decode(each, place)]))
    },
  }
}

/** A value that may be nothing (a pointer in Go): null stays null. */
export function pointer<T>(of: Shape<T>): Shape<T | null> {
  return {
    goType: of.goType,
    form: { kind: 'pointer', of },
    zero: () => null,
    decode: (value, place) => (value === undefined || value === null ? null : of.decode(value, place)),
  }
}

export type StructShape<F extends Readonly<Record<string, Shape>>> = Shape<{ [K in keyof F]: ValueOf<F[K]> }> & {
  readonly form: { readonly kind: 'struct'; readonly fields: F }
}

/** Where a JSON key goes: the embedded structs on the way, and the field. */
type Target = {
  readonly owners: readonly string[]
  readonly name: string
  readonly shape: Shape
  readonly place: FieldPlace
}

/**
 * A struct by its Go name with package (`utils.CGREvent`), fields in the order of the reference. Keys match in any letter case,
 * unknown ones are ignored, those of embedded structs stand beside its own.
 */
export function struct<const F extends Readonly<Record<string, Shape>>>(goType: string, fields: F): StructShape<F> {
  type Value = { [K in keyof F]: ValueOf<F[K]> }
  const entries = Object.entries(fields)
  const targets = targetsOf(goType, fields, [])
  const zero = (): Value => {
    const value: Record<string, unknown> = {}
    for (const [name, shape] of entries) value[name] = shape.zero()
    return value as Value
  }
  return {
    goType,
    form: { kind: 'struct', fields },
    zero,
    decode(value, place) {
      if (value === undefined || value === null) return zero()
      if (goKind(value) !== 'object') throw mismatch(goKind(value), goType, place)
      const decoded = zero()
      for (const key in value) {
        const target = targets.get(key) ?? targets.get(key.toLowerCase())
        if (target === undefined) continue
        let owner = decoded as Record<string, unknown>
        for (const name of target.owners) owner = owner[name] as Record<string, unknown>
        const { struct: bare, field } = target.place
        const inner = place === undefined ? target.place : { struct: bare, field: `${place.field}.${field}` }
        owner[target.name] = target.shape.decode((value as Record<string, unknown>)[key], inner)
      }
      return decoded
    },
  }
}

/** Fields by their name and by its lower case; a field hides those of the same name in embedded structs. */
function targetsOf(
  goType: string,
  fields: Readonly<Record<string, Shape>>,
  owners: readonly string[],
): Map<string, Target> {
  const targets = new Map<string, Target>()
  const bare = goType.slice(goType.lastIndexOf('.') + 1)
  const inner: Map<string, Target>[] = []
  for (const [name, shape] of Object.entries(fields)) {
    if (shape.embedded && shape.form.kind === 'struct')
      inner.push(targetsOf(goType, shape.form.fields, [...owners, name]))
    else {
      const target = { owners, name, shape, place: { struct: bare, field: [...owners, name].join('.') } }
      targets.set(name, target).set(name.toLowerCase(), target)
    }
  }
  for (const each of inner) for (const [key, target] of each) if (!targets.has(key)) targets.set(key, target)
  return targets
}

/** A struct whose fields stand beside those of the struct that has it. */
export function embedded<S extends Shape>(shape: S): S {
  return { ...shape, embedded: true }
}

/** A decoded struct with the fields of the structs embedded in it beside its own, as JSON has them. */
export function flat({ form }: Shape, decoded: unknown): Record<string, unknown> {
  const value = decoded as Record<string, unknown>
  if (form.kind !== 'struct') return value
  const beside: Record<string, unknown> = {}
  for (const [name, shape] of Object.entries(form.fields))
    if (shape.embedded) Object.assign(beside, flat(shape, value[name]))
    else beside[name] = value[name]
  return beside
}

/** A field of a reply that is left out when it is empty. */
export function omitEmpty<S extends Shape>(shape: S): S {
  return { ...shape, omitEmpty: true }
}

/** A number of this many digits may not survive a binary float. */
const LONG_NUMBER_LENGTH = 16
const LONG_NUMBER = /\d[\d.]{15}/

/** Parses JSON; numbers that a binary float would change become bigint or Decimal. Throws SyntaxError. */
export function parseJson(source: string): unknown {
  if (source.length < LONG_NUMBER_LENGTH || !LONG_NUMBER.test(source)) return JSON.parse(source)
  return JSON.parse(source, (_key, value: unknown, context?: { source?: string }) => {
    const digits = context?.source
    if (typeof value !== 'number' || digits === undefined || String(value) === digits) return value
    if (/^-?\d+$/.test(digits)) return Number.isSafeInteger(value) ? value : BigInt(digits)
    return /^-?\d+\.\d+$/.test(digits) ? Decimal.parse(digits) : value
  })
}
