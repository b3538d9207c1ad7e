import { StringDecoder } from 'node:string_decoder'
import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { JsonSplitter } from '../json-tcp.ts'
import { parseJson } from '../shape.ts'
import type { ClientCodec, Incoming } from './codec.ts'
import { NetworkError } from './errors.ts'

/** Octets that one reply may have. */
const MAX_REPLY = 256 << 20

/** JSON-RPC 1.0 as Go's net/rpc/jsonrpc writes it, objects back to back. Reference 01, 7.1 and 7.4. */
export class JsonCodec implements ClientCodec {
  readonly #decoder = new StringDecoder('utf8')
  readonly #splitter = new JsonSplitter()
  #unread = 0

  encodeCall(id: number, method: string, argument: unknown): string {
    return callText(id, method, argument)
  }

  encodeCancel(id: number, cancelled: number): string {
    return callText(id, '_goRPC_.Cancel', { Seq: cancelled })
  }

  encodeReply(id: unknown, result: unknown, error: string | null): string {
    return `${eventJson({ id, result, error } as EventValue)}\n`
  }

  decode(bytes: Buffer): Incoming[] {
    const objects = this.#splitter.push(this.#decoder.write(bytes))
    this.#unread = objects.length > 0 ? 0 : this.#unread + bytes.length
    if (this.#unread > MAX_REPLY) throw new NetworkError(`a reply is longer than ${MAX_REPLY} octets`)
    return objects.map(incomingOf)
  }
}

/** The line of one call. */
export function callText(id: number, method: string, argument: unknown): string {
  return `{"method":${JSON.stringify(method)},"params":[${eventJson(argument as EventValue)}],"id":${id}}\n`
}

/** Reads one object. Throws NetworkError. */
export function incomingOf(text: string): Incoming {
  const { id, method, params, result, error } = read(text)
  if (typeof method === 'string' && method !== '')
    return { kind: 'call', id, method, argument: Array.isArray(params) ? params[0] : params }
  if (typeof id !== 'number') throw new NetworkError(`a reply with an id that is none: ${text.slice(0, 200)}`)
  return { kind: 'reply', id, result: result ?? null, error: errorOf(error) }
}

function read(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new NetworkError(`a reply is no JSON: ${text.slice(0, 200)}`, { cause })
  }
  throw new NetworkError(`a reply is no JSON object: ${text.slice(0, 200)}`)
}

/** Errors are text under JSON-RPC 1.0, objects with a message under 2.0. */
function errorOf(error: unknown): string | null {
  if (error === undefined || error === null) return null
  if (typeof error === 'string') return error
  const { message } = error as { message?: unknown }
  return typeof message === 'string' ? message : JSON.stringify(error)
}
