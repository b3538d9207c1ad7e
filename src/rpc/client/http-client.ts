import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Config } from '../../config/schema.ts'

/** `http.client_opts`. Times in ms, 0: no limit. Reference 01, 4.3. */
export type HttpClientOptions = {
  /** Servers need not prove who they are. */
  skipTlsVerify: boolean
  tlsHandshakeTimeoutMs: number
  /** A connection for each request. */
  disableKeepAlives: boolean
  disableCompression: boolean
  /** Connections that wait for a request, of all servers and of one; 0: no limit, and 2. */
  maxIdleConns: number
  maxIdleConnsPerHost: number
  /** Connections to one server; 0: 100. Requests beyond it wait. */
  maxConnsPerHost: number
  idleConnTimeoutMs: number
  /** From the end of the request to the head of the answer. */
  responseHeaderTimeoutMs: number
  dialTimeoutMs: number
  /** Head start of one address of a server before the next is tried, too; negative: one after the other. */
  dialFallbackDelayMs: number
  /** How often an open connection is probed; negative: never. */
  dialKeepAliveMs: number
}

/** Where a request goes and what it says. */
export type HttpRequest = {
  url: URL
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string | number>>
  body?: string
  signal: AbortSignal
}

/** The head of an answer; its body as the server meant it, whatever it was sent as. */
export type HttpAnswer = { status: number; headers: IncomingMessage['headers']; body: Readable }

/** What the configuration says. */
export function httpClientOptions({ client_opts: opts }: Config['http']): HttpClientOptions {
  return {
    skipTlsVerify: opts.skipTlsVerify,
    tlsHandshakeTimeoutMs: milliseconds(opts.tlsHandshakeTimeout),
    disableKeepAlives: opts.disableKeepAlives,
    disableCompression: opts.disableCompression,
    maxIdleConns: opts.maxIdleConns,
    maxIdleConnsPerHost: opts.maxIdleConnsPerHost,
    maxConnsPerHost: opts.maxConnsPerHost,
    idleConnTimeoutMs: milliseconds(opts.idleConnTimeout),
    responseHeaderTimeoutMs: milliseconds(opts.responseHeaderTimeout),
    dialTimeoutMs: milliseconds(opts.dialTimeout),
    dialFallbackDelayMs: milliseconds(opts.dialFallbackDelay),
    dialKeepAliveMs: milliseconds(opts.dialKeepAlive),
  }
}

const MAX_CONNECTIONS = 100
const MAX_IDLE_OF_HOST = 2
/** Shortest head start that Node.js knows. */
const LEAST_FALLBACK_MS = 10

/** HTTP as every part of the process speaks it to other servers, over connections that are used again. */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #plain: HttpAgent
  readonly #secure: HttpsAgent

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.#plain = new PlainAgent(options)
    this.#secure = new SecureAgent(options)
  }

  /**
   * Sends a request. A server may close a connection that has waited just when it is used again: then it is sent once more.
   * Rejects with what the connection failed with, a NodeJS.ErrnoException.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    for (;;) {
      const attempt: { isReused: boolean } = { isReused: false }
      try {
        return await this.#attempt(request, attempt)
      } catch (cause) {
        if (!attempt.isReused || request.signal.aborted) throw cause
      }
    }
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  #attempt({ url, method = 'GET', headers, body, signal }: HttpRequest, attempt: { isReused: boolean }) {
    const isSecure = url.protocol === 'https:'
    const { disableCompression, responseHeaderTimeoutMs } = this.#options
    return new Promise<HttpAnswer>((resolve, reject) => {
      const request = (isSecure ? requestHttps : requestHttp)(url, {
        agent: isSecure ? this.#secure : this.#plain,
        method,
        signal,
        headers: {
          ...(disableCompression ? {} : { 'accept-encoding': 'gzip' }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      })
      let timer: NodeJS.Timeout | undefined
      request.on('finish', () => {
        if (responseHeaderTimeoutMs <= 0) return
        timer = setTimeout(
          () => request.destroy(timedOut('net/http: timeout awaiting response headers')),
          responseHeaderTimeoutMs,
        )
      })
      request.on('response', (response) => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bodyOf(response) })
      })
      request.on('error', (cause) => {
        clearTimeout(timer)
        attempt.isReused = request.reusedSocket && !(cause instanceof HttpTimeout)
        reject(cause)
      })
      request.end(body)
    })
  }
}

function bodyOf(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response
  const plain = createGunzip()
  response.on('error', (cause) => plain.destroy(cause))
  plain.on('close', () => response.destroy())
  return response.pipe(plain)
}

/** A limit of the options is over. */
class HttpTimeout extends Error {}

function timedOut(message: string): HttpTimeout {
  return new HttpTimeout(message)
}

function agentOptions(options: HttpClientOptions) {
  const { maxConnsPerHost, maxIdleConnsPerHost, idleConnTimeoutMs, dialFallbackDelayMs, dialKeepAliveMs } = options
  return {
    keepAlive: !options.disableKeepAlives,
    maxSockets: maxConnsPerHost > 0 ? maxConnsPerHost : MAX_CONNECTIONS,
    maxFreeSockets: maxIdleConnsPerHost > 0 ? maxIdleConnsPerHost : MAX_IDLE_OF_HOST,
    ...(idleConnTimeoutMs > 0 ? { timeout: idleConnTimeoutMs } : {}),
    autoSelectFamily: dialFallbackDelayMs >= 0,
    ...(dialFallbackDelayMs > 0
      ? { autoSelectFamilyAttemptTimeout: Math.max(LEAST_FALLBACK_MS, dialFallbackDelayMs) }
      : {}),
    ...(dialKeepAliveMs > 0 ? { keepAliveInitialDelay: dialKeepAliveMs, keepAliveMsecs: dialKeepAliveMs } : {}),
  }
}

class PlainAgent extends HttpAgent {
  readonly #options: HttpClientOptions

  constructor(options: HttpClientOptions) {
    super(agentOptions(options))
    this.#options = options
  }

  override createConnection(...args: Parameters<HttpAgent['createConnection']>) {
    return limited(super.createConnection(...args), [['connect', this.#options.dialTimeoutMs, 'i/o timeout']])
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const isKept: unknown = super.keepSocketAlive(socket)
    return isKept === true && hasRoom(this, this.#options)
  }
}

class SecureAgent extends HttpsAgent {
  readonly #options: HttpClientOptions

  constructor(options: HttpClientOptions) {
    super({ ...agentOptions(options), rejectUnauthorized: !options.skipTlsVerify })
    this.#options = options
  }

  override createConnection(...args: Parameters<HttpsAgent['createConnection']>) {
    const { dialTimeoutMs, tlsHandshakeTimeoutMs } = this.#options
    return limited(super.createConnection(...args), [
      ['connect', dialTimeoutMs, 'i/o timeout'],
      ['secureConnect', tlsHandshakeTimeoutMs, 'net/http: TLS handshake timeout'],
    ])
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const isKept: unknown = super.keepSocketAlive(socket)
    return isKept === true && hasRoom(this, this.#options)
  }
}

/** A socket that is destroyed when one of its steps takes too long: each begins when the one before has ended. */
function limited<S extends Duplex | null | undefined>(
  socket: S,
  [step, ...later]: readonly (readonly [event: string, limitMs: number, message: string])[],
): S {
  if (socket == null || step === undefined) return socket
  const [event, limitMs, message] = step
  const timer = limitMs > 0 ? setTimeout(() => socket.destroy(timedOut(message)), limitMs) : undefined
  socket.once(event, () => {
    clearTimeout(timer)
    limited(socket, later)
  })
  socket.once('close', () => clearTimeout(timer))
  return socket
}

function hasRoom({ freeSockets }: HttpAgent, { maxIdleConns }: HttpClientOptions): boolean {
  if (maxIdleConns <= 0) return true
  let idle = 0
  for (const sockets of Object.values(freeSockets)) idle += sockets?.length ?? 0
  return idle < maxIdleConns
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n)
}
