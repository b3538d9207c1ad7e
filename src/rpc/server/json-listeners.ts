import type { Socket } from 'node:net'
import { type BiConnections, JsonBiConnection } from './bidirectional.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type ConnectionLimits, JsonConnection } from './json-connection.ts'
import { answerMessage } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import { type Listener, listenTcp, type TcpOptions } from './tcp-listener.ts'

export type JsonListenerOptions = TcpOptions & {
  readonly dispatcher: Dispatcher
  readonly limits: ConnectionLimits
}

/** Serves JSON objects back to back over TCP, plain or TLS. address: `host:port`. Reference 01, 7.1. */
export function listenJson(address: string, options: JsonListenerOptions): Promise<Listener> {
  const { dispatcher, limits, listener } = options
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, '', names)
    return new JsonConnection(socket, (message) => answerMessage(dispatcher, message, peer), limits)
  })
}

/** Serves bidirectional JSON over TCP; `connections` knows the clients that are connected. Reference 01, 7.4. */
export function listenBiJson(
  address: string,
  options: JsonListenerOptions,
  connections: BiConnections,
): Promise<Listener> {
  const { dispatcher, listener } = options
  // Agents are silent for as long as nobody calls.
  const limits = { ...options.limits, idleTimeoutMs: 0 }
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, connections.newId(), names)
    const client = new JsonBiConnection(peer, dispatcher, (text) => connection.send(text))
    const connection = new JsonConnection(socket, (message) => client.handle(message), limits)
    connections.add(client)
    const leave = () => {
      connections.remove(client.id)
      client.close()
    }
    // An agent that ends its side is gone: nothing can be asked of it.
    socket.once('end', leave)
    socket.once('close', leave)
    return connection
  })
}

/** Who is at the other end of a socket. */
export function peerOf(socket: Socket, listener: string, connectionId: string, names: readonly string[]): Peer {
  return { connectionId, listener, address: socket.remoteAddress ?? '', apiKey: '', certificateNames: names }
}
