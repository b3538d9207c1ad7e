import { hostname } from 'node:os'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { type RedisSettings, redisTls } from '../store/redis/redis-settings.ts'

/** Where Redis is when the configuration says -1. */
const DEFAULT_PORT = 6379
/** Limit of a connection attempt and of a reply when the configuration says 0. */
const DEFAULT_TIMEOUT_MS = 5_000
/** What a node is called that has no name of its own: it is another one at each start. */
const RANDOM_NAME = /^[0-9a-f]{7}$/

/** How the configuration says that Redis is reached. Throws StoreFailure for certificates that cannot be read. Reference 10, A2. */
export function redisSettingsOf({ config, placeOf }: LoadedConfig): RedisSettings {
  const { opts, ...db } = config.data_db
  const timeoutMs = milliseconds(opts.redisConnectTimeout) || DEFAULT_TIMEOUT_MS
  const { node_id: nodeId } = config.general
  const isNamed = placeOf('general.node_id') !== undefined || !RANDOM_NAME.test(nodeId)
  return {
    hosts: redisHosts(config.data_db),
    sentinelName: opts.redisSentinel || undefined,
    isCluster: opts.redisCluster,
    database: Number(db.db_name),
    user: (db.db_password !== '' && db.db_user) || undefined,
    password: db.db_password || undefined,
    tls: opts.redisTLS
      ? redisTls({
          certificate: opts.redisClientCertificate,
          key: opts.redisClientKey,
          authority: opts.redisCACertificate,
        })
      : undefined,
    connectAttempts: opts.redisConnectAttempts,
    timeoutMs,
    replyTimeoutMs: milliseconds(opts.redisReadTimeout ?? 0n) || timeoutMs,
    gatherMs: milliseconds(opts.redisPoolPipelineWindow),
    gatherLimit: opts.redisPoolPipelineLimit,
    pageSize: Math.max(1, opts.redisBatchSize),
    slotsRefreshMs: milliseconds(opts.redisClusterSync),
    clusterDownDelayMs: milliseconds(opts.redisClusterOndownDelay),
    node: isNamed ? nodeId : hostname(),
  }
}

/** Servers, sentinels or nodes of a cluster: `;` or `,` between them; one without a port has that of the configuration. */
export function redisHosts({ db_host: text, db_port: given }: Pick<Config['data_db'], 'db_host' | 'db_port'>) {
  const port = given === -1 ? DEFAULT_PORT : given
  return text
    .split(/[;,]/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((address) => {
      const [, host = address, own] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
      return { host, port: own === undefined ? port : Number(own) }
    })
}

function milliseconds(ns: bigint): number {
  return Number(ns) / 1e6
}
