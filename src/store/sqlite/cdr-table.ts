import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Decimal } from '../../core/decimal.ts'
import type { CdrQuery, CdrRow, FoundCdr } from '../cdr-store.ts'
import { conditionsOf } from '../sql/cdr-conditions.ts'
import { sqliteLayout } from './cdr-layout.ts'

/** How long a write waits for that of tariff plans or of another process, ms. */
const BUSY_TIMEOUT_MS = 30_000

/** The table of CDRs in an SQLite file, or in memory (`:memory:`). Synchronous: it lives in a thread of its own. */
export class CdrTable {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #replace: StatementSync

  constructor(path: string) {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS cdrs (
        order_id INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        cgrid TEXT NOT NULL, run_id TEXT NOT NULL, tenant TEXT NOT NULL, account TEXT NOT NULL, origin_id TEXT NOT NULL,
        request_type TEXT NOT NULL, tor TEXT NOT NULL, answer_ns INTEGER NOT NULL, cost TEXT NOT NULL, record TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS cdrs_cgrid ON cdrs (cgrid);
      CREATE INDEX IF NOT EXISTS cdrs_account ON cdrs (tenant, account);
      CREATE INDEX IF NOT EXISTS cdrs_origin ON cdrs (origin_id);`)
    this.#database.function('decimal_compare', { deterministic: true }, (a, b) =>
      Decimal.parse(String(a)).compare(Decimal.parse(String(b))),
    )
    // A CDR that comes once more may have been replaced since: a later one of its session and run keeps it out.
    this.#insert = this.#database.prepare(`
      INSERT INTO cdrs (id, cgrid, run_id, tenant, account, origin_id, request_type, tor, answer_ns, cost, record)
      SELECT :id, :cgrId, :runId, :tenant, :account, :originId, :requestType, :toR, :answerNs, :cost, :record
      WHERE NOT EXISTS (SELECT 1 FROM cdrs WHERE cgrid = :cgrId AND run_id = :runId AND id > :id)
      ON CONFLICT (id) DO NOTHING`)
    this.#replace = this.#database.prepare(`
      UPDATE cdrs SET id = :id, tenant = :tenant, account = :account, origin_id = :originId,
        request_type = :requestType, tor = :toR, answer_ns = :answerNs, cost = :cost, record = :record
      WHERE order_id =
        (SELECT order_id FROM cdrs WHERE cgrid = :cgrId AND run_id = :runId AND id < :id ORDER BY id DESC LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM cdrs WHERE cgrid = :cgrId AND run_id = :runId AND id >= :id)`)
  }

  /** One transaction; it is on disk when this returns. */
  write(rows: readonly CdrRow[]): void {
    this.#database.exec('BEGIN')
    try {
      for (const row of rows) {
        const { replaces, ...columns } = row
        const isReplaced = replaces && this.#replace.run(columns).changes === 1
        if (!isReplaced) this.#insert.run(columns)
      }
      this.#database.exec('COMMIT')
    } catch (cause) {
      this.#database.exec('ROLLBACK')
      throw cause
    }
  }

  find(query: CdrQuery): FoundCdr[] {
    const { where, rest, values, page } = conditionsOf(query, sqliteLayout)
    const rows = this.#database.prepare(`SELECT order_id, record FROM cdrs ${where} ${rest}`).all(...values, ...page)
    return rows.map(({ order_id: orderId, record }) => ({ orderId: Number(orderId), record: String(record) }))
  }

  /** Deletes what a query finds; how many. */
  remove(query: CdrQuery): number {
    const { where, rest, values, page } = conditionsOf(query, sqliteLayout)
    const found = `SELECT order_id FROM cdrs ${where} ${rest}`
    return Number(
      this.#database.prepare(`DELETE FROM cdrs WHERE order_id IN (${found})`).run(...values, ...page).changes,
    )
  }

  /** Brings what the write-ahead log holds into the file, and empties the log. */
  fold(): void {
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#database.close()
  }
}
