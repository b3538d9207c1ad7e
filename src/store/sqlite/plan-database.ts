import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { PlanCells, PlanChange, PlanColumnType, PlanIdQuery, PlanTable } from '../plan-store.ts'

/** How long a write waits for that of another process, ms. */
const BUSY_TIMEOUT_MS = 30_000

/** Amounts are text: a column of numbers would make them binary floats. */
const SQL_TYPES: Readonly<Record<PlanColumnType, string>> = {
  text: `TEXT DEFAULT ''`,
  decimal: `TEXT DEFAULT '0'`,
  integer: 'INTEGER DEFAULT 0',
  boolean: 'INTEGER DEFAULT 0',
}

/** The tables of tariff plans in an SQLite file, or in memory (`:memory:`). Synchronous: it lives in a thread of its own. */
export class PlanDatabase {
  readonly #database: DatabaseSync
  readonly #tables: ReadonlyMap<string, PlanTable>
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, tables: readonly PlanTable[]) {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#tables = new Map(tables.map((table) => [table.name, table]))
    for (const table of tables) this.#database.exec(schemaOf(table))
  }

  planIds(): string[] {
    const all = [...this.#tables.keys()].map((name) => `SELECT tpid FROM ${name}`).join(' UNION ')
    return this.#prepare(`${all} ORDER BY tpid`)
      .all()
      .map(({ tpid }) => String(tpid))
  }

  objectIds(planId: string, { table, columns, search, limit, offset }: PlanIdQuery): string[] {
    const { name } = this.#table(table)
    const id = columns.map(quoted).join(` || ':' || `)
    const rows = this.#prepare(
      `SELECT DISTINCT ${id} AS object FROM ${name} WHERE tpid = ? AND instr(${id}, ?) > 0 ORDER BY object LIMIT ? OFFSET ?`,
    ).all(planId, search, limit ?? -1, offset)
    return rows.map(({ object }) => String(object))
  }

  rows(planId: string, table: string, where: Readonly<Record<string, string>>): PlanCells[] {
    const { name, columns } = this.#table(table)
    const conditions = ['tpid', ...Object.keys(where)].map((column) => `${quoted(column)} = ?`)
    const names = columns.map((column) => quoted(column.name)).join(', ')
    const found = this.#prepare(
      `SELECT ${names} FROM ${name} WHERE ${conditions.join(' AND ')} ORDER BY ${numberColumn(columns)}`,
    ).all(planId, ...Object.values(where))
    return found.map((row) => columns.map((column) => cellOf(column.is, row[column.name])))
  }

  plan(planId: string): Map<string, PlanCells[]> {
    return this.#transaction(
      'BEGIN',
      () => new Map([...this.#tables.keys()].map((name) => [name, this.rows(planId, name, {})])),
    )
  }

  /** One transaction; it is on disk when this returns. */
  change(planId: string, changes: readonly PlanChange[], isCleared: boolean): void {
    this.#transaction('BEGIN IMMEDIATE', () => {
      if (isCleared)
        for (const name of this.#tables.keys()) this.#prepare(`DELETE FROM ${name} WHERE tpid = ?`).run(planId)
      for (const change of changes) this.#apply(planId, change)
    })
  }

  #transaction<R>(begin: string, work: () => R): R {
    this.#database.exec(begin)
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (cause) {
      this.#database.exec('ROLLBACK')
      throw cause
    }
  }

  close(): void {
    this.#database.close()
  }

  #apply(planId: string, { table, removed, added }: PlanChange): void {
    const { name, columns, keys } = this.#table(table)
    const key = columns.slice(0, keys).map((column) => `${quoted(column.name)} = ?`)
    const remove = this.#prepare(`DELETE FROM ${name} WHERE tpid = ? AND ${key.join(' AND ')}`)
    for (const cells of removed) remove.run(planId, ...cells)
    const names = columns.map((column) => quoted(column.name)).join(', ')
    const insert = this.#prepare(`INSERT INTO ${name} (tpid, ${names}) VALUES (?${', ?'.repeat(columns.length)})`)
    for (const cells of added) insert.run(planId, ...columns.map(({ is }, at) => sqlValue(is, cells[at] ?? '')))
  }

  #table(name: string): PlanTable {
    const table = this.#tables.get(name)
    if (table === undefined) throw new Error(`no table ${name}`)
    return table
  }

  #prepare(sql: string): StatementSync {
    const held = this.#statements.get(sql)
    if (held !== undefined) return held
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

function schemaOf({ name, columns, keys }: PlanTable): string {
  const key = columns.slice(0, keys).map((column) => quoted(column.name))
  return `
    CREATE TABLE IF NOT EXISTS ${name} (
      ${numberColumn(columns)} INTEGER PRIMARY KEY AUTOINCREMENT,
      tpid TEXT NOT NULL,
      ${columns.map((column) => `${quoted(column.name)} ${SQL_TYPES[column.is]}`).join(',\n      ')},
      created_at TEXT DEFAULT CURRENT_TIMESTAMP);
    CREATE INDEX IF NOT EXISTS ${name}_key ON ${name} (tpid, ${key.join(', ')});`
}

/** The column that numbers the rows. Reference 10, A9. */
function numberColumn(columns: PlanTable['columns']): string {
  return columns.some(({ name }) => name === 'id') ? 'pk' : 'id'
}

/** Some columns have names that mean something in SQL. */
function quoted(name: string): string {
  return `"${name}"`
}

function cellOf(is: PlanColumnType, value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return is === 'boolean' ? String(text === '1' || text === 'true') : text
}

function sqlValue(is: PlanColumnType, cell: string): SQLInputValue {
  if (is === 'boolean') return cell === 'true' ? 1 : 0
  return is === 'integer' ? BigInt(cell || '0') : cell
}
