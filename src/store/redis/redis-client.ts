import { setTimeout as passed } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import { StoreFailure } from '../../core/errors.ts'
import type { RedisSettings } from './redis-settings.ts'

export type RedisClient = Redis | Cluster
type Library = Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>

/** Pauses between attempts to connect. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
/** Answers to which another attempt gives nothing new. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (DB index|AUTH|invalid DB|Client sent AUTH))/i

/**
 * A client that has connected. It connects again by itself, but sends nothing twice: what is under way when the connection is lost
 * is rejected. Rejects with StoreFailure after the attempts of the settings.
 */
export async function connectRedis(settings: RedisSettings): Promise<RedisClient> {
  // Not before somebody wants it: once it is loaded, typed arrays are slower in the whole process.
  const library = await import('ioredis')
  let problem = ''
  for (let attempt = 1; attempt <= Math.max(1, settings.connectAttempts); attempt++) {
    if (attempt > 1) await passed(pauseMs(attempt - 1))
    const client = newClient(library, settings)
    client.on('error', (cause: Error) => {
      problem = describe(cause)
    })
    try {
      await client.connect()
      // The handshake does so too, but goes on without it.
      if (client instanceof library.Redis) await client.select(settings.database)
      return client
    } catch (cause) {
      if (problem === '' || (cause instanceof Error && cause.name === 'ReplyError')) problem = describe(cause)
      client.disconnect()
      if (REFUSED.test(problem)) throw new StoreFailure(`Redis at ${addresses(settings)}: ${problem}`, { cause })
    }
  }
  const tries = settings.connectAttempts > 1 ? ` (${settings.connectAttempts} attempts)` : ''
  throw new StoreFailure(`Redis at ${addresses(settings)} cannot be reached${tries}: ${problem}`)
}

/** Where a Redis is, for people. */
export function addresses({ hosts, sentinelName, isCluster }: RedisSettings): string {
  const list = hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (sentinelName !== undefined) return `${sentinelName} of the sentinels ${list}`
  return isCluster ? `the cluster of ${list}` : list
}

/** Pause before the next attempt, after so many. */
export function pauseMs(attempts: number): number {
  return Math.min(FIRST_PAUSE_MS * attempts, LONGEST_PAUSE_MS)
}

function newClient({ Cluster, Redis }: Library, settings: RedisSettings): RedisClient {
  const { hosts, sentinelName, isCluster, database, user, password, tls, timeoutMs } = settings
  const common = {
    protocol: 2 as const,
    disableClientInfo: true,
    connectionName: 'tollgate',
    connectTimeout: timeoutMs,
    keepAlive: 10_000,
    // What was sent and not answered is for the commit channel to settle.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(password === undefined ? {} : { password }),
    ...(user === undefined ? {} : { username: user }),
    ...(tls === undefined ? {} : { tls }),
  }
  if (isCluster)
    return new Cluster(
      hosts.map(({ host, port }) => ({ host, port })),
      {
        lazyConnect: true,
        enableOfflineQueue: false,
        slotsRefreshInterval: settings.slotsRefreshMs,
        slotsRefreshTimeout: timeoutMs,
        retryDelayOnClusterDown: settings.clusterDownDelayMs,
        retryDelayOnFailover: 0,
        clusterRetryStrategy: pauseMs,
        // Certificates name hosts.
        dnsLookup: (address, callback) => callback(null, address),
        redisOptions: common,
      },
    )
  const single = { ...common, lazyConnect: true, enableOfflineQueue: false, db: database, retryStrategy: pauseMs }
  if (sentinelName !== undefined)
    return new Redis({
      ...single,
      name: sentinelName,
      sentinels: hosts.map(({ host, port }) => ({ host, port })),
      sentinelRetryStrategy: pauseMs,
      ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    })
  const [{ host, port } = { host: '', port: 0 }] = hosts
  return new Redis({ ...single, host, port })
}

export function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message || ((cause as NodeJS.ErrnoException).code ?? cause.name) : String(cause)
}
