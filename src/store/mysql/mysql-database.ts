import type mysql from 'mysql2/promise'
import {
  logged,
  type OnSqlEvent,
  type SqlDatabase,
  SqlError,
  type SqlResult,
  type SqlSession,
  type SqlValue,
  type TransactionKind,
} from '../sql/sql-database.ts'
import { CONNECT_TIMEOUT_MS, QUERY_TIMEOUT_MS, type SqlServer } from '../sql/sql-server.ts'
import type { DsnParameters } from './dsn-parameters.ts'

export type MysqlOptions = SqlServer & { parameters: DsnParameters }

/** The same values fail whenever they come: out of range, wrong, null, too long, doubled, no JSON, a constraint. */
const OF_DATA: ReadonlySet<number> = new Set([1048, 1062, 1264, 1265, 1292, 1366, 1406, 3140, 3819, 4025])
/** How long a connection beyond the idle ones is kept, ms. */
const IDLE_MS = 10_000

/**
 * A pool of connections to MySQL or MariaDB, which begins with the first statement. Sessions are strict (nothing is cut or rounded
 * in silence), and UTC is their zone.
 */
export class MysqlDatabase implements SqlDatabase {
  readonly name: string
  readonly #options: MysqlOptions
  readonly #onEvent: OnSqlEvent
  readonly #opened = new WeakMap<object, number>()
  #pool: Promise<mysql.Pool> | undefined
  #closed = false

  constructor(options: MysqlOptions, onEvent: OnSqlEvent) {
    this.#options = options
    this.#onEvent = onEvent
    this.name = `*mysql at ${options.host}:${options.port}, database ${options.database}`
  }

  query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.#with((session) => session.query(sql, values))
  }

  transaction<R>(work: (session: SqlSession) => Promise<R>, kind: TransactionKind = 'READ COMMITTED'): Promise<R> {
    return this.#with(async (session, plain) => {
      await plain(`SET TRANSACTION ISOLATION LEVEL ${kind}`)
      await plain('START TRANSACTION')
      try {
        const result = await work(session)
        await plain('COMMIT')
        return result
      } catch (cause) {
        await plain('ROLLBACK').catch(() => undefined)
        throw cause
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await (await this.#pool)?.end()
  }

  async #with<R>(work: (session: SqlSession, plain: (sql: string) => Promise<void>) => Promise<R>): Promise<R> {
    if (this.#closed) throw new SqlError('the pool is closed', false)
    this.#pool ??= this.#poolOf()
    const pool = await this.#pool
    const connection = await pool.getConnection().catch((cause: unknown) => {
      throw sqlError(cause)
    })
    let isBroken = false
    const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
      try {
        return await run()
      } catch (cause) {
        const error = cause as Partial<mysql.QueryError>
        isBroken ||= error.fatal === true || error.sqlState === undefined
        throw sqlError(cause)
      }
    }
    const plain = (sql: string) =>
      guarded(async () => void (await connection.query({ sql, timeout: QUERY_TIMEOUT_MS })))
    const session: SqlSession = {
      query: (sql, values = []) =>
        logged(sql, this.#options.logLevel, this.#onEvent, () => guarded(() => run(connection, sql, values))),
    }
    try {
      await this.#begin(connection.connection, plain)
      return await work(session, plain)
    } finally {
      if (isBroken || this.#isOld(connection.connection)) connection.destroy()
      else connection.release()
    }
  }

  /** Settings of a new connection. */
  async #begin(connection: object, plain: (sql: string) => Promise<void>): Promise<void> {
    if (this.#opened.has(connection)) return
    const { variables } = this.#options.parameters
    const own = { sql_mode: `'STRICT_ALL_TABLES,ALLOW_INVALID_DATES'`, time_zone: `'+00:00'` }
    for (const [name, value] of Object.entries({ ...variables, ...own })) await plain(`SET SESSION ${name} = ${value}`)
    this.#opened.set(connection, performance.now())
  }

  #isOld(connection: object): boolean {
    const { maxLifetimeMs } = this.#options
    const opened = this.#opened.get(connection)
    return maxLifetimeMs > 0 && opened !== undefined && performance.now() - opened > maxLifetimeMs
  }

  /** The library takes a tenth of a second of the start: it is not loaded before somebody wants it. */
  async #poolOf(): Promise<mysql.Pool> {
    const { default: mysql } = await import('mysql2/promise')
    const { host, port, database, user, password, maxOpen, maxIdle, parameters } = this.#options
    const { ssl, collation, connectTimeoutMs } = parameters
    return mysql.createPool({
      host,
      port,
      database,
      user,
      password,
      connectionLimit: maxOpen,
      maxIdle: Math.min(maxIdle, maxOpen),
      idleTimeout: IDLE_MS,
      charset: collation ?? 'utf8mb4',
      connectTimeout: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      enableKeepAlive: true,
      rowsAsArray: true,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      jsonStrings: true,
      ...(ssl === undefined ? {} : { ssl }),
    })
  }
}

async function run(connection: mysql.PoolConnection, sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
  // A number would be sent as a double, which LIMIT refuses.
  const bound = values.map((value) => (value === null ? null : String(value)))
  const [result] = await connection.execute<mysql.RowDataPacket[][] | mysql.ResultSetHeader>(
    { sql, timeout: QUERY_TIMEOUT_MS, rowsAsArray: true },
    bound,
  )
  if (!Array.isArray(result)) return { rows: [], count: result.affectedRows }
  const rows = result.map((cells) => cells.map((cell: unknown) => (cell === null ? null : String(cell))))
  return { rows, count: rows.length }
}

function sqlError(cause: unknown): SqlError {
  if (cause instanceof SqlError) return cause
  const { errno = 0 } = cause as Partial<mysql.QueryError>
  return new SqlError(messageOf(cause), OF_DATA.has(errno), { cause })
}

/** Of addresses that were tried one after the other, all; a lost connection has a code alone. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ')
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || String((cause as Partial<mysql.QueryError>).code)
}
