import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { InvalidText } from '../core/errors.ts'
import { zoneOf } from '../core/time.ts'
import { dsnParameters } from '../store/mysql/dsn-parameters.ts'
import { MysqlDatabase } from '../store/mysql/mysql-database.ts'
import { mysqlDialect } from '../store/mysql/mysql-dialect.ts'
import type { PlanStore } from '../store/plan-store.ts'
import { PostgresDatabase } from '../store/postgres/postgres-database.ts'
import { postgresDialect } from '../store/postgres/postgres-dialect.ts'
import { waysToConnect } from '../store/postgres/postgres-tls.ts'
import { SqlSessionCosts } from '../store/sql/session-cost-table.ts'
import { SqlCdrStore } from '../store/sql/sql-cdr-store.ts'
import { SqlConnection } from '../store/sql/sql-connection.ts'
import type { SqlDatabase, SqlEvent } from '../store/sql/sql-database.ts'
import type { SqlDialect } from '../store/sql/sql-dialect.ts'
import { SqlPlanStore } from '../store/sql/sql-plan-store.ts'
import type { SqlServer } from '../store/sql/sql-server.ts'
import { SqlVersions } from '../store/sql/sql-versions.ts'
import { SqliteCdrStore } from '../store/sqlite/sqlite-cdr-store.ts'
import { SqlitePlanStore } from '../store/sqlite/sqlite-plan-store.ts'
import { PLAN_TABLES } from '../tariffs/plan-tables.ts'
import { databasePaths } from './backup/database-paths.ts'
import { type CdrArchive, columnArchive, recordArchive } from './cdr-archive.ts'
import type { EngineOptions } from './engine.ts'
import { cannotOpen, takeUpCdrs } from './open-stores.ts'
import { STOR_DB_VERSIONS } from './versions.ts'

/** What `stor_db` is: CDRs for queries, tariff plans, and what a server keeps besides. */
export type StorDb = {
  readonly cdrs: CdrArchive
  readonly plans: PlanStore
  /** The file of SQLite, which can be folded and copied; undefined for a server. */
  readonly file: SqliteCdrStore | undefined
  /** The versions that a server keeps; undefined: they are with the records. */
  readonly versions: SqlVersions | undefined
  /** Resolves when it is open. Rejects with ConfigError. */
  opened(): Promise<void>
  close(): Promise<void>
}

export type StorDbOptions = Pick<EngineOptions, 'loaded' | 'inMemory' | 'setsVersions' | 'log'> & {
  /** Zone of times that name none. */
  timeZone: () => string
  decimals: () => number
}

const TABLES = Object.values(PLAN_TABLES)

/** Builds the stores of `stor_db`; nothing is opened yet but a file that was restored. Throws ConfigError. */
export function buildStorDb(options: StorDbOptions): StorDb {
  const { loaded, inMemory } = options
  const { db_type: type } = loaded.config.stor_db
  if (!inMemory && (type === '*postgres' || type === '*mysql')) return onServer(options, type)
  const { cdrs: path } = databasePaths(loaded.config, inMemory)
  if (path !== undefined) takeUpCdrs(path, loaded)
  const store = new SqliteCdrStore(path ?? ':memory:')
  const plans = new SqlitePlanStore(path ?? ':memory:', TABLES)
  return {
    cdrs: recordArchive(store),
    plans,
    file: store,
    versions: undefined,
    opened: () => store.opened().catch((cause: unknown) => cannotOpen('stor_db.opts.sqlitePath', cause, loaded)),
    async close() {
      await store.close()
      await plans.close()
    },
  }
}

function onServer({ loaded, setsVersions, timeZone, decimals, log }: StorDbOptions, type: ServerType): StorDb {
  const connection = sqlConnection(loaded, type, setsVersions === true, log)
  const store = new SqlCdrStore(connection)
  return {
    cdrs: columnArchive({ store, costs: new SqlSessionCosts(connection), decimals, timeZone }),
    plans: new SqlPlanStore(connection, TABLES),
    file: undefined,
    versions: new SqlVersions(connection),
    opened: () => connection.opened().catch((cause: unknown) => cannotOpen('stor_db.db_type', cause, loaded)),
    close: () => connection.close(),
  }
}

type ServerType = '*postgres' | '*mysql'
const PORTS: Readonly<Record<ServerType, number>> = { '*postgres': 5432, '*mysql': 3306 }

/** Tariff plans of a server alone, for programs beside the gateway. Throws ConfigError. */
export function serverPlans(loaded: LoadedConfig, log: EngineOptions['log']): PlanStore | undefined {
  const { db_type: type } = loaded.config.stor_db
  if (type !== '*postgres' && type !== '*mysql') return undefined
  return new SqlPlanStore(sqlConnection(loaded, type, false, log), TABLES)
}

function sqlConnection(
  loaded: LoadedConfig,
  type: ServerType,
  setsVersions: boolean,
  log: EngineOptions['log'],
): SqlConnection {
  const onEvent = (event: SqlEvent) => {
    const { kind, ...fields } = event
    log(LEVELS[kind], EVENTS[kind], fields)
  }
  const server = serverOf(loaded.config, type)
  const { database, dialect } =
    type === '*postgres' ? postgres(loaded, server, onEvent) : mysql(loaded, server, log, onEvent)
  return new SqlConnection(database, dialect, { planTables: TABLES, versions: STOR_DB_VERSIONS, setsVersions, onEvent })
}

const EVENTS: Readonly<Record<SqlEvent['kind'], string>> = {
  statement: 'stor_db: statement',
  slow: 'stor_db: a slow statement',
  failed: 'stor_db: a statement has failed',
  cut: 'stor_db: a value of a CDR does not fit into its column and is cut',
  refused: 'stor_db: the server refuses a CDR or a session cost for what is in it: it is here alone',
  rounds: 'stor_db: a column of costs keeps fewer digits than costs have; all of them are in cost_details',
  created: 'stor_db: tables are made',
}
const LEVELS: Readonly<Record<SqlEvent['kind'], 'info' | 'warn' | 'error'>> = {
  statement: 'info',
  slow: 'warn',
  failed: 'warn',
  cut: 'warn',
  refused: 'error',
  rounds: 'warn',
  created: 'info',
}

function serverOf({ stor_db: config }: Config, type: ServerType): SqlServer {
  const { sqlMaxOpenConns = 0, sqlMaxIdleConns = 0, sqlLogLevel = 3, sqlConnMaxLifetime = 0n } = config.opts
  return {
    host: config.db_host,
    port: config.db_port < 0 ? PORTS[type] : config.db_port,
    database: config.db_name,
    user: config.db_user,
    password: config.db_password,
    // 0 is no limit in CGRateS.
    maxOpen: sqlMaxOpenConns > 0 ? sqlMaxOpenConns : 1_000,
    maxIdle: Math.max(0, sqlMaxIdleConns),
    maxLifetimeMs: Number(sqlConnMaxLifetime / 1_000_000n),
    logLevel: sqlLogLevel,
  }
}

type Server = { database: SqlDatabase; dialect: SqlDialect }

function postgres(loaded: LoadedConfig, server: SqlServer, onEvent: (event: SqlEvent) => void): Server {
  const { opts } = loaded.config.stor_db
  try {
    const ways = waysToConnect({
      mode: opts.pgSSLMode ?? 'disable',
      certMode: opts.pgSSLCertMode ?? '',
      cert: opts.pgSSLCert ?? '',
      key: opts.pgSSLKey ?? '',
      password: opts.pgSSLPassword ?? '',
      rootCert: opts.pgSSLRootCert ?? '',
    })
    const database = new PostgresDatabase({ ...server, schema: opts.pgSchema ?? '', ways }, onEvent)
    return { database, dialect: postgresDialect }
  } catch (cause) {
    return refuse('stor_db.opts.pgSSLMode', cause, loaded)
  }
}

function mysql(
  loaded: LoadedConfig,
  server: SqlServer,
  log: EngineOptions['log'],
  onEvent: (event: SqlEvent) => void,
): Server {
  const { mysqlDSNParams = {}, mysqlLocation = 'Local' } = loaded.config.stor_db.opts
  try {
    const parameters = dsnParameters(mysqlDSNParams)
    if (parameters.ignored.length > 0)
      log('warn', 'configuration: stor_db.opts.mysqlDSNParams have no effect in this version', {
        names: parameters.ignored,
      })
    return {
      database: new MysqlDatabase({ ...server, parameters }, onEvent),
      dialect: mysqlDialect(zoneOf(mysqlLocation)),
    }
  } catch (cause) {
    const key = cause instanceof InvalidText && cause.message.includes('time zone') ? 'mysqlLocation' : 'mysqlDSNParams'
    return refuse(`stor_db.opts.${key}`, cause, loaded)
  }
}

function refuse(key: string, cause: unknown, { placeOf }: LoadedConfig): never {
  const problem = cause instanceof Error ? cause.message : String(cause)
  throw new ConfigError([{ place: placeOf(key), key, problem }])
}
