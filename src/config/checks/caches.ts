import type { Config } from '../schema.ts'
import { OFF_IN_MEMORY } from '../sections/caches.ts'
import { checkReplication } from './databases.ts'
import { fail } from './fail.ts'

/** Checks the partitions of the cache. known: ids of all partitions. Throws ConfigError. Reference 01, 5. */
export function checkCaches({ caches, data_db, rpc_conns, sessions }: Config, known: ReadonlySet<string>): void {
  checkReplication('caches.replication_conns', 'CacheS', caches.replication_conns ?? [], rpc_conns, 'replication')
  const key = 'caches.partitions'
  for (const [name, { limit, replicate }] of Object.entries(caches.partitions)) {
    if (!known.has(name)) fail(key, `<CacheS> partition <${name}> not defined`)
    if (name === '*rpc_connections' && replicate)
      fail(key, '<CacheS> partition <*rpc_connections> does not support replication')
    if (data_db.db_type === '*internal' && limit !== 0 && (OFF_IN_MEMORY as readonly string[]).includes(name)) {
      fail(key, `<CacheS> ${name} needs to be 0 when DataBD is *internal and with no persistence, received : ${limit}`)
    }
  }
  const { limit: closed } = caches.partitions['*closed_sessions'] ?? { limit: 0 }
  if (sessions.enabled && closed === 0) fail(key, '<CacheS> *closed_sessions needs to be != 0, received: 0')
}
