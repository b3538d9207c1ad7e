import { StoreFailure } from '../../core/errors.ts'

/** What is bound to a `?` of a statement. Numbers beyond 2^53 and decimals are texts. */
export type SqlValue = string | number | null

/** Cells of a result as the server prints them. */
export type SqlCells = readonly (string | null)[]

/** count: rows that a statement has found to change. */
export type SqlResult = { readonly rows: readonly SqlCells[]; readonly count: number }

/** Where statements run. Values are always bound, never part of the text; `?` is the place of one. Rejects with SqlError. */
export interface SqlSession {
  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult>
}

/** What a transaction sees of others: REPEATABLE READ all of one moment. */
export type TransactionKind = 'READ COMMITTED' | 'REPEATABLE READ'

/** A pool of connections to one database of a server. */
export interface SqlDatabase extends SqlSession {
  /** `*postgres at 127.0.0.1:5432, database cgrates`: how errors name it. */
  readonly name: string
  /** Runs work on one connection, between BEGIN and COMMIT; what rejects is rolled back. */
  transaction<R>(work: (session: SqlSession) => Promise<R>, kind?: TransactionKind): Promise<R>
  /** Waits for statements under way and closes every connection. */
  close(): Promise<void>
}

/** Why a statement has failed. isOfData: these values can never be stored, whenever it is tried again. */
export class SqlError extends Error {
  readonly isOfData: boolean

  constructor(message: string, isOfData: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SqlError'
    this.isOfData = isOfData
  }
}

/** What happens at a server that somebody should know. */
export type SqlEvent =
  /** sqlLogLevel 4: each statement, without its values; 3: those that take long. */
  | { kind: 'statement' | 'slow'; sql: string; rows: number; ms: number }
  | { kind: 'failed'; sql: string; problem: string }
  /** A text was longer than its column. */
  | { kind: 'cut'; column: string; cgrId: string; runId: string; value: string }
  /** The server refuses a CDR for what is in it: it is in the log alone. */
  | { kind: 'refused'; problem: string; record: string }
  /** A column of CGRateS's scripts keeps fewer digits than amounts have. */
  | { kind: 'rounds'; column: string; decimals: number }
  | { kind: 'created'; tables: readonly string[] }

export type OnSqlEvent = (event: SqlEvent) => void

/** ms from which a statement is slow. */
const SLOW_MS = 200

/** Runs a statement and tells of it as sqlLogLevel says (1 nothing, 2 errors, 3 slow ones, 4 each). Rejects as `run`. */
export async function logged(
  sql: string,
  level: number,
  onEvent: OnSqlEvent,
  run: () => Promise<SqlResult>,
): Promise<SqlResult> {
  const begin = performance.now()
  try {
    const result = await run()
    const ms = Math.round(performance.now() - begin)
    if (level >= 4) onEvent({ kind: 'statement', sql, rows: result.count, ms })
    else if (level === 3 && ms >= SLOW_MS) onEvent({ kind: 'slow', sql, rows: result.count, ms })
    return result
  } catch (cause) {
    if (level >= 2) onEvent({ kind: 'failed', sql, problem: (cause as Error).message })
    throw cause
  }
}

/** What a statement has failed with, as clients and the log read it. */
export function sqlFailure({ name }: SqlDatabase, cause: unknown): Error {
  if (cause instanceof StoreFailure) return cause
  return new StoreFailure(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
