import { Connections, type RpcClient } from '../rpc/client/connections.ts'
import type { HostSettings } from '../rpc/client/settings.ts'
import type { FindShapes } from '../rpc/gob/method-shapes.ts'
import { RpcError } from '../rpc/rpc-error.ts'

/** Calls one host, opened by the first call. shapes: those of the methods that are called over gob. */
export function connectTo(host: HostSettings, shapes: FindShapes = () => undefined): RpcClient & { close(): void } {
  const nobody = async () => {
    throw new RpcError('UNSUPPORTED_SERVICE_METHOD')
  }
  const connections = new Connections(new Map([['host', { strategy: '*first', hosts: [host] }]]), 1, nobody, shapes)
  const client = connections.client(['host'])
  return { call: (method, argument) => client.call(method, argument), close: () => connections.close() }
}
