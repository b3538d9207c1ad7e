import { z } from 'zod'
import { connections, duration, noEffect } from './key-types.ts'

const items = z.record(z.string(), z.looseObject({}))

/** Where accounts, sessions, tariffs and the outbox live. Reference 01, 4.2. */
export const dataDb = z.strictObject({
  db_type: z.enum(['*lmdb', '*internal']),
  opts: z.looseObject({ lmdbPath: z.string().min(1) }),
  ...noEffect(
    z.string(),
    'db_host',
    'db_name',
    'db_user',
    'db_password',
    'remote_conn_id',
    'replication_cache',
    'replication_failed_dir',
  ),
  ...noEffect(z.int(), 'db_port'),
  ...noEffect(z.boolean(), 'replication_filtered'),
  ...noEffect(connections, 'remote_conns', 'replication_conns'),
  ...noEffect(duration, 'replication_interval'),
  ...noEffect(items, 'items'),
})

/** Where CDRs are queried. Reference 01, 4.2. */
export const storDb = z.strictObject({
  db_type: z.enum(['*sqlite', '*internal']),
  opts: z.looseObject({ sqlitePath: z.string().min(1) }),
  ...noEffect(z.string(), 'db_host', 'db_name', 'db_user', 'db_password'),
  ...noEffect(z.int(), 'db_port'),
  ...noEffect(connections, 'remote_conns', 'replication_conns', 'string_indexed_fields', 'prefix_indexed_fields'),
  ...noEffect(items, 'items'),
})
