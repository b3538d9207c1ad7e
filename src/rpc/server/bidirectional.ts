import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { compactJson, escapeHtml } from '../json/go-text.ts'
import type { RpcMessage } from '../json/scanner.ts'
import { JsonRpcCode, RpcError } from '../rpc-error.ts'
import { parseJson } from '../shape.ts'
import { CANCEL, type Dispatcher } from './dispatcher.ts'
import { JsonArgument } from './json-argument.ts'
import { type Answer, errorReply, resultReply, UNREADABLE } from './json-rpc.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { Peer } from './peer.ts'

/** Services that are called over bidirectional connections. Reference 01, 7.4. */
const SERVED = ['SessionSv1.', 'ThresholdSv1.']

/** A client that can be called back. */
export interface BiConnection {
  /** Seven hex digits, other than those of every connection that is open. */
  readonly id: string
  /** Key of section `listen`. */
  readonly listener: string
  /**
   * Calls a method of the client. Gives its result. Throws RpcError: what the client answered, `DISCONNECTED` when it is gone,
   * `REPLY_TIMEOUT` when it has not answered within timeoutMs.
   */
  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown>
  /** The connection is lost: whoever waits for its answers learns it. */
  close(): void
}

/** Throws RpcError for methods that clients of bidirectional connections do not have. Reference 01, 7.4. */
export function requireServed({ registry }: Dispatcher, method: string): void {
  const isServed = method === CANCEL || (SERVED.some((service) => method.startsWith(service)) && registry.has(method))
  if (!isServed) throw new RpcError(`birpc: can't find method ${method}`, JsonRpcCode.METHOD_NOT_FOUND)
}

/** The clients that can be called back now, by the id that calls of theirs have as `connectionId`. Reference 01, 7.4. */
export class BiConnections {
  readonly #open = new Map<string, BiConnection>()

  /** The connection of an id, undefined when it is closed. */
  get(id: string): BiConnection | undefined {
    return this.#open.get(id)
  }

  /** Every connection that is open, oldest first. */
  all(): BiConnection[] {
    return [...this.#open.values()]
  }

  /** A random id that no open connection has. */
  newId(): string {
    for (;;) {
      const id = randomBytes(4).toString('hex').slice(0, 7)
      if (!this.#open.has(id)) return id
    }
  }

  /** Knows a connection for as long as its client can be called: one that ends its side is gone. */
  join(connection: BiConnection, socket: Socket): void {
    this.#open.set(connection.id, connection)
    const leave = () => {
      this.#open.delete(connection.id)
      connection.close()
    }
    socket.once('end', leave)
    socket.once('close', leave)
  }
}

/** The JSON form: requests both ways on one stream; ids of the two directions have nothing to do with each other. */
export class JsonBiConnection implements BiConnection {
  readonly id: string
  readonly listener: string
  readonly #peer: Peer
  readonly #dispatcher: Dispatcher
  readonly #send: (text: string) => void
  readonly #calls = new OutgoingCalls()

  /** peer: its connectionId is the id of this connection. send: writes to the client. */
  constructor(peer: Peer, dispatcher: Dispatcher, send: (text: string) => void) {
    this.id = peer.connectionId
    this.listener = peer.listener
    this.#peer = peer
    this.#dispatcher = dispatcher
    this.#send = send
  }

  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown> {
    return this.#calls.open(timeoutMs, (id) => {
      const json = escapeHtml(eventJson(argument as EventValue))
      this.#send(`{"method":${JSON.stringify(method)},"params":[${json}],"id":${id}}\n`)
    })
  }

  close(): void {
    this.#calls.close()
  }

  /** A request of the client, or its reply to one of ours. */
  handle(message: RpcMessage): Answer {
    if (message.kind !== 'object') return UNREADABLE
    return message.method === '' ? this.#settle(message) : this.#answer(message)
  }

  #answer({ method, params, id }: RpcMessage): string | Promise<string> {
    // Without an id, or with null, it is a notification.
    const isNotification = id === undefined || id === 'null'
    const echoed = isNotification ? 'null' : compactJson(id)
    const failed = (cause: unknown) => (isNotification ? '' : errorReply(echoed, cause))
    try {
      const result = this.#call(method, params)
      if (!(result instanceof Promise)) return isNotification ? '' : resultReply(echoed, result)
      return result.then((value) => (isNotification ? '' : resultReply(echoed, value))).catch(failed)
    } catch (cause) {
      return failed(cause)
    }
  }

  #call(method: string, params: string | undefined): unknown {
    requireServed(this.#dispatcher, method)
    return this.#dispatcher.call(method, new JsonArgument(params, false), this.#peer)
  }

  /** A reply to nothing that waits is not looked at; one that says nothing, or to no number, ends the connection. */
  #settle({ id, result, error }: RpcMessage): Answer {
    const hasError = error !== undefined && error !== 'null'
    if (id === undefined || !/^\d+$/.test(id)) return UNREADABLE
    if (!hasError && (result === undefined || result === 'null')) return UNREADABLE
    if (hasError) this.#calls.reject(Number(id), errorOf(error))
    else this.#calls.resolve(Number(id), () => parseJson(result ?? 'null'))
    return ''
  }
}

/** Errors are a text; what else comes is shown as it is. */
function errorOf(json: string): string {
  const error: unknown = JSON.parse(json)
  return typeof error === 'string' ? error : json
}
