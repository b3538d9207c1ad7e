import type { GobLimits } from '../../protocol/gob/decoder.ts'
import { DEFAULT_LIMITS } from '../../protocol/gob/decoder.ts'
import { GobError } from '../../protocol/gob/gob-error.ts'
import type { GobType } from '../../protocol/gob/types.ts'
import { GobTypes } from '../gob/gob-types.ts'
import { type GobHeader, type GobMessage, GobWire } from '../gob/gob-wire.ts'
import { errorText } from '../method.ts'
import { boolean } from '../shape.ts'
import { CANCEL, type Dispatcher } from './dispatcher.ts'
import { GobArgument } from './gob-argument.ts'
import type { Answer } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import type { Batch, ConnectionLimits } from './rpc-connection.ts'

/** What is to be written: it must be when it is sent, because later values count on the types that earlier ones defined. */
export type GobSend = (wire: GobWire) => Buffer

/** The gob types of all methods, shared by every connection. */
export class GobMethods {
  readonly #dispatcher: Dispatcher
  readonly #arguments = new GobTypes('decoded')
  readonly #results = new GobTypes('json')

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  get results(): GobTypes {
    return this.#results
  }

  /** undefined: there is no such method. */
  argumentType(method: string): GobType | undefined {
    const { registry } = this.#dispatcher
    return registry.has(method) ? this.#arguments.of(registry.find(method).params) : undefined
  }

  /** Answers a call as Go servers do. Reference 01, 7.5. require: throws RpcError for what may not be called here. */
  answer({ header, body, fault }: GobMessage, peer: Peer, require?: (method: string) => void): Answer<GobSend> {
    const { method, seq } = header
    const failed =
      (cause: unknown): GobSend =>
      (wire) =>
        wire.refuse(seq, errorText(cause))
    try {
      require?.(method)
      const result = this.#dispatcher.call(method, new GobArgument(body, fault), peer)
      const type = this.#resultType(method)
      if (!(result instanceof Promise)) return replyWith(seq, type, result)
      return result.then((value) => replyWith(seq, type, value)).catch(failed)
    } catch (cause) {
      return failed(cause)
    }
  }

  #resultType(method: string): GobType {
    return this.#results.of(method === CANCEL ? boolean : this.#dispatcher.registry.find(method).reply)
  }
}

/** A result that its shape cannot carry is an error of ours: the client gets one too. */
function replyWith(seq: number | bigint, type: GobType, result: unknown): GobSend {
  return (wire) => {
    try {
      return wire.reply(seq, type, result)
    } catch (cause) {
      if (cause instanceof GobError) return wire.refuse(seq, errorText(cause))
      throw cause
    }
  }
}

/** A wire that reads as much as a connection may send. */
export function gobWire(limits: ConnectionLimits, bodyType: (header: GobHeader) => GobType | undefined): GobWire {
  const bounds: GobLimits = { ...DEFAULT_LIMITS, valueBytes: limits.maxRequest }
  return new GobWire(bounds, bodyType)
}

/** What is sent, written in the order in which it is. */
export class GobBatch implements Batch<GobSend> {
  readonly #wire: GobWire
  #octets: Buffer[] = []

  constructor(wire: GobWire) {
    this.#wire = wire
  }

  add(send: GobSend): void {
    this.#octets.push(send(this.#wire))
  }

  take(): Buffer {
    const [first, ...others] = this.#octets
    this.#octets = []
    if (first === undefined) return Buffer.alloc(0)
    return others.length === 0 ? first : Buffer.concat([first, ...others])
  }
}
