import { GobDecoder, type GobLimits, type GobRead } from '../../protocol/gob/decoder.ts'
import { GobEncoder, NOTHING } from '../../protocol/gob/encoder.ts'
import type { GobError } from '../../protocol/gob/gob-error.ts'
import { type GobType, INT, record, TEXT } from '../../protocol/gob/types.ts'
import type { MessageSource } from '../server/rpc-stream.ts'

/** A call, when it names a method, or the reply to one. */
export type GobHeader = {
  /** '' in replies. */
  readonly method: string
  readonly seq: number | bigint
  /** '' in calls, and in replies that have a result. */
  readonly error: string
}

export type GobMessage = {
  readonly header: GobHeader
  /** What came after the header, undefined where nobody asked for it. */
  readonly body: unknown
  /** Why the body is not what was wanted. */
  readonly fault: GobError | undefined
}

const SEQ: GobType = { ...INT, kind: 'uint', name: 'uint64' } as GobType

const REQUEST = record('rpc.Request', { ServiceMethod: TEXT, Seq: SEQ })
const RESPONSE = record('rpc.Response', { Seq: SEQ, Error: TEXT })
/** Fields are found by name: this reads both. */
const HEADER = record('rpc.Header', { ServiceMethod: TEXT, Seq: SEQ, Error: TEXT })

type HeaderValue = { ServiceMethod?: string; Seq?: number | bigint; Error?: string }

/**
 * The messages of Go's net/rpc on one connection, both ways: a header and a body each, as values of one gob stream. What is
 * written must be sent in the order in which it was written. Reference 01, 7.5.
 */
export class GobWire implements MessageSource<GobMessage> {
  readonly #decoder: GobDecoder
  readonly #encoder = new GobEncoder()
  readonly #bodyType: (header: GobHeader) => GobType | undefined
  #header: GobHeader | undefined
  #failure: GobError | undefined

  /** bodyType: what follows a header; undefined: it is passed over. */
  constructor(limits: GobLimits, bodyType: (header: GobHeader) => GobType | undefined) {
    this.#decoder = new GobDecoder(limits)
    this.#bodyType = bodyType
  }

  /** Why nothing more can be read. */
  get failure(): GobError | undefined {
    return this.#failure
  }

  get fault(): 'syntax' | undefined {
    return this.#failure === undefined ? undefined : 'syntax'
  }

  get isWithinValue(): boolean {
    return this.#header !== undefined || this.#decoder.buffered > 0
  }

  push(bytes: Uint8Array): void {
    this.#decoder.push(bytes)
  }

  next(): GobMessage | undefined {
    if (this.#failure !== undefined) return undefined
    const header = this.#header ?? this.#readHeader()
    if (header === undefined) return undefined
    const type = this.#bodyType(header)
    const read = type === undefined ? this.#decoder.skip() : this.#decoder.read(type)
    if (read.kind === 'incomplete') return undefined
    this.#header = undefined
    this.#noteFatal(read)
    const body = read.kind === 'value' && type !== undefined ? read.value : undefined
    return { header, body, fault: read.kind === 'error' ? read.error : undefined }
  }

  #readHeader(): GobHeader | undefined {
    const read = this.#decoder.read(HEADER)
    if (read.kind === 'value') {
      const { ServiceMethod = '', Seq = 0, Error: error = '' } = read.value as HeaderValue
      this.#header = { method: ServiceMethod, seq: Seq, error }
    } else if (read.kind === 'error') this.#failure = read.error
    return this.#header
  }

  #noteFatal(read: GobRead): void {
    if (read.kind === 'error' && read.isFatal) this.#failure = read.error
  }

  end(): undefined {
    return undefined
  }

  /** A call. Throws GobError when the argument does not fit its type; then nothing is sent. */
  call(seq: number, method: string, type: GobType, argument: unknown): Buffer {
    return this.#encoder.encode(
      { type: REQUEST, value: { ServiceMethod: method, Seq: seq } },
      { type, value: argument },
    )
  }

  /** A reply with a result. Throws GobError when it does not fit its type; then nothing is sent. */
  reply(seq: number | bigint, type: GobType, result: unknown): Buffer {
    return this.#encoder.encode({ type: RESPONSE, value: { Seq: seq, Error: '' } }, { type, value: result })
  }

  /** A reply with an error. */
  refuse(seq: number | bigint, error: string): Buffer {
    return this.#encoder.encode({ type: RESPONSE, value: { Seq: seq, Error: error } }, { type: NOTHING, value: {} })
  }
}
