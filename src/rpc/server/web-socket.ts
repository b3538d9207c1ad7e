import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { MessageScanner, type RpcMessage, type ScanFault } from '../json/scanner.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Page, sendText, type Upgrade, type Visit } from './http-listener.ts'
import { peerOfRequest } from './json-page.ts'
import { type Answer, answerMessage } from './json-rpc.ts'
import type { ConnectionLimits } from './rpc-connection.ts'
import { type Outlet, RpcStream } from './rpc-stream.ts'
import type { Served } from './tcp-listener.ts'

/** Octets that wait for a slow client, above which nothing more is read of it. */
const HIGH_WATER = 1 << 20

/** JSON-RPC in the frames of WebSocket connections (RFC 6455); one reply a text frame. Reference 01, 7.2. */
export class WebSockets {
  readonly #server: WebSocketServer
  readonly #dispatcher: Dispatcher
  readonly #limits: ConnectionLimits
  readonly #listener: string
  readonly #open = new Set<WebSocketConnection>()
  readonly #checker: NodeJS.Timeout

  constructor(dispatcher: Dispatcher, limits: ConnectionLimits, listener: string) {
    this.#dispatcher = dispatcher
    this.#limits = limits
    this.#listener = listener
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.maxRequest,
    })
    this.#checker = setInterval(() => this.#check(), 1_000)
    this.#checker.unref()
  }

  readonly upgrade: Upgrade = (request, socket, head, visit) => {
    // As the reference: only who says where it comes from.
    if (!URL.canParse(request.headers.origin ?? '')) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#serve(client, socket, request, visit))
  }

  /** What a request gets that does not ask for the protocol. */
  readonly page: Page = (request, response) => {
    request.resume()
    sendText(response, 400, 'not websocket protocol', { Connection: 'close' })
  }

  /** Takes no more requests, answers what is under way and ends the connections. */
  drain(): void {
    clearInterval(this.#checker)
    for (const connection of this.#open) connection.drain()
  }

  #serve(client: WebSocket, socket: Duplex, request: IncomingMessage, visit: Visit): void {
    const peer = peerOfRequest(request, visit, this.#listener)
    const connection = new WebSocketConnection(client, socket, this.#limits, (message) =>
      answerMessage(this.#dispatcher, message, peer),
    )
    this.#open.add(connection)
    client.on('close', () => this.#open.delete(connection))
  }

  #check(): void {
    const nowMs = Date.now()
    for (const connection of this.#open) connection.check(nowMs)
  }
}

/** What is sent in one turn of the event loop leaves in one write. */
class WebSocketConnection implements Outlet<string>, Served {
  readonly #client: WebSocket
  readonly #socket: Duplex
  readonly #limits: ConnectionLimits
  readonly #stream: RpcStream<RpcMessage, string>
  #isCorked = false

  constructor(client: WebSocket, socket: Duplex, limits: ConnectionLimits, handle: (message: RpcMessage) => Answer) {
    this.#client = client
    this.#socket = socket
    this.#limits = limits
    this.#stream = new RpcStream(new MessageScanner(limits.maxRequest), handle, this, limits.maxPending)
    client.on('message', (data) => this.#stream.push(octetsOf(data)))
    client.on('error', () => client.terminate())
    client.on('close', () => this.#stream.drop())
    socket.on('drain', () => this.#stream.hold(false))
  }

  send(text: string): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    this.#client.send(text)
    if (this.#client.bufferedAmount > HIGH_WATER) this.#stream.hold(true)
  }

  pause(): void {
    this.#client.pause()
  }

  resume(): void {
    this.#client.resume()
  }

  finish(fault: ScanFault | undefined): void {
    this.#client.close(fault === 'overlong' ? 1009 : 1000)
  }

  drain(): void {
    this.#stream.end()
  }

  check(nowMs: number): void {
    const { idleMs, partialMs } = this.#stream.silence(nowMs)
    const { idleTimeoutMs, readTimeoutMs } = this.#limits
    if ((idleTimeoutMs > 0 && idleMs > idleTimeoutMs) || (readTimeoutMs > 0 && partialMs > readTimeoutMs))
      this.#client.terminate()
  }
}

function octetsOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
