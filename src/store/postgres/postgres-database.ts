import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import {
  logged,
  type OnSqlEvent,
  type SqlCells,
  type SqlDatabase,
  SqlError,
  type SqlResult,
  type SqlSession,
  type SqlValue,
  type TransactionKind,
} from '../sql/sql-database.ts'
import { CONNECT_TIMEOUT_MS, QUERY_TIMEOUT_MS, type SqlServer } from '../sql/sql-server.ts'

export type PostgresOptions = SqlServer & {
  /** First of the search path; '' for that of the server. */
  schema: string
  /** Ways to connect, the first that the server takes: `false` without TLS. */
  ways: readonly (false | ConnectionOptions)[]
}

/** Data exceptions and violated constraints: the same values fail whenever they come. */
const OF_DATA = /^2[23]/
/** Cells come as the server prints them. */
const AS_TEXT = { getTypeParser: () => (value: unknown) => value }

/** A pool of connections to PostgreSQL, which begins with the first statement. */
export class PostgresDatabase implements SqlDatabase {
  readonly name: string
  readonly #options: PostgresOptions
  readonly #onEvent: OnSqlEvent
  readonly #begun = new WeakSet<object>()
  #pool: Promise<pg.Pool> | undefined
  #closed = false

  constructor(options: PostgresOptions, onEvent: OnSqlEvent) {
    this.#options = options
    this.#onEvent = onEvent
    this.name = `*postgres at ${options.host}:${options.port}, database ${options.database}`
  }

  query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.#with((session) => session.query(sql, values))
  }

  transaction<R>(work: (session: SqlSession) => Promise<R>, kind: TransactionKind = 'READ COMMITTED'): Promise<R> {
    return this.#with(async (session) => {
      await session.query(`BEGIN ISOLATION LEVEL ${kind}`)
      try {
        const result = await work(session)
        await session.query('COMMIT')
        return result
      } catch (cause) {
        await session.query('ROLLBACK').catch(() => undefined)
        throw cause
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const pool = await this.#pool?.catch(() => undefined)
    await pool?.end()
  }

  async #with<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    if (this.#closed) throw new SqlError('the pool is closed', false)
    this.#pool ??= this.#connect()
    const pool = await this.#pool.catch((cause: unknown) => {
      this.#pool = undefined
      throw cause
    })
    const client = await pool.connect().catch((cause: unknown) => {
      throw sqlError(cause)
    })
    let isBroken = false
    const session: SqlSession = {
      query: (sql, values = []) =>
        logged(sql, this.#options.logLevel, this.#onEvent, async () => {
          try {
            return await run(client, sql, values)
          } catch (cause) {
            // Only what the server itself has answered leaves the connection in order.
            isBroken ||= !(cause instanceof pg.DatabaseError)
            throw sqlError(cause)
          }
        }),
    }
    try {
      await this.#begin(client, session)
      return await work(session)
    } finally {
      client.release(isBroken || pool.idleCount >= this.#options.maxIdle)
    }
  }

  /** Settings of a new connection. */
  async #begin(client: object, session: SqlSession): Promise<void> {
    const { schema } = this.#options
    if (schema === '' || this.#begun.has(client)) return
    await session.query(`SELECT set_config('search_path', ?, false)`, [schema])
    this.#begun.add(client)
  }

  /** A pool of the first way that the server takes. */
  async #connect(): Promise<pg.Pool> {
    const [way = false, ...others] = this.#options.ways
    for (const [at, ssl] of [way, ...others].entries()) {
      const pool = this.#poolOf(ssl)
      try {
        const client = await pool.connect()
        client.release()
        return pool
      } catch (cause) {
        await pool.end()
        if (at === others.length) throw sqlError(cause)
      }
    }
    throw new SqlError('no way to connect', false)
  }

  #poolOf(ssl: false | ConnectionOptions): pg.Pool {
    const { host, port, database, user, password, maxOpen, maxLifetimeMs } = this.#options
    const pool = new pg.Pool({
      host,
      port,
      database,
      user,
      password,
      ssl,
      max: maxOpen,
      maxLifetimeSeconds: maxLifetimeMs / 1_000,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'tollgate',
      types: AS_TEXT,
    })
    // An idle connection that breaks leaves the pool; the next statement gets another one.
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    return pool
  }
}

async function run(client: pg.PoolClient, sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
  let place = 0
  const text = values.length === 0 ? sql : sql.replaceAll('?', () => `$${++place}`)
  const { rows, rowCount } = await client.query<(string | null)[]>({
    text,
    values: [...values],
    rowMode: 'array',
    types: AS_TEXT,
  })
  return { rows: rows as SqlCells[], count: rowCount ?? 0 }
}

function sqlError(cause: unknown): SqlError {
  if (cause instanceof SqlError) return cause
  const message = messageOf(cause)
  const code = cause instanceof pg.DatabaseError ? (cause.code ?? '') : ''
  return new SqlError(message, OF_DATA.test(code), { cause })
}

/** Of addresses that were tried one after the other, all. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
