import { DEFAULT_LIMITS } from '../../protocol/gob/decoder.ts'
import { GobError } from '../../protocol/gob/gob-error.ts'
import { INT, record } from '../../protocol/gob/types.ts'
import type { GobTypes } from '../gob/gob-types.ts'
import { type GobHeader, type GobMessage, GobWire } from '../gob/gob-wire.ts'
import type { FindShapes, MethodShapes } from '../gob/method-shapes.ts'
import { RpcError } from '../rpc-error.ts'
import type { ClientCodec, Incoming } from './codec.ts'
import { NetworkError } from './errors.ts'

/** Replies may be as long as those over JSON. */
const LIMITS = { ...DEFAULT_LIMITS, valueBytes: 256 << 20, valueParts: 40_000_000 }

const CANCEL_ARGS = record('rpc2.CancelArgs', { Seq: { ...INT, kind: 'uint', name: 'uint64' } as typeof INT })

/** Go's net/rpc over gob; arguments and results are those of JSON, as the shapes of each method say. Reference 01, 7.4 and 7.5. */
export class GobCodec implements ClientCodec {
  readonly #types: GobTypes
  readonly #shapes: FindShapes
  readonly #wire: GobWire
  /** Shapes of the calls whose reply is waited for, and of those of the peer that are not answered, by id. */
  readonly #ours = new Map<number, MethodShapes>()
  readonly #theirs = new Map<unknown, MethodShapes>()

  /** types: those in the form `json`. */
  constructor(types: GobTypes, shapes: FindShapes) {
    this.#types = types
    this.#shapes = shapes
    this.#wire = new GobWire(LIMITS, (header) => this.#bodyType(header))
  }

  /** Throws RpcError when the method is not known, or the argument does not fit it. */
  encodeCall(id: number, method: string, argument: unknown): Buffer {
    const shapes = this.#shapes(method)
    if (shapes === undefined) throw new RpcError(`rpc: can't find method ${method}`)
    const bytes = this.#wire.call(id, method, this.#types.of(shapes.params), argument)
    this.#ours.set(id, shapes)
    return bytes
  }

  encodeCancel(id: number, cancelled: number): Buffer {
    this.#ours.delete(cancelled)
    return this.#wire.call(id, '_goRPC_.Cancel', CANCEL_ARGS, { Seq: cancelled })
  }

  encodeReply(id: unknown, result: unknown, error: string | null): Buffer {
    const shapes = this.#theirs.get(id)
    this.#theirs.delete(id)
    const seq = id as number
    if (error !== null || shapes === undefined) return this.#wire.refuse(seq, error ?? 'NOT_IMPLEMENTED')
    try {
      return this.#wire.reply(seq, this.#types.of(shapes.reply), result)
    } catch (cause) {
      if (cause instanceof GobError) return this.#wire.refuse(seq, `SERVER_ERROR: ${cause.message}`)
      throw cause
    }
  }

  decode(bytes: Buffer): Incoming[] {
    this.#wire.push(bytes)
    const incoming: Incoming[] = []
    for (let message = this.#wire.next(); message !== undefined; message = this.#wire.next())
      incoming.push(message.header.method === '' ? this.#replyOf(message) : this.#callOf(message))
    if (this.#wire.failure !== undefined) throw new NetworkError(this.#wire.failure.message)
    return incoming
  }

  #bodyType({ method, seq, error }: GobHeader) {
    const shape = method !== '' ? this.#shapes(method)?.params : this.#ours.get(Number(seq))?.reply
    return shape === undefined || error !== '' ? undefined : this.#types.of(shape)
  }

  #replyOf({ header, body, fault }: GobMessage): Incoming {
    const id = Number(header.seq)
    this.#ours.delete(id)
    const error = fault === undefined ? header.error || null : `reading body ${fault.message}`
    return { kind: 'reply', id, result: body, error }
  }

  #callOf({ header, body, fault }: GobMessage): Incoming {
    const shapes = this.#shapes(header.method)
    if (shapes !== undefined) this.#theirs.set(header.seq, shapes)
    const call = { kind: 'call', id: header.seq, method: header.method, argument: body } as const
    return fault === undefined ? call : { ...call, fault: fault.message }
  }
}
