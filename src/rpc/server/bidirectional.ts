import { randomBytes } from 'node:crypto'
import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { compactJson, escapeHtml } from '../json/go-text.ts'
import type { RpcMessage } from '../json/scanner.ts'
import { JsonRpcCode, RpcError } from '../rpc-error.ts'
import { parseJson } from '../shape.ts'
import type { Dispatcher } from './dispatcher.ts'
import { JsonArgument } from './json-argument.ts'
import { type Answer, errorReply, resultReply, UNREADABLE } from './json-rpc.ts'
import type { Peer } from './peer.ts'

/** Services that are called over bidirectional connections. Reference 01, 7.4. */
const SERVED = ['SessionSv1.', 'ThresholdSv1.']
const CANCEL = '_goRPC_.Cancel'

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

  add(connection: BiConnection): void {
    this.#open.set(connection.id, connection)
  }

  remove(id: string): void {
    this.#open.delete(id)
  }
}

type Waiting = { resolve: (result: unknown) => void; reject: (cause: RpcError) => void; timer: NodeJS.Timeout }

/** The JSON form: requests both ways on one stream; ids of the two directions have nothing to do with each other. */
export class JsonBiConnection implements BiConnection {
  readonly id: string
  readonly listener: string
  readonly #peer: Peer
  readonly #dispatcher: Dispatcher
  readonly #send: (text: string) => void
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #isOpen = true

  /** peer: its connectionId is the id of this connection. send: writes to the client. */
  constructor(peer: Peer, dispatcher: Dispatcher, send: (text: string) => void) {
    this.id = peer.connectionId
    this.listener = peer.listener
    this.#peer = peer
    this.#dispatcher = dispatcher
    this.#send = send
  }

  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown> {
    if (!this.#isOpen) return Promise.reject(new RpcError('DISCONNECTED'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const json = escapeHtml(eventJson(argument as EventValue))
      const timer = setTimeout(() => this.#take(id)?.reject(new RpcError('REPLY_TIMEOUT')), timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#send(`{"method":${JSON.stringify(method)},"params":[${json}],"id":${id}}\n`)
    })
  }

  /** The connection is lost: whoever waits for its answers learns it. */
  close(): void {
    this.#isOpen = false
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new RpcError('DISCONNECTED'))
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
    const isServed = method === CANCEL || SERVED.some((service) => method.startsWith(service))
    if (!isServed || (method !== CANCEL && !this.#dispatcher.registry.has(method)))
      throw new RpcError(`birpc: can't find method ${method}`, JsonRpcCode.METHOD_NOT_FOUND)
    return this.#dispatcher.call(method, new JsonArgument(params, false), this.#peer)
  }

  /** A reply to nothing that waits is not looked at; one that says nothing, or to no number, ends the connection. */
  #settle({ id, result, error }: RpcMessage): Answer {
    const hasError = error !== undefined && error !== 'null'
    if (id === undefined || !/^\d+$/.test(id)) return UNREADABLE
    if (!hasError && (result === undefined || result === 'null')) return UNREADABLE
    const waiting = this.#take(Number(id))
    if (hasError) waiting?.reject(new RpcError(errorOf(error)))
    else waiting?.resolve(parseJson(result ?? 'null'))
    return ''
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    return waiting
  }
}

/** Errors are a text; what else comes is shown as it is. */
function errorOf(json: string): string {
  const error: unknown = JSON.parse(json)
  return typeof error === 'string' ? error : json
}
