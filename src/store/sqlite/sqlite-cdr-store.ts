import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** A CDR as the query store keeps it: columns to filter by, and the whole record as text. */
export type CdrRow = {
  cgrId: string
  runId: string
  tenant: string
  account: string
  originId: string
  requestType: string
  toR: string
  answerNs: bigint
  cost: string
  record: string
}

export type CdrQuery = {
  cgrIds?: readonly string[]
  runIds?: readonly string[]
  tenants?: readonly string[]
  accounts?: readonly string[]
  originIds?: readonly string[]
  requestTypes?: readonly string[]
  toRs?: readonly string[]
  limit?: number | undefined
  offset?: number | undefined
}

const COLUMNS = {
  cgrIds: 'cgrid',
  runIds: 'run_id',
  tenants: 'tenant',
  accounts: 'account',
  originIds: 'origin_id',
  requestTypes: 'request_type',
  toRs: 'tor',
} as const

/** CDRs for queries (`*sqlite`; path `:memory:` for `*internal`). A CDR that comes again replaces itself. */
export class SqliteCdrStore {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync

  constructor(path: string) {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    this.#database = new DatabaseSync(path)
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS cdrs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cgrid TEXT NOT NULL, run_id TEXT NOT NULL, tenant TEXT NOT NULL, account TEXT NOT NULL, origin_id TEXT NOT NULL,
        request_type TEXT NOT NULL, tor TEXT NOT NULL, answer_ns INTEGER NOT NULL, cost TEXT NOT NULL, record TEXT NOT NULL,
        UNIQUE (cgrid, run_id));
      CREATE INDEX IF NOT EXISTS cdrs_account ON cdrs (tenant, account);
      CREATE INDEX IF NOT EXISTS cdrs_origin ON cdrs (origin_id);`)
    this.#insert = this.#database.prepare(`
      INSERT INTO cdrs (cgrid, run_id, tenant, account, origin_id, request_type, tor, answer_ns, cost, record)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (cgrid, run_id) DO UPDATE SET cost = excluded.cost, record = excluded.record`)
  }

  /** Stores a batch as one transaction; it is on disk when this returns. */
  write(rows: readonly CdrRow[]): void {
    this.#database.exec('BEGIN')
    try {
      for (const { cgrId, runId, tenant, account, originId, requestType, toR, answerNs, cost, record } of rows) {
        this.#insert.run(cgrId, runId, tenant, account, originId, requestType, toR, answerNs, cost, record)
      }
      this.#database.exec('COMMIT')
    } catch (cause) {
      this.#database.exec('ROLLBACK')
      throw cause
    }
  }

  /** CDRs in the order in which they were stored. Values of one filter are alternatives, filters all hold. */
  find(query: CdrQuery): { orderId: number; record: string }[] {
    const conditions: string[] = []
    const values: (string | number)[] = []
    for (const [name, column] of Object.entries(COLUMNS) as [keyof typeof COLUMNS, string][]) {
      const wanted = query[name]
      if (wanted === undefined || wanted.length === 0) continue
      conditions.push(`${column} IN (${wanted.map(() => '?').join(', ')})`)
      values.push(...wanted)
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const rows = this.#database
      .prepare(`SELECT id, record FROM cdrs ${where} ORDER BY id LIMIT ? OFFSET ?`)
      .all(...values, query.limit ?? -1, query.offset ?? 0)
    return rows.map(({ id, record }) => ({ orderId: Number(id), record: String(record) }))
  }

  close(): void {
    this.#database.close()
  }
}
