import type { Config } from '../config/schema.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { MethodRegistry } from '../rpc/method.ts'
import { openRpcDocument } from '../rpc/openrpc.ts'
import { Access, type IdentitySettings } from '../rpc/server/access.ts'
import { basicAuthOf } from '../rpc/server/basic-auth.ts'
import type { BiConnections } from '../rpc/server/bidirectional.ts'
import type { Caps } from '../rpc/server/caps.ts'
import type { ExtraField } from '../rpc/server/cdr-posts.ts'
import { Dispatcher, type DispatchRules } from '../rpc/server/dispatcher.ts'
import { RpcListeners } from '../rpc/server/listeners.ts'
import { configPage, healthPage, textPage } from '../rpc/server/pages.ts'
import { type RegisteredHost, registrarPage } from '../rpc/server/registrar-page.ts'
import type { TlsSettings } from '../rpc/server/tcp-listener.ts'
import { readTlsSettings } from '../rpc/server/tls-settings.ts'

export type RpcServerOptions = {
  registry: MethodRegistry
  /** A file of the operator is about listeners by TLS: then they are missed. */
  isTlsAsked: boolean
  /** That of the program. */
  version: string
  /** The metrics in Prometheus text form. */
  metrics: () => Promise<string>
  /** Configuration for other nodes, by what follows `configs.url`. */
  served: (path: string) => Promise<{ status: number; body: string }>
  /** Why nothing can be charged, undefined when all is well. */
  failure: () => string | undefined
  /** What CDRs of FreeSWITCH get besides their own fields. */
  extraCdrFields: () => readonly ExtraField[]
  /** Takes new addresses of hosts of rpc_conns. */
  registerHosts: (hosts: readonly RegisteredHost[]) => Promise<void>
  /** Counts calls over all listeners. */
  caps: Caps
  /** What methods ask that is only known later. */
  evaluations?: Evaluations
  /** Is told of every client that can be called back. */
  clients: BiConnections
  log: (level: 'warn', message: string, fields: Record<string, unknown>) => void
}

export type RpcServer = {
  readonly dispatcher: Dispatcher
  readonly listeners: RpcListeners
  /** Puts what can change into effect, from the next call on. */
  readonly configure: (config: Config) => void
}

/**
 * The methods on every listener that a configuration names; nothing is open yet. Throws TollgateError when certificates cannot be
 * used. Reference 01, 7.
 */
export function buildRpcServer(config: Config, options: RpcServerOptions): RpcServer {
  const { listen, http, cores, access, configs } = config
  const { registry, version, metrics, served, failure } = options
  const dispatcher = new Dispatcher(registry, {
    caps: options.caps,
    ...rulesOf(config),
    ...(options.evaluations === undefined ? {} : { evaluations: options.evaluations }),
  })
  const openRpc = () => JSON.stringify(openRpcDocument(registry.list(), version))
  const listeners = new RpcListeners(dispatcher, {
    listen,
    tls: tlsOf(config, options),
    http: {
      jsonRpcUrl: http.json_rpc_url,
      webSocketUrl: http.ws_url,
      profileUrl: http.pprof_path,
      users: basicAuthOf(http.use_basic_auth, http.auth_users),
      formCdrsUrl: http.http_cdrs,
      freeSwitchCdrsUrl: http.freeswitch_cdrs_url,
      extraCdrFields: options.extraCdrFields,
      refusedCdr: (problem, remote) => options.log('warn', 'a CDR that was posted is not taken', { problem, remote }),
      pages: [
        { path: '/healthz', right: '', page: healthPage(failure) },
        { path: '/metrics', right: 'HTTP.metrics', page: textPage(METRICS_TYPE, metrics) },
        ...(configs.enabled
          ? [{ path: configs.url, right: 'HTTP.configs', page: configPage(configs.url, served) }]
          : []),
        {
          path: http.registrars_url,
          right: 'HTTP.registrar',
          page: registrarPage(options.registerHosts, access.max_request),
        },
        { path: '/openrpc.json', right: 'HTTP.openrpc', page: textPage('application/json', openRpc) },
      ],
    },
    limits: {
      maxConnections: access.max_connections,
      maxRequest: access.max_request,
      maxPending: access.max_pending,
      idleTimeoutMs: milliseconds(access.idle_timeout),
      readTimeoutMs: milliseconds(access.read_timeout),
    },
    clients: options.clients,
    graceMs: milliseconds(cores.shutdown_timeout),
  })
  return { dispatcher, listeners, configure: (changed) => dispatcher.configure(rulesOf(changed)) }
}

/** Section `access`, as far as it can change while connections are open. */
function rulesOf({ access, general }: Config): DispatchRules {
  return {
    access: new Access({
      listeners: access.listeners,
      identities: access.identities.map(identityOf),
      rateLimit: access.rate_limit,
      defaultTenant: general.default_tenant,
    }),
    replyTimeoutMs: milliseconds(access.reply_timeout),
  }
}

function identityOf(identity: Config['access']['identities'][number]): IdentitySettings {
  const { id, key_sha256, certificates, listeners, methods, tenants, rate_limit } = identity
  return {
    id,
    keySha256: key_sha256 ?? [],
    certificates: certificates ?? [],
    listeners: listeners ?? [],
    methods,
    tenants: tenants ?? [],
    rateLimit: rate_limit ?? 0,
  }
}

function tlsOf({ listen, tls }: Config, { isTlsAsked, log }: RpcServerOptions): TlsSettings | undefined {
  if (listen.rpc_json_tls === '' && listen.rpc_gob_tls === '' && listen.http_tls === '') return undefined
  const settings = readTlsSettings({
    certificate: tls.server_certificate,
    key: tls.server_key,
    authorities: tls.ca_certificate,
    policy: tls.server_policy,
  })
  if (settings === undefined && isTlsAsked) log('warn', 'missing TLS certificate/key file!', {})
  return settings
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n)
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
