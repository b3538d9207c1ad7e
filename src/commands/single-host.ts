import { Connections, type RpcClient } from '../rpc/client/connections.ts'
import { type HostSettings, hostDefaults, type PoolSettings } from '../rpc/client/settings.ts'
import type { FindShapes } from '../rpc/gob/method-shapes.ts'
import { RpcError } from '../rpc/rpc-error.ts'

/** Calls the pool of an id, or the host of an address when there is no such pool. */
export function connectToAny(
  idOrAddress: string,
  pools: ReadonlyMap<string, PoolSettings>,
): RpcClient & { close(): void } {
  if (!pools.has(idOrAddress)) return connectTo(hostDefaults(idOrAddress))
  const connections = new Connections(pools, 1, nobody, () => undefined)
  const client = connections.client([idOrAddress])
  return { call: (method, argument) => client.call(method, argument), close: () => connections.close() }
}

/** Calls one host, opened by the first call. shapes: those of the methods that are called over gob. */
export function connectTo(host: HostSettings, shapes: FindShapes = () => undefined): RpcClient & { close(): void } {
  const connections = new Connections(new Map([['host', { strategy: '*first', hosts: [host] }]]), 1, nobody, shapes)
  const client = connections.client(['host'])
  return { call: (method, argument) => client.call(method, argument), close: () => connections.close() }
}

async function nobody(): Promise<never> {
  throw new RpcError('UNSUPPORTED_SERVICE_METHOD')
}
