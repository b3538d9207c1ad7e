import type { PlanTable } from '../plan-store.ts'
import { CDR_TABLE } from './cdr-columns.ts'
import { COST_TABLE } from './session-cost-table.ts'
import { type OnSqlEvent, type SqlDatabase, type SqlSession, sqlFailure } from './sql-database.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { planTable } from './sql-plan-store.ts'
import { addColumn, createTable, type FoundTables, readTables, requireColumns, type SqlTable } from './sql-tables.ts'
import { type ItemVersions, needsVersions, VERSIONS_TABLE, writeVersions } from './sql-versions.ts'

export type SqlConnectionOptions = {
  planTables: readonly PlanTable[]
  /** Versions of what the database keeps, by item. */
  versions: ItemVersions
  /** Versions that are there are replaced instead of checked. */
  setsVersions: boolean
  onEvent: OnSqlEvent
}

/** Digits after the point that costs may have in a table of ours. */
const COST_DECIMALS = 10

/** A database of a server, opened once for all that is kept there: its tables are made when they are missing. */
export class SqlConnection {
  readonly database: SqlDatabase
  readonly dialect: SqlDialect
  readonly onEvent: OnSqlEvent
  readonly #options: SqlConnectionOptions
  #tables: FoundTables = new Map()
  #opening: Promise<void> | undefined

  constructor(database: SqlDatabase, dialect: SqlDialect, options: SqlConnectionOptions) {
    this.database = database
    this.dialect = dialect
    this.onEvent = options.onEvent
    this.#options = options
  }

  /** Columns of the tables, once it is open. */
  get tables(): FoundTables {
    return this.#tables
  }

  /** Connects, makes missing tables and checks those that are there; once. Rejects with StoreFailure, and tries again then. */
  opened(): Promise<void> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = undefined
      throw sqlFailure(this.database, cause)
    })
    return this.#opening
  }

  close(): Promise<void> {
    return this.database.close()
  }

  async #open(): Promise<void> {
    const { database, dialect } = this
    const { planTables, versions, setsVersions, onEvent } = this.#options
    const before = await readTables(database, dialect)
    const plans = planTables.map(planTable)
    const own = [CDR_TABLE, COST_TABLE, VERSIONS_TABLE]
    const isNew = setsVersions || (await needsVersions(database, dialect, before, [...own, ...plans], versions))
    const missing = [...own, ...plans].filter(({ name }) => !before.has(name))
    for (const table of missing) await createTable(database, table, dialect)
    if (missing.length > 0) onEvent({ kind: 'created', tables: missing.map(({ name }) => name) })
    for (const table of plans) await this.#addColumns(database, table, before)
    this.#tables = await readTables(database, dialect)
    for (const table of own) requireColumns(database.name, table, this.#tables)
    const decimals = this.#tables.get('cdrs')?.get('cost')?.scale ?? COST_DECIMALS
    if (decimals < COST_DECIMALS) onEvent({ kind: 'rounds', column: 'cdrs.cost', decimals })
    if (isNew) await database.transaction((session) => writeVersions(session, versions, true))
  }

  /** Plans have columns that tables of CGRateS's scripts lack: those of pools of IPs. */
  async #addColumns(session: SqlSession, table: SqlTable, found: FoundTables): Promise<void> {
    const there = found.get(table.name)
    if (there === undefined) return
    for (const column of table.columns)
      if (!there.has(column.name)) await addColumn(session, table.name, { ...column, isNull: true }, this.dialect)
  }
}
