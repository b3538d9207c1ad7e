import { GobBiConnection } from './gob-bidirectional.ts'
import { GobBatch, gobWire } from './gob-rpc.ts'
import { peerOf, type RpcListenerOptions } from './json-listeners.ts'
import { RpcConnection } from './rpc-connection.ts'
import { type Listener, listenTcp } from './tcp-listener.ts'

/** Serves Go's net/rpc over gob, plain or TLS. address: `host:port`. Reference 01, 7.5. */
export function listenGob(address: string, options: RpcListenerOptions): Promise<Listener> {
  const { gobMethods: methods, limits, listener } = options
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, '', names)
    const wire = gobWire(limits, ({ method }) => methods.argumentType(method))
    return new RpcConnection(socket, wire, (message) => methods.answer(message, peer), new GobBatch(wire), limits)
  })
}

/** Serves bidirectional gob. address: `host:port`. Reference 01, 7.4. */
export function listenBiGob(address: string, options: RpcListenerOptions): Promise<Listener> {
  const { connections, dispatcher, gobMethods: methods, listener } = options
  // Agents are silent for as long as nobody calls.
  const limits = { ...options.limits, idleTimeoutMs: 0 }
  return listenTcp(address, options, (socket, names) => {
    const peer = peerOf(socket, listener, connections.newId(), names)
    const client = new GobBiConnection(peer, dispatcher, methods, (send) => connection.send(send))
    const wire = gobWire(limits, (header) => client.bodyType(header))
    const connection = new RpcConnection(socket, wire, (message) => client.handle(message), new GobBatch(wire), limits)
    connections.join(client, socket)
    return connection
  })
}
