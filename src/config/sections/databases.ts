import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { connections, duration, noEffect, secret, size, struct, textList, textMap, withoutEffect } from './key-types.ts'

/** Record kinds; limit: that of an entry that names none. */
function itemsOf(limit: number) {
  return z.record(
    z.string(),
    struct('ItemOptJson', {
      limit: z.int().default(limit),
      ttl: duration.optional(),
      static_ttl: z.boolean().default(false),
      remote: z.boolean().default(false),
      replicate: z.boolean().default(false),
      route_id: z.string().optional(),
      api_key: secret.optional(),
    }),
  )
}

/** Where backups go. Reference 01, 4.2. */
const backupKeys = { internalDBBackupPath: z.string().optional() }

/** Options of database servers that speak SQL. Reference 01, 4.2; 10, A2.2. */
const sqlKeys = () => ({
  sqlMaxOpenConns: z.int().optional(),
  sqlMaxIdleConns: z.int().optional(),
  sqlLogLevel: z.int().optional(),
  sqlConnMaxLifetime: duration.optional(),
  mysqlDSNParams: withMeta(textMap.optional(), { merge: 'replace' }),
  mysqlLocation: z.string().optional(),
  pgSSLMode: z.string().optional(),
  pgSchema: z.string().optional(),
  pgSSLCert: z.string().optional(),
  pgSSLKey: z.string().optional(),
  pgSSLPassword: secret.optional(),
  pgSSLRootCert: z.string().optional(),
  pgSSLCertMode: z.string().optional(),
})

/** Options of Redis. Reference 10, A2.2. */
const redisKeys = {
  redisConnectAttempts: z.int(),
  redisSentinel: z.string(),
  redisCluster: z.boolean(),
  redisClusterSync: duration,
  redisClusterOndownDelay: duration,
  redisConnectTimeout: duration,
  redisPoolPipelineWindow: duration,
  redisPoolPipelineLimit: z.int(),
  redisTLS: z.boolean(),
  redisClientCertificate: z.string(),
  redisClientKey: z.string(),
  redisCACertificate: z.string(),
  redisBatchSize: z.int(),
}

/** The same where no Redis is opened. */
const redisWithoutEffect = withoutEffect({
  redisMaxConns: z.int().optional(),
  redisConnectAttempts: z.int().optional(),
  redisSentinel: z.string().optional(),
  redisCluster: z.boolean().optional(),
  redisClusterSync: duration.optional(),
  redisClusterOndownDelay: duration.optional(),
  redisConnectTimeout: duration.optional(),
  redisPoolPipelineWindow: duration.optional(),
  redisPoolPipelineLimit: z.int().optional(),
  redisTLS: z.boolean().optional(),
  redisClientCertificate: z.string().optional(),
  redisClientKey: z.string().optional(),
  redisCACertificate: z.string().optional(),
  redisBatchSize: z.int().optional(),
})

/** Options of the databases of CGRateS, which this version does not have. Reference 01, 4.2. */
const optionKeys = withoutEffect({
  internalDBDumpPath: z.string().optional(),
  internalDBStartTimeout: duration.optional(),
  internalDBDumpInterval: duration.optional(),
  internalDBRewriteInterval: duration.optional(),
  internalDBFileSizeLimit: size.optional(),
  mongoQueryTimeout: duration.optional(),
  mongoConnScheme: z.string().optional(),
})

/** Options of a database of the migrator. */
export const databaseOpts = struct(
  'DBOptsJson',
  { ...backupKeys, ...redisWithoutEffect, ...optionKeys, ...withoutEffect(sqlKeys()) },
  { goFields: 'tagged' },
)

/** The star of a database type may be left out. */
function databaseType<const T extends readonly string[]>(types: T) {
  return z
    .string()
    .transform((text) => (text.startsWith('*') ? text : `*${text}`))
    .pipe(z.enum(types))
}

/** Where accounts, sessions, tariffs and the outbox live. Reference 01, 4.2. */
export const dataDb = struct(
  'DbJsonCfg',
  {
    db_type: databaseType(['*lmdb', '*internal', '*redis']),
    opts: struct(
      'DBOptsJson',
      {
        ...backupKeys,
        ...redisKeys,
        // Commits of all requests go over one connection, in the order in which they build on each other.
        ...noEffect(z.int(), 'redisMaxConns'),
        // Other versions of CGRateS have them.
        redisReadTimeout: duration.optional(),
        ...noEffect(duration, 'redisWriteTimeout'),
        ...optionKeys,
        ...withoutEffect(sqlKeys()),
        lmdbPath: z.string().min(1),
      },
      { goFields: 'tagged', own: ['lmdbPath', 'redisReadTimeout', 'redisWriteTimeout'] },
    ),
    db_host: z.string(),
    db_port: z.int(),
    db_name: z.string(),
    db_user: z.string(),
    db_password: secret,
    ...noEffect(z.string(), 'remote_conn_id', 'replication_cache'),
    replication_failed_dir: z.string().optional(),
    ...noEffect(z.boolean(), 'replication_filtered'),
    ...noEffect(connections, 'remote_conns', 'replication_conns'),
    ...noEffect(duration, 'replication_interval'),
    ...noEffect(withMeta(itemsOf(-1), { merge: 'entries' }), 'items'),
  },
  {
    goFields: {
      replication_failed_dir: 'replication_failed_dir',
      replication_interval: 'replication_interval',
    },
  },
)

/** Where CDRs are queried, and tariff plans kept. Reference 01, 4.2. */
export const storDb = struct(
  'DbJsonCfg',
  {
    db_type: databaseType(['*sqlite', '*internal', '*postgres', '*mysql']),
    opts: struct(
      'DBOptsJson',
      { ...backupKeys, ...redisWithoutEffect, ...optionKeys, ...sqlKeys(), sqlitePath: z.string().min(1) },
      { goFields: 'tagged', own: ['sqlitePath'] },
    ),
    db_host: z.string(),
    /** -1: that of its kind. */
    db_port: z.int().min(-1).max(65_535),
    db_name: z.string(),
    db_user: z.string(),
    db_password: secret,
    ...noEffect(z.string(), 'remote_conn_id'),
    ...noEffect(z.boolean(), 'replication_filtered'),
    ...noEffect(connections, 'remote_conns', 'replication_conns'),
    ...noEffect(textList, 'string_indexed_fields', 'prefix_indexed_fields'),
    ...noEffect(itemsOf(0), 'items'),
  },
  { nulls: ['remote_conns', 'replication_conns'] },
)
