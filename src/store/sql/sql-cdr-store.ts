import type { CdrQuery, CdrStore } from '../cdr-store.ts'
import { CDR_COLUMNS, type CdrToStore, cdrOfRow, type FoundColumns, selectedColumns } from './cdr-columns.ts'
import { type Bound, conditionsOf, places } from './cdr-conditions.ts'
import { type HeldCdr, planWrites } from './cdr-writes.ts'
import { fitJson, fitText } from './fit-text.ts'
import type { SqlConnection } from './sql-connection.ts'
import { SqlError, type SqlSession, type SqlValue, sqlFailure } from './sql-database.ts'
import type { FoundColumn } from './sql-tables.ts'

/** Rows of one INSERT: powers of two up to it, so that a server has few statements to prepare. */
const MOST_ROWS = 128

/**
 * CDRs in the table `cdrs` of a server, which operators read by SQL. A batch is one transaction. What a server refuses for what is
 * in it is told and passed over: CDRs behind it do not wait for ever. Reference 10, A9.
 */
export class SqlCdrStore implements CdrStore<CdrToStore, FoundColumns> {
  readonly #connection: SqlConnection

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  async write(rows: readonly CdrToStore[]): Promise<void> {
    const { database } = this.#connection
    await this.#connection.opened()
    const fitting = rows.map((row) => this.#fit(row))
    try {
      await database.transaction((session) => this.#write(session, fitting))
    } catch (cause) {
      if (!(cause instanceof SqlError && cause.isOfData)) throw sqlFailure(database, cause)
      await this.#writeEach(fitting)
    }
  }

  async find(query: CdrQuery): Promise<FoundColumns[]> {
    const { dialect } = this.#connection
    const { where, rest, values, page } = conditionsOf(query, dialect.cdrs)
    const sql = `SELECT ${selectedColumns(dialect)} FROM cdrs ${where} ${rest}`
    const { rows } = await this.#query(sql, [...values, ...page])
    return rows.map((cells) => cdrOfRow(cells, dialect))
  }

  async remove(query: CdrQuery): Promise<number> {
    const { where, rest, values, page } = conditionsOf(query, this.#connection.dialect.cdrs)
    // MySQL wants a table of its own for what it deletes by.
    const found = `SELECT id FROM (SELECT id FROM cdrs ${where} ${rest}) AS found`
    return (await this.#query(`DELETE FROM cdrs WHERE id IN (${found})`, [...values, ...page])).count
  }

  /** Digits after the point that costs keep; once it is open. */
  get costDecimals(): number {
    return this.#column('cost')?.scale ?? Number.POSITIVE_INFINITY
  }

  /** The pool is that of the connection. */
  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #query(sql: string, values: readonly Bound[]) {
    const { database } = this.#connection
    await this.#connection.opened()
    try {
      return await database.query(sql, values.map(sqlValue))
    } catch (cause) {
      throw sqlFailure(database, cause)
    }
  }

  /** Rejects with SqlError. */
  async #write(session: SqlSession, rows: readonly CdrToStore[]): Promise<void> {
    const { inserts, updates } = planWrites(await this.#held(session, rows), rows, this.#unitUs)
    let at = 0
    while (at < inserts.length) {
      const count = Math.min(MOST_ROWS, 2 ** Math.floor(Math.log2(inserts.length - at)))
      await this.#insert(session, inserts.slice(at, at + count))
      at += count
    }
    for (const [id, row] of updates) await this.#update(session, id, row)
  }

  async #writeEach(rows: readonly CdrToStore[]): Promise<void> {
    const { database, onEvent } = this.#connection
    for (const row of rows) {
      try {
        await database.transaction((session) => this.#write(session, [row]))
      } catch (cause) {
        if (!(cause instanceof SqlError && cause.isOfData)) throw sqlFailure(database, cause)
        const record = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))
        onEvent({ kind: 'refused', problem: cause.message, record })
      }
    }
  }

  async #held(session: SqlSession, rows: readonly CdrToStore[]): Promise<HeldCdr[]> {
    const { dialect } = this.#connection
    const cgrIds = [...new Set(rows.map(({ cgrId }) => cgrId))]
    const wanted = 2 ** Math.ceil(Math.log2(cgrIds.length))
    // Few lengths of lists, few statements to prepare.
    const list = Array.from({ length: wanted }, (_, at) => cgrIds[at] ?? cgrIds[0] ?? '')
    const { rows: found } = await session.query(
      `SELECT id, cgrid, run_id, ${dialect.writtenAt('created_at')} FROM cdrs WHERE cgrid IN (${places(wanted)})`,
      list,
    )
    return found.map(([id, cgrId, runId, madeUs]) => ({
      id: String(id),
      cgrId: String(cgrId),
      runId: String(runId),
      madeUs: BigInt(madeUs ?? '0'),
    }))
  }

  async #insert(session: SqlSession, rows: readonly CdrToStore[]): Promise<void> {
    const { dialect } = this.#connection
    const names = CDR_COLUMNS.map(({ name }) => dialect.quoted(name)).join(', ')
    const row = `(${places(CDR_COLUMNS.length)})`
    const values = rows.flatMap((each) => this.#values(each))
    await session.query(`INSERT INTO cdrs (${names}) VALUES ${rows.map(() => row).join(', ')}`, values)
  }

  async #update(session: SqlSession, id: string, row: CdrToStore): Promise<void> {
    const { dialect } = this.#connection
    const set = CDR_COLUMNS.map(({ name }) => `${dialect.quoted(name)} = ?`).join(', ')
    await session.query(`UPDATE cdrs SET ${set} WHERE id = ?`, [...this.#values(row), Number(id)])
  }

  #values(row: CdrToStore): SqlValue[] {
    const { dialect } = this.#connection
    const madeUs = row.madeUs - (row.madeUs % this.#unitUs)
    return CDR_COLUMNS.map(({ name, value }) => value({ ...row, madeUs }, dialect, this.#column(name)?.digits ?? 6))
  }

  /** The finest difference that created_at keeps. */
  get #unitUs(): bigint {
    return 10n ** BigInt(6 - Math.min(6, this.#column('created_at')?.digits ?? 6))
  }

  #column(name: string): FoundColumn | undefined {
    return this.#connection.tables.get('cdrs')?.get(name)
  }

  /** The row as its columns can take it: what is cut is told. */
  #fit(row: CdrToStore): CdrToStore {
    const { dialect, onEvent } = this.#connection
    const fitted: Record<string, unknown> = { ...row }
    for (const { field, column } of TEXT_FIELDS) {
      const value = row[field]
      const fit = fitText(value, this.#column(column), dialect)
      if (fit === value) continue
      fitted[field] = fit
      onEvent({ kind: 'cut', column, cgrId: row.cgrId, runId: row.runId, value })
    }
    return {
      ...(fitted as CdrToStore),
      extraFields: fitJson(row.extraFields, this.#column('extra_fields'), dialect),
      costDetails: fitJson(row.costDetails, this.#column('cost_details'), dialect),
    }
  }
}

type TextField = {
  [F in keyof CdrToStore]: CdrToStore[F] extends string ? F : never
}[keyof CdrToStore]

const TEXT_FIELDS: readonly { field: TextField; column: string }[] = [
  { field: 'cgrId', column: 'cgrid' },
  { field: 'runId', column: 'run_id' },
  { field: 'originHost', column: 'origin_host' },
  { field: 'source', column: 'source' },
  { field: 'originId', column: 'origin_id' },
  { field: 'toR', column: 'tor' },
  { field: 'requestType', column: 'request_type' },
  { field: 'tenant', column: 'tenant' },
  { field: 'category', column: 'category' },
  { field: 'account', column: 'account' },
  { field: 'subject', column: 'subject' },
  { field: 'destination', column: 'destination' },
  { field: 'costSource', column: 'cost_source' },
  { field: 'extraInfo', column: 'extra_info' },
]

function sqlValue(value: Bound): SqlValue {
  return typeof value === 'bigint' ? String(value) : value
}
