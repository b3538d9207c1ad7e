import type { Config } from '../schema.ts'
import { fail } from './fail.ts'

type Items = Readonly<Record<string, { remote: boolean; replicate: boolean }>>

/** Checks where records are looked for and replicated to. Throws ConfigError. Reference 01, 3.1 and 5. */
export function checkDatabases({ data_db, stor_db, sessions, rpc_conns }: Config): void {
  if (data_db.db_type === '*redis') checkRedis(data_db)
  const remote = listOf(data_db.remote_conns)
  const replicas = listOf(data_db.replication_conns)
  checkReplication('data_db.remote_conns', 'data_db', remote, rpc_conns, 'Remote')
  checkReplication('data_db.replication_conns', 'data_db', replicas, rpc_conns, 'Replication')
  for (const [name, item] of Object.entries((data_db.items ?? {}) as Items)) {
    if (item.remote && remote.length === 0) fail('data_db.items', `remote connections required by: <${name}>`)
    if (item.replicate && replicas.length === 0) fail('data_db.items', `replicate connections required by: <${name}>`)
  }
  for (const [key, ids, what] of [
    ['stor_db.remote_conns', listOf(stor_db.remote_conns), 'Remote'],
    ['stor_db.replication_conns', listOf(stor_db.replication_conns), 'Replication'],
    ['sessions.replication_conns', sessions.enabled ? listOf(sessions.replication_conns) : [], 'Replication'],
  ] as const) {
    if (ids.includes('*internal')) fail(key, `${what} connection ID needs to be different than *internal`)
  }
  for (const id of sessions.enabled ? listOf(sessions.replication_conns) : [])
    if (rpc_conns[id] === undefined)
      fail('sessions.replication_conns', `<SessionS> connection with id: <${id}> not defined`)
  if (stor_db.db_type === '*postgres') checkPostgres(stor_db)
  for (const [name, { opts }] of [
    ['data_db', data_db],
    ['stor_db', stor_db],
  ] as const) {
    const { internalDBDumpInterval: interval = 0n, internalDBFileSizeLimit: limit = 0 } = opts
    if (interval !== 0n && limit <= 0)
      fail(`${name}.opts`, `<${name}> internalDBFileSizeLimit field cannot be equal or smaller than 0: <${limit}>`)
  }
}

/** What PostgreSQL has for `sslmode` and `sslcertmode`. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const SSL_CERT_MODES = ['', 'disable', 'allow', 'require']

/** Throws ConfigError. Reference 10, A2.2. */
function checkPostgres({ opts }: Config['stor_db']): void {
  const { pgSSLMode: mode = 'disable', pgSSLCertMode: certMode = '', pgSSLCert: cert = '', pgSSLKey: key = '' } = opts
  const unsupported = (name: string, alias: string) =>
    fail(`stor_db.opts.${name}`, `<stor_db> unsupported ${name} (${alias}) in storDB configuration`)
  if (!SSL_MODES.includes(mode)) unsupported('pgSSLMode', 'sslmode')
  if (!SSL_CERT_MODES.includes(certMode)) unsupported('pgSSLCertMode', 'sslcertmode')
  if ((cert === '') !== (key === '')) fail('stor_db.opts.pgSSLCert', 'pgSSLCert and pgSSLKey belong together')
}

/** Reference 10, F. */
function checkRedis({ db_host: host, db_port: port, db_name: name, opts }: Config['data_db']): void {
  if (!/^\d+$/.test(name)) fail('data_db.db_name', `Redis db name must be an integer! <${name}>`)
  if (host.trim() === '') fail('data_db.db_host', 'expected the host of Redis')
  if (port < -1 || port > 65_535) fail('data_db.db_port', `<${port}>: expected a port, or -1`)
  if (opts.redisCluster && opts.redisSentinel !== '')
    fail('data_db.opts', 'redisSentinel and redisCluster exclude each other')
}

/** Replicas speak gob, and are other processes. */
export function checkReplication(
  key: string,
  component: string,
  ids: readonly string[],
  pools: Config['rpc_conns'],
  what: string,
): void {
  for (const id of ids) {
    if (id === '*internal') fail(key, `${what} connection ID needs to be different than *internal`)
    const pool = pools[id]
    if (pool === undefined) fail(key, `<${component}> connection with id: <${id}> not defined`)
    for (const { transport } of pool.conns ?? []) {
      if (transport !== '*gob')
        fail(key, `<${component}> unsupported transport <${transport}> for connection with ID: <${id}>`)
    }
  }
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : []
}
