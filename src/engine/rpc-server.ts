import type { Config } from '../config/schema.ts'
import type { MethodRegistry } from '../rpc/method.ts'
import { openRpcDocument } from '../rpc/openrpc.ts'
import { Access, NO_ACCESS_RULES } from '../rpc/server/access.ts'
import { Caps } from '../rpc/server/caps.ts'
import { Dispatcher } from '../rpc/server/dispatcher.ts'
import { RpcListeners } from '../rpc/server/listeners.ts'
import { healthPage, textPage } from '../rpc/server/pages.ts'

export type RpcServerOptions = {
  registry: MethodRegistry
  /** That of the program. */
  version: string
  /** The metrics in Prometheus text form. */
  metrics: () => Promise<string>
  /** Why nothing can be charged, undefined when all is well. */
  failure: () => string | undefined
}

export type RpcServer = { readonly dispatcher: Dispatcher; readonly listeners: RpcListeners }

/** The methods on every listener that a configuration names; nothing is open yet. */
export function buildRpcServer({ listen, http }: Config, options: RpcServerOptions): RpcServer {
  const { registry, version, metrics, failure } = options
  const caps = new Caps(0, '*busy')
  const dispatcher = new Dispatcher(registry, { caps, access: new Access(NO_ACCESS_RULES), replyTimeoutMs: 0 })
  const openRpc = () => JSON.stringify(openRpcDocument(registry.list(), version))
  const listeners = new RpcListeners(dispatcher, {
    listen: { rpc_json: listen.rpc_json, http: listen.http },
    tls: undefined,
    http: {
      jsonRpcUrl: http.json_rpc_url,
      webSocketUrl: '/ws',
      profileUrl: '/debug/pprof/',
      users: undefined,
      pages: [
        { path: '/healthz', right: '', page: healthPage(failure) },
        { path: '/metrics', right: 'HTTP.metrics', page: textPage(METRICS_TYPE, metrics) },
        { path: '/openrpc.json', right: 'HTTP.openrpc', page: textPage('application/json', openRpc) },
      ],
    },
    limits: {
      maxConnections: 20_000,
      maxRequest: 32 << 20,
      maxPending: 1_000,
      idleTimeoutMs: 0,
      readTimeoutMs: 30_000,
    },
    graceMs: 1_000,
  })
  return { dispatcher, listeners }
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
