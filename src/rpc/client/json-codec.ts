import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { MessageScanner, type RpcMessage } from '../json/scanner.ts'
import { parseJson } from '../shape.ts'
import type { ClientCodec, Incoming } from './codec.ts'
import { NetworkError } from './errors.ts'

/** Octets that one reply may have. */
const MAX_REPLY = 256 << 20

/** JSON-RPC 1.0 as Go's net/rpc/jsonrpc writes it, objects back to back. Reference 01, 7.1 and 7.4. */
export class JsonCodec implements ClientCodec {
  readonly #scanner = new MessageScanner(MAX_REPLY)

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
    this.#scanner.push(bytes)
    const incoming: Incoming[] = []
    for (let message = this.#scanner.next(); message !== undefined; message = this.#scanner.next())
      incoming.push(incomingOf(message))
    if (this.#scanner.fault === 'overlong') throw new NetworkError(`a reply is longer than ${MAX_REPLY} octets`)
    if (this.#scanner.fault !== undefined) throw new NetworkError('a reply is no JSON')
    return incoming
  }
}

/** The line of one call. */
export function callText(id: number, method: string, argument: unknown): string {
  return `{"method":${JSON.stringify(method)},"params":[${eventJson(argument as EventValue)}],"id":${id}}\n`
}

/** The reply in the body of an HTTP answer. Throws NetworkError. */
export function replyOf(body: Buffer): Incoming {
  const scanner = new MessageScanner(MAX_REPLY)
  scanner.push(body)
  const message = scanner.next()
  if (message === undefined)
    throw new NetworkError(`a reply is no JSON: ${body.toString('utf8', 0, 200)}`, { isSent: true })
  return incomingOf(message)
}

function incomingOf({ kind, method, id, params, result, error }: RpcMessage): Incoming {
  if (kind !== 'object') throw new NetworkError('a reply is no JSON object', { isSent: true })
  const number = id === undefined ? undefined : parseJson(id)
  if (method !== '') return { kind: 'call', id: number, method, argument: argumentIn(params) }
  if (typeof number !== 'number')
    throw new NetworkError(`a reply with an id that is none: ${id ?? 'none'}`, { isSent: true })
  return { kind: 'reply', id: number, result: result === undefined ? null : parseJson(result), error: errorOf(error) }
}

function argumentIn(params: string | undefined): unknown {
  const parsed = params === undefined ? undefined : parseJson(params)
  return Array.isArray(parsed) ? (parsed[0] as unknown) : parsed
}

/** Errors are text under JSON-RPC 1.0, objects with a message under 2.0. */
function errorOf(json: string | undefined): string | null {
  const error: unknown = json === undefined ? null : JSON.parse(json)
  if (error === null || typeof error === 'string') return error
  const { message } = error as { message?: unknown }
  return typeof message === 'string' ? message : JSON.stringify(error)
}
