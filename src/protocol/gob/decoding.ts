import { GobError } from './gob-error.ts'
import type { GobReader } from './reader.ts'
import { bareName, type GobInterface, type GobStruct, type GobType, setMember } from './types.ts'
import { BASIC_IDS, type WireType } from './wire-types.ts'

export type Decode = (reader: GobReader) => unknown

/** The longest name of a concrete type. */
const MAX_NAME = 1024

/**
 * Makes functions that read the values of a received type into a type of the program, once for each pair of them. Documentation
 * of Go's encoding/gob, "Types and Values".
 */
export class Decoding {
  readonly #types: ReadonlyMap<number, WireType>
  readonly #nextTypeId: (reader: GobReader) => number
  readonly #typed = new Map<GobType, Map<number, Decode>>()
  readonly #dynamic = new Map<GobInterface, Map<number, Decode>>()

  /** types: what was received. nextTypeId: reads the id of a concrete type, and the definitions that stand before it. */
  constructor(types: ReadonlyMap<number, WireType>, nextTypeId: (reader: GobReader) => number) {
    this.#types = types
    this.#nextTypeId = nextTypeId
  }

  /** Types that were received are gone. */
  forget(): void {
    this.#typed.clear()
    this.#dynamic.clear()
  }

  /** Reads values of the received type `id` that stand for themselves into `type`. Throws GobError when they do not fit. */
  topLevel(id: number, type: GobType): Decode {
    const target = type.kind === 'pointer' ? type.of : type
    if (!this.#fits(id, target)) {
      throw target.kind === 'struct'
        ? new GobError(`type mismatch in decoder: want struct type ${target.name}; got non-struct`)
        : new GobError(`decoding into local type *${target.name}, received remote type ${this.#describe(id)}`)
    }
    const decode = this.#decode(id, target)
    const wire = this.#types.get(id)
    if (wire?.kind === 'struct' && target.kind === 'struct' && hasNothingFor(wire.fields, target))
      throw new GobError(`type mismatch: no fields matched compiling decoder for ${bareName(target.name)}`)
    return this.#singleton(id, decode)
  }

  /** A value that is no struct has a zero before it, as if it were the first field of one. */
  #singleton(id: number, decode: Decode): Decode {
    if (this.#types.get(id)?.kind === 'struct') return decode
    return (reader) => {
      if (reader.delta() !== 0) throw new GobError('decode: corrupted data: non-zero delta for singleton')
      return decode(reader)
    }
  }

  /** Whether values of a received type can be read into `type`: the fields of structs are looked at one by one later. */
  #fits(id: number, type: GobType): boolean {
    const wire = this.#types.get(id)
    switch (type.kind) {
      case 'pointer':
        return this.#fits(id, type.of)
      case 'interface':
        return true
      case 'slice':
        return wire?.kind === 'slice' && this.#fits(wire.elem, type.of)
      case 'map':
        return wire?.kind === 'map' && wire.key === BASIC_IDS.string && this.#fits(wire.elem, type.of)
      case 'struct':
        return wire?.kind === 'struct'
      case 'marshaler':
        return wire?.kind === 'marshaler' && wire.form === type.form
      default:
        return id === BASIC_IDS[type.kind]
    }
  }

  #decode(id: number, type: GobType): Decode {
    const made = this.#typed.get(type) ?? new Map<number, Decode>()
    this.#typed.set(type, made)
    const known = made.get(id)
    if (known !== undefined) return known
    const decode = this.#make(id, type)
    made.set(id, decode)
    return decode
  }

  #make(id: number, type: GobType): Decode {
    const wire = this.#types.get(id)
    switch (type.kind) {
      case 'bool':
        return (reader) => type.read(reader.bool())
      case 'int':
        return (reader) => type.read(reader.int())
      case 'uint':
        return (reader) => type.read(reader.uint())
      case 'float':
        return (reader) => type.read(reader.float())
      case 'bytes':
        return (reader) => type.read(reader.octets())
      case 'string':
        return (reader) => type.read(reader.text())
      case 'marshaler':
        return (reader) => type.read(reader.octets())
      case 'pointer':
        return this.#decode(id, type.of)
      case 'interface':
        return this.#dynamicOf(id, type)
      case 'slice':
        return listOf(this.#decode(elementOf(wire), type.of))
      case 'map': {
        const decode = this.#decode(elementOf(wire), type.of)
        return mapOf((reader) => reader.text(), decode)
      }
      case 'struct': {
        const members = this.#members(wire, type)
        return (reader) => {
          const value = type.zero()
          readMembers(reader, members, type.fields.length, value)
          return value
        }
      }
    }
  }

  /** What to do with each field that was received. */
  #members(wire: WireType | undefined, type: GobStruct): Member[] {
    if (wire?.kind !== 'struct') return []
    const fields = new Map(type.fields.map((field) => [field.name, field]))
    const members = wire.fields.map(({ name, id }): Member => {
      const field = fields.get(name)
      if (field === undefined) return this.#ignored(id)
      if (!this.#fits(id, field.type))
        throw new GobError(`wrong type (${field.type.name}) for received field ${wire.name}.${name}`)
      if (field.isInline && field.type.kind === 'struct') {
        const inner = this.#members(this.#types.get(id), field.type)
        return (reader, value) => readMembers(reader, inner, 1, value)
      }
      const decode = this.#decode(id, field.type)
      return (reader, value) => {
        value[name] = decode(reader)
      }
    })
    return members
  }

  #ignored(id: number): Member {
    return (reader) => {
      this.#dynamicOf(id, IGNORED)(reader)
    }
  }

  /** Reads a value into what its own type says. Definitions of its parts may arrive while it is read. */
  #dynamicOf(id: number, type: GobInterface): Decode {
    const made = this.#dynamic.get(type) ?? new Map<number, Decode>()
    this.#dynamic.set(type, made)
    const known = made.get(id)
    if (known !== undefined) return known
    const decode = this.#makeDynamic(id, type)
    made.set(id, decode)
    return decode
  }

  #makeDynamic(id: number, type: GobInterface): Decode {
    switch (id) {
      case BASIC_IDS.bool:
        return (reader) => reader.bool()
      case BASIC_IDS.int:
        return (reader) => reader.int()
      case BASIC_IDS.uint:
        return (reader) => reader.uint()
      case BASIC_IDS.float:
        return (reader) => type.reader.float(reader.float())
      case BASIC_IDS.bytes:
        return (reader) => type.reader.bytes(reader.octets())
      case BASIC_IDS.string:
        return (reader) => reader.text()
      case BASIC_IDS.complex:
        return (reader) => type.reader.complex(reader.float(), reader.float())
      case BASIC_IDS.interface:
        return (reader) => this.#concrete(reader, type)
    }
    const wire = this.#types.get(id)
    // Types may hold themselves: what they hold is looked up when the first value is there.
    const later =
      (of: number): Decode =>
      (reader) =>
        this.#dynamicOf(of, type)(reader)
    switch (wire?.kind) {
      case 'array':
      case 'slice':
        return listOf(later(wire.elem))
      case 'map': {
        const key = later(wire.key)
        return mapOf((reader) => keyText(key(reader)), later(wire.elem))
      }
      case 'struct': {
        const members = wire.fields.map(({ name, id: of }): Member => {
          const decode = later(of)
          return (reader, value) => setMember(value, name, decode(reader))
        })
        return (reader) => {
          const value: Record<string, unknown> = {}
          readMembers(reader, members, members.length, value)
          return value
        }
      }
      case 'marshaler':
        return (reader) => type.reader.marshaled(wire.name, wire.form, reader.octets())
      default:
        throw new GobError(`type ${id} is used, but was not defined`)
    }
  }

  #concrete(reader: GobReader, type: GobInterface): unknown {
    const name = reader.text()
    if (name === '') return null
    if (name.length > MAX_NAME)
      throw new GobError(`name too long (${name.length} bytes): ${JSON.stringify(name.slice(0, 20))}...`)
    reader.enter(1)
    const id = this.#nextTypeId(reader)
    // How long the value is: of no use, definitions that stand inside are not counted.
    reader.uint()
    const decode = this.#namedMarshaler(id, name, type) ?? this.#dynamicOf(id, type)
    const value = type.reader.named(name, this.#singleton(id, decode)(reader))
    reader.leave()
    return value
  }

  /** Definitions of types that senders met as pointers first have no name: that of the concrete type stands for it. */
  #namedMarshaler(id: number, name: string, type: GobInterface): Decode | undefined {
    const wire = this.#types.get(id)
    if (wire?.kind !== 'marshaler' || wire.name !== '') return undefined
    return (reader) => type.reader.marshaled(bareName(name), wire.form, reader.octets())
  }

  /** A received type as errors show it. */
  #describe(id: number): string {
    for (const [name, basic] of Object.entries(BASIC_IDS)) if (basic === id) return name
    const wire = this.#types.get(id)
    if (wire === undefined) return `unknown type ${id}`
    if (wire.name !== '') return wire.name
    return wire.kind === 'slice' ? `[]${BASIC_NAMES.get(wire.elem) ?? '...'}` : wire.kind
  }
}

/** Whether both have fields, and none in common: most likely the wrong argument. */
function hasNothingFor(received: readonly { name: string }[], { fields }: GobStruct): boolean {
  const names = new Set(fields.map(({ name }) => name))
  return received.length > 0 && fields.length > 0 && !received.some(({ name }) => names.has(name))
}

const BASIC_NAMES = new Map<number, string>(Object.entries(BASIC_IDS).map(([name, id]) => [id, name]))

/** Reads one field of a struct into the value that it belongs to. */
type Member = (reader: GobReader, value: Record<string, unknown>) => void

function readMembers(
  reader: GobReader,
  members: readonly Member[],
  fields: number,
  value: Record<string, unknown>,
): void {
  // The object itself takes room too.
  reader.enter(fields + 1)
  for (let field = -1; ; ) {
    const delta = reader.delta()
    if (delta === 0) break
    field += delta
    const member = members[field]
    if (member === undefined) throw new GobError('corrupted data: field numbers out of bounds')
    member(reader, value)
  }
  reader.leave()
}

function listOf(decode: Decode): Decode {
  return (reader) => {
    const count = reader.count()
    const list: unknown[] = []
    reader.enter(count)
    for (let i = 0; i < count; i++) list.push(decode(reader))
    reader.leave()
    return list
  }
}

function mapOf(key: (reader: GobReader) => string, decode: Decode): Decode {
  return (reader) => {
    const count = reader.count()
    const map: Record<string, unknown> = {}
    reader.enter(count)
    for (let i = 0; i < count; i++) setMember(map, key(reader), decode(reader))
    reader.leave()
    return map
  }
}

function elementOf(wire: WireType | undefined): number {
  return wire?.kind === 'slice' || wire?.kind === 'map' ? wire.elem : 0
}

function keyText(key: unknown): string {
  return typeof key === 'object' ? JSON.stringify(key) : String(key)
}

/** Reads values that nobody wants. */
export const IGNORED: GobInterface = {
  kind: 'interface',
  name: 'interface {}',
  reader: { float: () => null, named: () => null, bytes: () => null, complex: () => null, marshaled: () => null },
  write: () => null,
}
