import fastify from 'fastify'
import { ListenFailure, parseListenAddress } from '../core/listen-address.ts'
import { answerCall, type RpcRequest } from './call.ts'
import type { MethodRegistry } from './method.ts'

export type HttpOptions = {
  registry: MethodRegistry
  jsonRpcUrl: string
  /** The metrics in Prometheus text form. */
  metrics: () => Promise<string>
  /** Why nothing can be charged, undefined when all is well. */
  failure: () => string | undefined
}

/** Serves JSON-RPC by POST, `/metrics` and `/healthz`. address: `host:port`. Throws ListenFailure. Reference 01, 7.2. */
export async function listenHttp(
  address: string,
  options: HttpOptions,
): Promise<{ address: string; close: () => Promise<void> }> {
  const server = fastify({ bodyLimit: 8 << 20, requestTimeout: 30_000, forceCloseConnections: true })
  server.post(options.jsonRpcUrl, async (request, reply) => {
    reply.type('application/json')
    return answerCall((request.body ?? {}) as RpcRequest, options.registry)
  })
  server.get('/metrics', async (_, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return options.metrics()
  })
  server.get('/healthz', async (_, reply) => {
    const failure = options.failure()
    if (failure === undefined) return { status: 'ok' }
    reply.code(503)
    return { status: 'failed', reason: failure }
  })
  const wanted = parseListenAddress(address)
  try {
    await server.listen(wanted)
  } catch (cause) {
    throw new ListenFailure('listen.http', wanted, cause)
  }
  const bound = server.server.address()
  const where = typeof bound === 'object' && bound !== null ? `${bound.address}:${bound.port}` : address
  return { address: where, close: () => server.close() }
}
