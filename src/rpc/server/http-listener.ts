import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { certificateNames } from './client-certificates.ts'
import { type Listener, openServer, type TlsSettings } from './tcp-listener.ts'

/** What is known of a request beside its head. */
export type Visit = {
  /** Path, percent-decoded. */
  readonly path: string
  readonly query: string
  /** Names of the client certificate of its connection. */
  readonly certificateNames: readonly string[]
}

/** Answers the requests for one path. */
export type Page = (request: IncomingMessage, response: ServerResponse, visit: Visit) => void

/** Takes over the connection of a request that wants another protocol. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, visit: Visit) => void

export type HttpOptions = {
  /** Key of section `listen`. */
  readonly listener: string
  readonly maxConnections: number
  readonly tls: TlsSettings | undefined
  /** Silence after which a connection without requests is ended, ms; 0: never. */
  readonly idleTimeoutMs: number
  /** Time that one request may take to come in, ms; 0: any. */
  readonly readTimeoutMs: number
}

const CLOSE_IDLE_MS = 20

/** What an HTTP listener serves, with any method: paths match exactly, one that ends in `/` also what is below it. */
export class Pages {
  readonly #pages = new Map<string, Page>()
  readonly #upgrades = new Map<string, Upgrade>()

  /** path: as it is configured; '' serves nothing. */
  set(path: string, page: Page): void {
    if (path !== '') this.#pages.set(path, page)
  }

  setUpgrade(path: string, upgrade: Upgrade): void {
    if (path !== '') this.#upgrades.set(path, upgrade)
  }

  find(path: string): Page | undefined {
    const exact = this.#pages.get(path)
    if (exact !== undefined) return exact
    for (let at = path.lastIndexOf('/'); at >= 0; at = at === 0 ? -1 : path.lastIndexOf('/', at - 1)) {
      const page = this.#pages.get(path.slice(0, at + 1))
      if (page !== undefined) return page
    }
    return undefined
  }

  findUpgrade(path: string): Upgrade | undefined {
    return this.#upgrades.get(path)
  }
}

/** Serves pages over HTTP, or HTTPS. address: `host:port`. Reference 01, 7.2. */
export async function listenHttp(address: string, options: HttpOptions, pages: Pages): Promise<Listener> {
  const { listener, tls, maxConnections, idleTimeoutMs, readTimeoutMs } = options
  const settings = {
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
    keepAliveTimeout: idleTimeoutMs,
    requestTimeout: readTimeoutMs,
    headersTimeout: readTimeoutMs,
    connectionsCheckingInterval: 5_000,
  }
  const server: Server = tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls.context })
  server.maxConnections = maxConnections
  const names = new WeakMap<Duplex, readonly string[]>()
  const visitOf = ({ url = '', socket }: IncomingMessage): Visit => {
    const [, path = '', query = ''] = /^([^?#]*)\??([^#]*)/.exec(url) ?? []
    return { path: decoded(path), query, certificateNames: names.get(socket) ?? [] }
  }
  server.on('request', (request, response) => {
    const visit = visitOf(request)
    const page = pages.find(visit.path) ?? notFound
    page(request, response, visit)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const visit = visitOf(request)
    const upgrade = pages.findUpgrade(visit.path)
    if (upgrade !== undefined) upgrade(request, socket, head, visit)
    else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  if (tls !== undefined)
    server.on('secureConnection', (socket: TLSSocket) => {
      const found = certificateNames(socket, tls.clients)
      if (found === undefined) socket.destroy()
      else names.set(socket, found)
    })
  const bound = await openServer(server, `listen.${listener}`, address)
  return {
    address: bound,
    connections: () => open.size,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection is idle again when its last answer has left.
      const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS)
      const cut = setTimeout(() => {
        for (const socket of open) socket.destroy()
      }, graceMs)
      await closed
      clearTimeout(cut)
      clearInterval(idle)
    },
  }
}

/** A path without its percent-encoding; '' for one that is encoded wrongly. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

/** Answers with a short text. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  sendText(response, 404, '404 page not found\n', { 'X-Content-Type-Options': 'nosniff' })
}
