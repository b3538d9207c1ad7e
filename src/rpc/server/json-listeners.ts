import type { Socket } from 'node:net'
import { MessageScanner, type RpcMessage } from '../json/scanner.ts'
import { type BiConnections, JsonBiConnection } from './bidirectional.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { GobMethods } from './gob-rpc.ts'
import { type Answer, answerMessage } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import { type Batch, type ConnectionLimits, RpcConnection } from './rpc-connection.ts'
import { type Listener, listenTcp, type TcpOptions } from './tcp-listener.ts'

export type RpcListenerOptions = TcpOptions & {
  readonly dispatcher: Dispatcher
  readonly limits: ConnectionLimits
  /** Clients that can be called back. */
  readonly connections: BiConnections
  readonly gobMethods: GobMethods
}

/** Serves JSON objects back to back over TCP, plain or TLS. address: `host:port`. Reference 01, 7.1. */
export function listenJson(address: string, options: RpcListenerOptions): Promise<Listener> {
  const { dispatcher, limits, listener } = options
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, '', names)
    return jsonConnection(socket, (message) => answerMessage(dispatcher, message, peer), limits)
  })
}

/** Serves bidirectional JSON over TCP. address: `host:port`. Reference 01, 7.4. */
export function listenBiJson(address: string, options: RpcListenerOptions): Promise<Listener> {
  const { connections, dispatcher, listener } = options
  // Agents are silent for as long as nobody calls.
  const limits = { ...options.limits, idleTimeoutMs: 0 }
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, connections.newId(), names)
    const client = new JsonBiConnection(peer, dispatcher, (text) => connection.send(text))
    const connection = jsonConnection(socket, (message) => client.handle(message), limits)
    connections.join(client, socket)
    return connection
  })
}

function jsonConnection(socket: Socket, handle: (message: RpcMessage) => Answer, limits: ConnectionLimits) {
  return new RpcConnection(socket, new MessageScanner(limits.maxRequest), handle, new TextBatch(), limits)
}

class TextBatch implements Batch<string> {
  #text = ''

  add(reply: string): void {
    this.#text += reply
  }

  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

/** Who is at the other end of a socket. */
export function peerOf(socket: Socket, listener: string, connectionId: string, names: readonly string[]): Peer {
  return { connectionId, listener, address: socket.remoteAddress ?? '', apiKey: '', certificateNames: names }
}
