import { setTimeout as wait } from 'node:timers/promises'
import { RpcError } from '../rpc-error.ts'
import { fibonacciWaits } from './backoff.ts'
import type { ClientCodec } from './codec.ts'
import { type Callbacks, type Connection, dial, StreamConnection } from './connection.ts'
import { DEADLINE_EXCEEDED, NetworkError } from './errors.ts'
import { HttpConnection } from './http-connection.ts'
import type { HostSettings, Transport } from './settings.ts'

/** How often a call may be sent. `always`: again whenever its outcome is unknown, the server runs it once; `never`: not again then. */
export type Repeats = 'always' | 'once' | 'never'

export type CallOptions = {
  /** No other host is asked after this one, so that a lost connection is worth waiting for. */
  isLast: boolean
  repeats: Repeats
}

/** What a pool asks its hosts. */
export interface Host {
  /** Calls a method. Throws RpcError with the answer of the server, NetworkError when there is none. */
  call(method: string, argument: unknown, options: CallOptions): Promise<unknown>
  close(): void
}

/** The codec of a new connection. Throws RpcError for a transport that is no stream. */
export type MakeCodec = (transport: Transport) => ClientCodec

/**
 * A host over the network: opened by the first call, opened again when it was lost. A host that refuses costs a call one try
 * while another host is left; one that does not even refuse costs nothing: it is tried in the background. Reference 01, 3.3.
 */
export class RemoteHost implements Host {
  readonly #settings: HostSettings
  readonly #callbacks: Callbacks | undefined
  readonly #makeCodec: MakeCodec
  readonly #closing = new AbortController()
  #connection: Connection | undefined
  #trying: Promise<Connection> | undefined
  #wasConnected = false
  /** Why the last try failed, undefined after one that succeeded. */
  #failure: NetworkError | undefined

  constructor(settings: HostSettings, callbacks: Callbacks | undefined, makeCodec: MakeCodec) {
    this.#settings = settings
    this.#callbacks = callbacks
    this.#makeCodec = makeCodec
  }

  async call(method: string, argument: unknown, { isLast, repeats }: CallOptions): Promise<unknown> {
    const deadline = performance.now() + this.#settings.replyTimeoutMs
    for (let tries = 1; ; tries++) {
      const connection = await this.#open(deadline, isLast)
      try {
        return await connection.call(method, argument, left(deadline))
      } catch (cause) {
        const isLost = cause instanceof NetworkError && cause.message !== DEADLINE_EXCEEDED
        if (!isLost || this.#settings.reconnects === 0 || this.#closing.signal.aborted) throw cause
        const isTriedOut = repeats === 'always' ? performance.now() >= deadline : tries > 1
        if (isTriedOut || (repeats === 'never' && cause.isSent)) throw cause
      }
    }
  }

  close(): void {
    this.#closing.abort()
    this.#connection?.close()
  }

  /** The open connection, after as many tries as are due and fit before the deadline (ms of the monotonic clock). */
  async #open(deadline: number, isLast: boolean): Promise<Connection> {
    if (this.#connection?.isOpen) return this.#connection
    const { connectAttempts, maxReconnectIntervalMs, reconnects } = this.#settings
    const isKnownDead = this.#failure !== undefined
    if (isKnownDead && !isLast && this.#failure?.message.endsWith('i/o timeout')) {
      void this.#try(this.#settings.connectTimeoutMs).catch(() => undefined)
      throw this.#failure
    }
    const first = isKnownDead && !isLast ? 1 : connectAttempts
    const attempts = !this.#wasConnected ? first : isLast ? unlimited(reconnects) : Math.min(1, unlimited(reconnects))
    const waits = fibonacciWaits(maxReconnectIntervalMs)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#try(left(deadline))
      } catch (cause) {
        const pause = waits.next().value
        if (attempt >= attempts || !(cause instanceof NetworkError) || performance.now() + pause >= deadline)
          throw cause
        await wait(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      }
    }
  }

  /** One try; callers at the same time share it. */
  #try(timeoutMs: number): Promise<Connection> {
    if (this.#closing.signal.aborted) return Promise.reject(new NetworkError('connection is shut down'))
    this.#trying ??= this.#connect(timeoutMs).finally(() => {
      this.#trying = undefined
    })
    return this.#trying
  }

  async #connect(timeoutMs: number): Promise<Connection> {
    const { transport } = this.#settings
    try {
      const connection =
        transport === '*http_jsonrpc' ? new HttpConnection(this.#settings) : await this.#connectStream(timeoutMs)
      if (this.#closing.signal.aborted) connection.close()
      this.#connection = connection
      this.#wasConnected = true
      this.#failure = undefined
      return connection
    } catch (cause) {
      if (cause instanceof NetworkError) this.#failure = cause
      throw cause
    }
  }

  async #connectStream(timeoutMs: number): Promise<Connection> {
    const codec = this.#makeCodec(this.#settings.transport)
    return new StreamConnection(await dial(this.#settings, timeoutMs), codec, this.#callbacks)
  }
}

function left(deadline: number): number {
  return Math.max(1, Math.ceil(deadline - performance.now()))
}

function unlimited(reconnects: number): number {
  return reconnects < 0 ? Number.POSITIVE_INFINITY : reconnects
}

/** Runs a method of this process. Throws what its clients see as RpcError. */
export type LocalCall = (method: string, argument: unknown) => Promise<unknown>

/** This process itself as a host of a pool: a service that it does not have is an error of its own. Reference 01, 3.1. */
export class LocalHost implements Host {
  readonly #call: LocalCall

  constructor(call: LocalCall) {
    this.#call = call
  }

  async call(method: string, argument: unknown): Promise<unknown> {
    try {
      return await this.#call(method, copyOf(argument))
    } catch (cause) {
      if (cause instanceof RpcError && cause.message.startsWith("rpc: can't find service"))
        throw new RpcError('UNSUPPORTED_SERVICE_METHOD')
      throw cause
    }
  }

  close(): void {}
}

/** A copy of plain objects and lists; what is in them besides (amounts, texts) cannot be changed. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member)]))
}

/** Several connections to one host with one call on each at a time; calls wait for a free one. Reference 01, 3.3. */
export class ParallelHost implements Host {
  readonly #open: () => Host
  readonly #limit: number
  readonly #hosts: Host[] = []
  readonly #free: Host[] = []
  readonly #waiting: ((host: Host) => void)[] = []

  /** open: makes one more connection; limit: how many there may be. */
  constructor(open: () => Host, limit: number) {
    this.#open = open
    this.#limit = Math.max(1, limit)
  }

  async call(method: string, argument: unknown, { repeats }: CallOptions): Promise<unknown> {
    const host = await this.#take()
    try {
      return await host.call(method, argument, { isLast: true, repeats })
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free.push(host)
      else next(host)
    }
  }

  close(): void {
    for (const host of this.#hosts) host.close()
  }

  #take(): Host | Promise<Host> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#hosts.length >= this.#limit) return new Promise((resolve) => this.#waiting.push(resolve))
    const host = this.#open()
    this.#hosts.push(host)
    return host
  }
}
