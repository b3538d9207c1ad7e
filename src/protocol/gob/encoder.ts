import { GobError } from './gob-error.ts'
import { bareName, type GobConcrete, type GobStruct, type GobType } from './types.ts'
import { BASIC_IDS, FIRST_OWN_ID, WIRE_TYPE, type WireTypeValue } from './wire-types.ts'
import { GobWriter } from './writer.ts'

/**
 * The values of one gob stream. Types are defined once, before the first value that needs them; those of interface values too,
 * so that a value is always one message. Documentation of Go's encoding/gob, "Encoding Details".
 */
export class GobEncoder {
  readonly #ids = new Map<GobType, number>()
  /** Slices and maps by what they hold, for Go has one type for all that are alike. */
  readonly #alike = new Map<string, number>()
  #nextId = FIRST_OWN_ID
  readonly #defined = new Set<number>()
  /** Ids defined for the value that is being written. */
  #fresh: number[] = []
  readonly #out = new GobWriter()
  readonly #body = new GobWriter()

  /**
   * The bytes of a value with the definitions that it needs. `values` follow each other in the stream: all of them are sent, or,
   * when one cannot be written, none. Throws GobError. Nothing (null, undefined) is a zero value.
   */
  encode(...values: readonly { type: GobType; value: unknown }[]): Buffer {
    this.#out.truncate(0)
    this.#fresh = []
    try {
      for (const { type, value } of values) this.#message(type, value)
    } catch (cause) {
      for (const id of this.#fresh) this.#defined.delete(id)
      throw cause
    }
    return Buffer.from(this.#out.written())
  }

  #message(declared: GobType, given: unknown): void {
    const { type, value } = concreteOf(declared, given)
    const id = this.#define(type)
    this.#body.truncate(0)
    this.#body.int(id)
    this.#standalone(type, value)
    const start = this.#out.length
    this.#out.append(this.#body.written())
    this.#out.insertLength(start)
  }

  /** A value that is no struct is sent as if it were the first field of one, without what ends it. */
  #standalone(type: GobType, value: unknown): void {
    if (type.kind !== 'struct') this.#body.uint(0)
    this.#write(this.#body, type, value)
  }

  #write(to: GobWriter, type: GobType, value: unknown): void {
    const isNothing = value === undefined || value === null
    switch (type.kind) {
      case 'bool':
        to.bool(isNothing ? false : type.write(value))
        break
      case 'int':
        to.int(isNothing ? 0 : inRange(type.write(value), MIN_INT, MAX_INT, type.name))
        break
      case 'uint':
        to.uint(isNothing ? 0 : inRange(type.write(value), 0n, MAX_UINT, type.name))
        break
      case 'float':
        to.float(isNothing ? 0 : type.write(value))
        break
      case 'bytes':
        to.octets(isNothing ? NO_OCTETS : type.write(value))
        break
      case 'string':
        to.text(isNothing ? '' : type.write(value))
        break
      case 'marshaler':
        to.octets(type.write(value))
        break
      case 'pointer':
        this.#write(to, type.of, value)
        break
      case 'slice': {
        const elements = isNothing ? [] : arrayOf(value, type)
        to.uint(elements.length)
        for (const each of elements) this.#write(to, type.of, each)
        break
      }
      case 'map': {
        const entries = isNothing ? [] : Object.entries(objectOf(value, type))
        to.uint(entries.length)
        for (const [key, each] of entries) {
          to.text(key)
          this.#write(to, type.of, each)
        }
        break
      }
      case 'struct':
        this.#struct(to, type, isNothing ? {} : objectOf(value, type))
        break
      case 'interface':
        this.#interface(to, isNothing ? null : type.write(value))
        break
    }
  }

  #struct(to: GobWriter, { fields }: GobStruct, value: Record<string, unknown>): void {
    let last = -1
    for (const [i, { name, type, isInline }] of fields.entries()) {
      const member = isInline ? value : value[name]
      if (isLeftOut(type, member)) continue
      to.uint(i - last)
      last = i
      this.#write(to, type, member)
    }
    to.uint(0)
  }

  #interface(to: GobWriter, concrete: GobConcrete | null): void {
    if (concrete === null) {
      to.uint(0)
      return
    }
    to.text(concrete.name)
    to.int(this.#define(concrete.type))
    const start = to.length
    if (concrete.type.kind !== 'struct') to.uint(0)
    this.#write(to, concrete.type, concrete.value)
    to.insertLength(start)
  }

  /** The id of a type, which is defined when it is new. */
  #define(type: GobType): number {
    const id = this.#id(type)
    if (id < FIRST_OWN_ID || this.#defined.has(id)) return id
    this.#defined.add(id)
    this.#fresh.push(id)
    const definition = new GobWriter()
    definition.int(-id)
    this.#write(definition, WIRE_TYPE, this.#describe(id, type))
    this.#out.octets(definition.written())
    for (const part of partsOf(type)) this.#define(part)
    return id
  }

  #id(type: GobType): number {
    const known = type.kind in BASIC_IDS ? BASIC_IDS[type.kind as keyof typeof BASIC_IDS] : this.#ids.get(type)
    if (known !== undefined) return known
    const id = this.#newId(type)
    this.#ids.set(type, id)
    return id
  }

  /** As Go numbers types: a struct before its fields, a slice or a map after what it holds. */
  #newId(type: GobType): number {
    if (type.kind === 'pointer') return this.#id(type.of)
    if (type.kind === 'slice' || type.kind === 'map') {
      const signature = `${type.kind} ${this.#id(type.of)}`
      const id = this.#alike.get(signature) ?? this.#nextId++
      this.#alike.set(signature, id)
      return id
    }
    const id = this.#nextId++
    this.#ids.set(type, id)
    for (const part of partsOf(type)) this.#id(part)
    return id
  }

  #describe(id: number, type: GobType): WireTypeValue {
    const common = (Name: string) => ({ CommonType: { Name, Id: id } })
    switch (type.kind) {
      case 'slice':
        return { SliceT: { ...common(type.name), Elem: this.#id(type.of) } }
      case 'map':
        return { MapT: { ...common(type.name), Key: BASIC_IDS.string, Elem: this.#id(type.of) } }
      case 'struct': {
        const Field = type.fields.map((field) => ({ Name: field.name, Id: this.#id(field.type) }))
        return { StructT: { ...common(bareName(type.name)), Field } }
      }
      case 'marshaler': {
        const marshaler = common(bareName(type.name))
        if (type.form === 'gob') return { GobEncoderT: marshaler }
        return type.form === 'binary' ? { BinaryMarshalerT: marshaler } : { TextMarshalerT: marshaler }
      }
      case 'pointer':
        return this.#describe(id, type.of)
      default:
        throw new Error(`type ${type.name} needs no definition`)
    }
  }
}

const MIN_INT = -(1n << 63n)
const MAX_INT = (1n << 63n) - 1n
const MAX_UINT = (1n << 64n) - 1n
const NO_OCTETS = new Uint8Array()

/** An interface that stands for itself is sent as what it holds. */
function concreteOf(type: GobType, value: unknown): { type: GobType; value: unknown } {
  if (type.kind !== 'interface') return { type, value }
  const concrete = value === undefined || value === null ? null : type.write(value)
  return concrete ?? { type: NOTHING, value: {} }
}

/** What stands for a reply that there is not. */
export const NOTHING: GobStruct = { kind: 'struct', name: '', fields: [], zero: () => ({}) }

function partsOf(type: GobType): readonly GobType[] {
  switch (type.kind) {
    case 'pointer':
      return partsOf(type.of)
    case 'slice':
    case 'map':
      return [type.of]
    case 'struct':
      return type.fields.map((field) => field.type)
    default:
      return []
  }
}

/** Whether a field is not sent. A pointer to zero is: the receiver can tell it from nothing. */
function isLeftOut(type: GobType, value: unknown): boolean {
  if (type.kind === 'struct') return false
  if (value === undefined || value === null) return true
  switch (type.kind) {
    case 'bool':
      return !type.write(value)
    case 'int':
    case 'uint': {
      const number = type.write(value)
      return number === 0 || number === 0n
    }
    case 'float':
      return type.write(value) === 0
    case 'bytes':
      return type.write(value).length === 0
    case 'string':
      return type.write(value) === ''
    case 'slice':
      return arrayOf(value, type).length === 0
    case 'marshaler':
      return type.isZero(value)
    case 'interface':
      return type.write(value) === null
    case 'map':
    case 'pointer':
      return false
  }
}

function inRange(value: number | bigint, low: bigint, high: bigint, name: string): number | bigint {
  if (
    typeof value === 'number' ? Number.isSafeInteger(value) && (value >= 0 || low < 0n) : value >= low && value <= high
  )
    return value
  throw new GobError(`${value} is no ${name}`)
}

function arrayOf(value: unknown, { name }: GobType): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new GobError(`a ${typeof value} is no ${name}`)
}

function objectOf(value: unknown, { name }: GobType): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new GobError(`a ${Array.isArray(value) ? 'list' : typeof value} is no ${name}`)
}
