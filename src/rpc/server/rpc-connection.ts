import type { Socket } from 'node:net'
import type { ScanFault } from '../json/scanner.ts'
import type { Answer } from './json-rpc.ts'
import { type MessageSource, type Outlet, RpcStream, type StreamLimits } from './rpc-stream.ts'
import type { Served } from './tcp-listener.ts'

export type ConnectionLimits = StreamLimits & {
  /** Silence after which a connection without calls is ended, ms; 0: never. */
  readonly idleTimeoutMs: number
  /** Time that one request may take to come in, ms; 0: any. */
  readonly readTimeoutMs: number
}

/** How long a connection whose replies are all sent waits for its peer to end it too. */
const LINGER_MS = 2_000
const LINGER_AT_STOP_MS = 100

/** The replies of one turn of the event loop, in order. */
export interface Batch<R> {
  add(reply: R): void
  /** The octets, or the text, of all that was added; it is empty then. */
  take(): string | Buffer
}

/** A socket with messages on it. What is sent in one turn of the event loop leaves in one write. */
export class RpcConnection<M, R> implements Outlet<R>, Served {
  readonly #socket: Socket
  readonly #stream: RpcStream<M, R>
  readonly #batch: Batch<R>
  readonly #limits: ConnectionLimits
  #isFlushDue = false
  #lingerMs = LINGER_MS

  constructor(
    socket: Socket,
    source: MessageSource<M>,
    handle: (message: M) => Answer<R>,
    batch: Batch<R>,
    limits: ConnectionLimits,
  ) {
    this.#socket = socket
    this.#batch = batch
    this.#limits = limits
    this.#stream = new RpcStream(source, handle, this, limits.maxPending)
    socket.on('data', (chunk: Buffer) => this.#stream.push(chunk))
    socket.on('end', () => this.#stream.end())
    socket.on('drain', () => this.#stream.hold(false))
    socket.on('close', () => this.#stream.drop())
  }

  send(reply: R): void {
    this.#batch.add(reply)
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    process.nextTick(() => this.#flush())
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  finish(_fault: ScanFault | undefined): void {
    this.#flush()
    // What still comes is read and forgotten: the peer shall get the replies, not a reset.
    this.#socket.resume()
    this.#socket.end(() => {
      const linger = setTimeout(() => this.#socket.destroy(), this.#lingerMs)
      this.#socket.once('close', () => clearTimeout(linger))
    })
  }

  drain(): void {
    this.#lingerMs = LINGER_AT_STOP_MS
    this.#stream.end()
  }

  check(nowMs: number): void {
    const { idleMs, partialMs } = this.#stream.silence(nowMs)
    const { idleTimeoutMs, readTimeoutMs } = this.#limits
    if ((idleTimeoutMs > 0 && idleMs > idleTimeoutMs) || (readTimeoutMs > 0 && partialMs > readTimeoutMs))
      this.#socket.destroy()
  }

  #flush(): void {
    this.#isFlushDue = false
    const unsent = this.#batch.take()
    if (unsent.length === 0 || this.#socket.writableEnded) return
    if (!this.#socket.write(unsent)) this.#stream.hold(true)
  }
}
