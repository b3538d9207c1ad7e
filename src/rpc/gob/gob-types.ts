import { Decimal } from '../../core/decimal.ts'
import { formatTime, isZeroTime, parseTime, ZERO_TIME, type ZonedTime } from '../../core/time.ts'
import { decodeGoTime, encodeGoTime } from '../../protocol/gob/go-time.ts'
import { GobError } from '../../protocol/gob/gob-error.ts'
import type { GobType } from '../../protocol/gob/types.ts'
import type { Form, Shape } from '../shape.ts'
import { EVENT_VALUE } from './event-values.ts'

/**
 * What values are made of gobs. `decoded`: as `Shape.decode` makes them, for the arguments of calls that come in. `json`: as JSON
 * of them is parsed, the fields of embedded structs beside the others, for everything that goes out and the replies to our calls.
 */
export type ValueForm = 'decoded' | 'json'

/** The gob types of shapes, made when they are first asked for. */
export class GobTypes {
  readonly #form: ValueForm
  readonly #made = new WeakMap<Form, GobType>()

  constructor(form: ValueForm) {
    this.#form = form
  }

  of(shape: Shape): GobType {
    const known = this.#made.get(shape.form)
    if (known !== undefined) return known
    const type = this.#make(shape)
    this.#made.set(shape.form, type)
    return type
  }

  #make(shape: Shape): GobType {
    const { form, goType: name } = shape
    const isJson = this.#form === 'json'
    switch (form.kind) {
      case 'text':
        return { kind: 'string', name, read: (wire) => wire, write: textOf }
      case 'boolean':
        return { kind: 'bool', name, read: (wire) => wire, write: booleanOf }
      case 'integer':
        return { kind: name.startsWith('uint') ? 'uint' : 'int', name, read: isJson ? same : safeOf, write: integerOf }
      case 'duration':
        return { kind: 'int', name, read: isJson ? same : BigInt, write: integerOf }
      case 'number':
        return { kind: 'float', name, read: finiteOf, write: floatOf }
      case 'decimal':
        return { kind: 'float', name, read: isJson ? finiteOf : decimalOf, write: floatOf }
      case 'bytes':
        return { kind: 'bytes', name, read: isJson ? base64Of : same, write: octetsOf }
      case 'time':
        return {
          kind: 'marshaler',
          name,
          form: 'gob',
          read: isJson ? (data) => formatTime(decodeGoTime(data)) : decodeGoTime,
          write: (value) => encodeGoTime(timeOf(value)),
          isZero: (value) => isZeroTime(timeOf(value)),
        }
      case 'any':
        return EVENT_VALUE
      case 'pointer':
        return { kind: 'pointer', name: `*${form.of.goType}`, of: this.of(form.of) }
      case 'list':
        return { kind: 'slice', name, of: this.of(form.of) }
      case 'map':
        return { kind: 'map', name, of: this.of(form.of) }
      case 'struct':
        return this.#struct(shape, form.fields)
    }
  }

  #struct(shape: Shape, shapes: Readonly<Record<string, Shape>>): GobType {
    const isJson = this.#form === 'json'
    const fields = Object.entries(shapes).map(([name, field]) => ({
      name,
      type: this.of(field),
      isInline: field.embedded === true && isJson,
    }))
    const zero = () =>
      isJson ? (zeroJson(shape) as Record<string, unknown>) : (shape.zero() as Record<string, unknown>)
    return { kind: 'struct', name: shape.goType, fields, zero }
  }
}

const same = <T>(value: T): T => value

/** What JSON shows of the zero value of a Go type. */
function zeroJson({ form, zero }: Shape): unknown {
  switch (form.kind) {
    case 'time':
      return formatTime(ZERO_TIME)
    case 'duration':
    case 'decimal':
      return 0
    case 'bytes':
      return ''
    case 'struct': {
      const value: Record<string, unknown> = {}
      for (const [name, field] of Object.entries(form.fields)) {
        if (field.embedded) Object.assign(value, zeroJson(field))
        else if (!field.omitEmpty) value[name] = zeroJson(field)
      }
      return value
    }
    default:
      return zero()
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new GobError(`a ${typeof value} is no string`)
}

function booleanOf(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new GobError(`a ${typeof value} is no bool`)
}

function integerOf(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw new GobError(`a ${typeof value} is no int`)
}

function safeOf(wire: number | bigint): number {
  if (typeof wire === 'number') return wire
  throw new GobError(`${wire} is out of range`)
}

function floatOf(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal) return Number(value)
  throw new GobError(`a ${typeof value} is no float64`)
}

function finiteOf(wire: number): number {
  if (Number.isFinite(wire)) return wire
  throw new GobError(`${wire} is out of range`)
}

function decimalOf(wire: number): Decimal {
  return Decimal.ofNumber(finiteOf(wire))
}

function base64Of(wire: Uint8Array): string {
  return Buffer.from(wire).toString('base64')
}

function octetsOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  return Buffer.from(textOf(value), 'base64')
}

/** Replies have times as text, arguments as ZonedTime. */
function timeOf(value: unknown): ZonedTime {
  if (value === undefined || value === null) return ZERO_TIME
  return typeof value === 'string' ? parseTime(value, 'UTC', ZERO_TIME) : (value as ZonedTime)
}
