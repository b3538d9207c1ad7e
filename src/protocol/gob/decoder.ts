import { type Decode, Decoding, IGNORED } from './decoding.ts'
import { GobError } from './gob-error.ts'
import { GobReader } from './reader.ts'
import type { GobType } from './types.ts'
import {
  BOOTSTRAP_TYPES,
  FIRST_OWN_ID,
  WIRE_TYPE,
  WIRE_TYPE_ID,
  type WireType,
  type WireTypeValue,
  wireTypeOf,
} from './wire-types.ts'

/** What one connection may send. Octets are those on the wire. */
export type GobLimits = {
  /** Of one value with the messages that it is spread over. */
  readonly valueBytes: number
  /** Of all type definitions together. */
  readonly definitionBytes: number
  /** Elements, and fields of structs, that one value may have: a field that was left out has its place too. */
  readonly valueParts: number
}

export const DEFAULT_LIMITS: GobLimits = { valueBytes: 8 << 20, definitionBytes: 256 << 10, valueParts: 4_000_000 }

/** A buffer of up to this size is kept while the connection is idle. */
const KEPT_BUFFER = 64 << 10

/** Messages that one value may go on in. */
const MAX_CONTINUATIONS = 64

export type GobRead =
  | { readonly kind: 'value'; readonly value: unknown }
  /** The value is not all there. */
  | { readonly kind: 'incomplete' }
  /** isFatal: what follows cannot be read any more; otherwise the next read gives the next value. */
  | { readonly kind: 'error'; readonly error: GobError; readonly isFatal: boolean }

/** Where the decoder is while it tries a value. */
type Attempt = { cursor: number; continuations: number; defined: number[]; definitionBytes: number }

/** Thrown, and caught, in this file alone. */
const INCOMPLETE = Symbol('incomplete')

/**
 * The values of one gob stream, in order. Bytes are pushed as they come; nothing that they say makes it throw, or keep more than
 * the limits. Documentation of Go's encoding/gob, "Encoding Details".
 */
export class GobDecoder {
  readonly #limits: GobLimits
  readonly #types = new Map<number, WireType>(BOOTSTRAP_TYPES)
  readonly #reader = new GobReader()
  readonly #decoding: Decoding
  readonly #definition: Decode
  #buffer = Buffer.alloc(0)
  /** Of the bytes in the buffer, what is not yet part of a value that was read, and where they end. */
  #start = 0
  #end = 0
  /** Octets of the stream that have to be there before a read can find more than the last did. */
  #wanted = 0
  #definitionBytes = 0
  #attempt = startAt(0)
  #failure: GobError | undefined

  constructor(limits: GobLimits = DEFAULT_LIMITS) {
    this.#limits = limits
    this.#decoding = new Decoding(this.#types, (reader) => this.#typeIdInside(reader))
    this.#definition = this.#decoding.topLevel(WIRE_TYPE_ID, WIRE_TYPE)
  }

  /** Octets that were pushed and not read. */
  get buffered(): number {
    return this.#end - this.#start
  }

  push(bytes: Uint8Array): void {
    const held = this.#end - this.#start
    const size = held + bytes.length
    const isOutgrown = this.#buffer.length > KEPT_BUFFER && size < KEPT_BUFFER / 4
    if (isOutgrown || this.#end + bytes.length > this.#buffer.length) {
      const fits = !isOutgrown && size <= this.#buffer.length / 2
      const target = fits ? this.#buffer : Buffer.allocUnsafe(Math.max(4096, size * 2))
      this.#buffer.copy(target, 0, this.#start, this.#end)
      this.#buffer = target
      this.#start = 0
      this.#end = held
    }
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The next value, read into `type`. A value that does not fit is passed over, as Go's decoder does. */
  read(type: GobType): GobRead {
    return this.#next(type)
  }

  /** Passes over the next value. */
  skip(): GobRead {
    return this.#next(IGNORED)
  }

  #next(type: GobType): GobRead {
    if (this.#failure !== undefined) return { kind: 'error', error: this.#failure, isFatal: true }
    if (this.buffered < this.#wanted) return { kind: 'incomplete' }
    this.#wanted = 0
    try {
      return { kind: 'value', value: this.#value(type) }
    } catch (cause) {
      if (cause === INCOMPLETE) return this.#rollBack({ kind: 'incomplete' })
      if (!(cause instanceof GobError)) throw cause
      return this.#passOver(cause)
    }
  }

  /** After a value that cannot be read into what was wanted: finds where it ends. */
  #passOver(error: GobError): GobRead {
    this.#rollBack({ kind: 'incomplete' })
    try {
      this.#value(IGNORED)
      return { kind: 'error', error, isFatal: false }
    } catch (cause) {
      if (cause === INCOMPLETE) return this.#rollBack({ kind: 'incomplete' })
      if (!(cause instanceof GobError)) throw cause
      this.#failure = error
      return { kind: 'error', error, isFatal: true }
    }
  }

  #rollBack(read: GobRead): GobRead {
    for (const id of this.#attempt.defined) this.#types.delete(id)
    if (this.#attempt.defined.length > 0) this.#decoding.forget()
    this.#definitionBytes -= this.#attempt.definitionBytes
    this.#attempt = startAt(this.#start)
    return read
  }

  #value(type: GobType): unknown {
    for (;;) {
      this.#attempt = startAt(this.#start)
      this.#reader.restart(this.#limits.valueParts)
      this.#openMessage()
      const id = typeId(this.#reader)
      if (id > 0) {
        const value = this.#decoding.topLevel(id, type)(this.#reader)
        this.#start = this.#attempt.cursor
        return value
      }
      this.#define(-id)
      if (!this.#reader.isAtEnd) throw new GobError('extra data in buffer')
      this.#start = this.#attempt.cursor
    }
  }

  /** Goes on with the next message. */
  #openMessage(): void {
    const { cursor } = this.#attempt
    const prefix = lengthPrefix(this.#buffer, cursor, this.#end)
    if (prefix === undefined) throw this.#incomplete(this.#end + 1)
    const end = prefix.start + prefix.length
    if (end - this.#start > this.#limits.valueBytes)
      throw new GobError(
        `a message of ${prefix.length} bytes is longer than the ${this.#limits.valueBytes} that one may have`,
      )
    if (end > this.#end) throw this.#incomplete(end)
    this.#attempt.cursor = end
    this.#reader.open(this.#buffer, prefix.start, end)
  }

  #incomplete(end: number): typeof INCOMPLETE {
    this.#wanted = end - this.#start
    return INCOMPLETE
  }

  /** The id of the concrete type of an interface; senders put definitions before it, of which the first may end the message. */
  #typeIdInside(reader: GobReader): number {
    for (;;) {
      if (reader.isAtEnd) {
        if (++this.#attempt.continuations > MAX_CONTINUATIONS)
          throw new GobError(`a value goes on in more than ${MAX_CONTINUATIONS} messages`)
        this.#openMessage()
      }
      const id = typeId(reader)
      if (id > 0) return id
      this.#define(-id)
      if (!reader.isAtEnd) reader.uint()
    }
  }

  #define(id: number): void {
    if (id < FIRST_OWN_ID) throw new GobError(`type id ${id} is reserved`)
    if (this.#types.has(id)) throw new GobError('duplicate type received')
    const from = this.#reader.at
    const type = wireTypeOf(this.#definition(this.#reader) as WireTypeValue)
    this.#attempt.definitionBytes += this.#reader.at - from
    this.#definitionBytes += this.#reader.at - from
    if (this.#definitionBytes > this.#limits.definitionBytes)
      throw new GobError(`type definitions of more than ${this.#limits.definitionBytes} bytes`)
    this.#types.set(id, type)
    this.#attempt.defined.push(id)
  }
}

function startAt(cursor: number): Attempt {
  return { cursor, continuations: 0, defined: [], definitionBytes: 0 }
}

/** Positive: of a value. Negative: a definition follows. */
function typeId(reader: GobReader): number {
  const id = reader.int()
  if (typeof id === 'bigint' || Math.abs(id) > 0x7fffffff || id === 0) throw new GobError(`invalid type id ${id}`)
  return id
}

/** The length before a message and where what it counts begins; undefined: not all there. Throws GobError. */
function lengthPrefix(bytes: Buffer, at: number, end: number): { start: number; length: number } | undefined {
  if (at >= end) return undefined
  const first = bytes[at] ?? 0
  if (first < 0x80) return { start: at + 1, length: first }
  const size = 0x100 - first
  if (size > 6) throw new GobError('encoded unsigned integer out of range')
  return at + 1 + size > end ? undefined : { start: at + 1 + size, length: bytes.readUIntBE(at + 1, size) }
}
