import { setTimeout as wait } from 'node:timers/promises'
import { type Method, MethodRegistry, method } from '../../src/rpc/method.ts'
import { RpcError } from '../../src/rpc/rpc-error.ts'
import { Access, type AccessSettings, NO_ACCESS_RULES } from '../../src/rpc/server/access.ts'
import { BiConnections } from '../../src/rpc/server/bidirectional.ts'
import { Caps } from '../../src/rpc/server/caps.ts'
import { Dispatcher } from '../../src/rpc/server/dispatcher.ts'
import { type ListenerKey, type ListenersSettings, RpcListeners } from '../../src/rpc/server/listeners.ts'
import { any, duration, map, struct, text } from '../../src/rpc/shape.ts'
import { eventShape } from '../../src/rpc/shapes/event.ts'

/** Methods for tests of the way to them. */
export const PROBES: readonly Method[] = [
  method('CoreSv1.Ping', { summary: '', params: eventShape, reply: text, run: () => 'Pong' }),
  ...['CoreSv1.Sleep', 'SessionSv1.Sleep'].map((name) =>
    method(name, {
      summary: '',
      params: struct('utils.DurationArgs', { Duration: duration, Tenant: text, APIOpts: map(any) }),
      reply: text,
      run: ({ Duration: ns }) => wait(Number(ns / 1_000_000n), 'OK'),
    }),
  ),
  method('CoreSv1.Echo', { summary: '', params: any, reply: any, run: (argument) => argument }),
  method('CoreSv1.Fail', {
    summary: '',
    params: text,
    reply: text,
    run: (message) => {
      throw new RpcError(message)
    },
  }),
  method('SessionSv1.GetActiveSessionsCount', {
    summary: '',
    params: struct('utils.SessionFilter', { Tenant: text, APIOpts: map(any) }),
    reply: text,
    run: (_, { connectionId }) => connectionId,
  }),
  method('ThresholdSv1.GetThresholdIDs', { summary: '', params: any, reply: text, run: () => [] }),
]

export type ServerChanges = {
  caps?: Caps
  access?: Partial<AccessSettings>
  replyTimeoutMs?: number
  limits?: Partial<ListenersSettings['limits']>
  http?: Partial<ListenersSettings['http']>
  tls?: ListenersSettings['tls']
  clients?: BiConnections
}

/** Listeners that are not open yet, with these methods on them. */
export function rpcListeners(
  methods: readonly Method[],
  listen: Partial<Record<ListenerKey, string>>,
  {
    caps = new Caps(0, '*busy'),
    access,
    replyTimeoutMs = 0,
    limits,
    http,
    tls,
    clients = new BiConnections(),
  }: ServerChanges = {},
): RpcListeners {
  const rules = new Access({ ...NO_ACCESS_RULES, defaultTenant: 'cgrates.org', ...access })
  const dispatcher = new Dispatcher(new MethodRegistry(methods, () => true), { caps, access: rules, replyTimeoutMs })
  return new RpcListeners(dispatcher, {
    listen,
    tls,
    http: {
      jsonRpcUrl: '/jsonrpc',
      webSocketUrl: '/ws',
      profileUrl: '/debug/pprof/',
      users: undefined,
      formCdrsUrl: '',
      freeSwitchCdrsUrl: '',
      extraCdrFields: () => [],
      refusedCdr: () => undefined,
      pages: [],
      ...http,
    },
    limits: {
      maxConnections: 5_000,
      maxRequest: 1 << 20,
      maxPending: 100,
      idleTimeoutMs: 0,
      readTimeoutMs: 30_000,
      ...limits,
    },
    clients,
    graceMs: 1_000,
  })
}
