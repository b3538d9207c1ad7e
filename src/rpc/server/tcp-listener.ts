import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { ListenFailure, parseListenAddress } from '../../core/listen-address.ts'
import { type ClientCertificates, certificateNames } from './client-certificates.ts'

/** What one connection of a listener does. */
export interface Served {
  /** Takes no more requests, answers what is under way, then ends. */
  drain(): void
  /** Called once a second: ends the connection when its peer is silent for too long. */
  check(nowMs: number): void
}

/** A listener that is open. */
export type Listener = {
  /** `host:port`, with the port that was given for 0. */
  readonly address: string
  /** Connections that are open. */
  readonly connections: () => number
  /** Takes no more connections, lets those that are open answer what is under way for up to graceMs, then cuts them. */
  readonly close: (graceMs: number) => Promise<void>
}

export type TcpOptions = {
  /** Key of section `listen`. */
  readonly listener: string
  readonly maxConnections: number
  readonly tls: TlsSettings | undefined
}

export type TlsSettings = { readonly context: TlsOptions; readonly clients: ClientCertificates }

/** Dead peers are found by TCP after this silence, as by Go servers. */
const KEEP_ALIVE_MS = 15_000
const HANDSHAKE_MS = 10_000
const CHECK_MS = 1_000

/**
 * Listens on `host:port` and hands over every connection, with the names of its client certificate. Throws
 * ListenFailure.
 */
export async function listenTcp(
  address: string,
  { listener, maxConnections, tls }: TcpOptions,
  serve: (socket: Socket, names: readonly string[]) => Served,
): Promise<Listener> {
  const open = new Map<Socket, Served>()
  const accept = (socket: Socket) => {
    socket.on('error', () => socket.destroy())
    const names = tls === undefined ? [] : certificateNames(socket as TLSSocket, tls.clients)
    if (names === undefined) {
      socket.destroy()
      return
    }
    open.set(socket, serve(socket, names))
    socket.on('close', () => open.delete(socket))
  }
  // Where the input ends the output does not: what is under way is still answered.
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
  const server: Server =
    tls === undefined
      ? createServer(options, accept)
      : createTlsServer({ ...options, ...tls.context, handshakeTimeout: HANDSHAKE_MS }, accept)
  server.maxConnections = maxConnections
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const bound = await openServer(server, `listen.${listener}`, address)
  const checker = setInterval(() => {
    const nowMs = Date.now()
    for (const served of open.values()) served.check(nowMs)
  }, CHECK_MS)
  checker.unref()
  return {
    address: bound,
    connections: () => open.size,
    async close(graceMs) {
      clearInterval(checker)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const served of open.values()) served.drain()
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceMs)
      await closed
      clearTimeout(cut)
    },
  }
}

/** Binds a server to `host:port`; gives the address that it has then. key: what names the address. Throws ListenFailure. */
export async function openServer(server: Server, key: string, address: string): Promise<string> {
  const wanted = parseListenAddress(address)
  const { host, port } = wanted
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ListenFailure(key, wanted, cause)))
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
  })
  server.removeAllListeners('error')
  // Too many open files and the like: the connection is lost, the listener is not.
  server.on('error', () => undefined)
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) return address
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`
}
