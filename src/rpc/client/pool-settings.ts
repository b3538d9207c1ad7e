import type { Config } from '../../config/schema.ts'
import type { HostSettings, PoolSettings, Transport } from './settings.ts'

/** The pools of `rpc_conns`; what a host leaves out is that of `general` and `tls`. Reference 01, 3.2. */
export function poolSettings(config: Pick<Config, 'general' | 'rpc_conns' | 'tls'>): ReadonlyMap<string, PoolSettings> {
  return new Map(
    Object.entries(config.rpc_conns).map(([id, { strategy, conns = [], idempotent }]) => [
      id,
      {
        strategy,
        hosts: conns.map((host) => hostSettings(host, config)),
        ...(idempotent ? { isIdempotent: true } : {}),
      },
    ]),
  )
}

type HostConfig = NonNullable<Config['rpc_conns'][string]['conns']>[number]

function hostSettings(host: HostConfig, { general, tls }: Pick<Config, 'general' | 'tls'>): HostSettings {
  return {
    id: host.id ?? '',
    address: host.address,
    // One that is unknown is refused by the first call.
    transport: (host.transport || '*gob') as Transport,
    connectAttempts: host.conn_attempts || general.connect_attempts,
    reconnects: host.reconnects || general.reconnects,
    maxReconnectIntervalMs: milliseconds(host.max_reconnect_interval || general.max_reconnect_interval),
    connectTimeoutMs: milliseconds(host.connect_timeout || general.connect_timeout),
    replyTimeoutMs: milliseconds(host.reply_timeout || general.reply_timeout),
    tls: host.tls
      ? {
          keyPath: host.key_path || tls.client_key,
          certPath: host.cert_path || tls.client_certificate,
          caPath: host.ca_path || tls.ca_certificate,
          ...(tls.server_name === '' ? {} : { serverName: tls.server_name }),
        }
      : undefined,
  }
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n)
}
