import { Decimal } from '../../core/decimal.ts'
import { StoreFailure } from '../../core/errors.ts'
import type { PlanCells, PlanChange, PlanColumnType, PlanIdQuery, PlanStore, PlanTable } from '../plan-store.ts'
import { places } from './cdr-conditions.ts'
import type { SqlConnection } from './sql-connection.ts'
import { SqlError, type SqlSession, type SqlValue, sqlFailure, type TransactionKind } from './sql-database.ts'
import type { FoundColumn, SqlTable } from './sql-tables.ts'

/** Values of one INSERT at most. */
const MOST_VALUES = 4_000

/** The table of a kind of objects of tariff plans as it is made where there is none. Reference 10, A9. */
export function planTable({ name, columns, keys }: PlanTable): SqlTable {
  return {
    name,
    number: numberColumn(columns),
    columns: [
      { name: 'tpid', type: 'VARCHAR(64)', isNull: false },
      ...columns.map((column, at) => ({
        name: column.name,
        type: at < keys ? 'plan key' : `plan ${column.is}`,
        isNull: false,
      })),
      { name: 'created_at', type: 'moment', isNull: true },
    ],
    indexes: [['tpid', ...columns.slice(0, keys).map((column) => column.name)]],
  }
}

function numberColumn(columns: PlanTable['columns']): string {
  return columns.some(({ name }) => name === 'id') ? 'pk' : 'id'
}

/** Tariff plans in a database of a server, in the tables that CGRateS has for them. */
export class SqlPlanStore implements PlanStore {
  readonly #connection: SqlConnection
  readonly #tables: ReadonlyMap<string, PlanTable>

  constructor(connection: SqlConnection, tables: readonly PlanTable[]) {
    this.#connection = connection
    this.#tables = new Map(tables.map((table) => [table.name, table]))
  }

  planIds(): Promise<string[]> {
    const all = [...this.#tables.keys()].map((name) => `SELECT tpid AS object FROM ${name}`).join(' UNION ')
    return this.#run((session) => this.#names(session, all, [], undefined, 0))
  }

  objectIds(planId: string, { table, columns, search, limit, offset }: PlanIdQuery): Promise<string[]> {
    const { dialect } = this.#connection
    const id = dialect.joined(columns.map((column) => dialect.quoted(column)))
    const { name } = this.#table(table)
    const sql = `SELECT ${id} AS object FROM ${name} WHERE ${this.#equals('tpid')} AND ${dialect.contains(id)}`
    return this.#run((session) => this.#names(session, sql, [planId, planId, search], limit, offset))
  }

  rows(planId: string, table: string, where: Readonly<Record<string, string>>): Promise<PlanCells[]> {
    return this.#run((session) => this.#rows(session, planId, table, where))
  }

  plan(planId: string): Promise<ReadonlyMap<string, PlanCells[]>> {
    return this.#run(async (session) => {
      const tables = new Map<string, PlanCells[]>()
      for (const name of this.#tables.keys()) tables.set(name, await this.#rows(session, planId, name, {}))
      return tables
    }, 'REPEATABLE READ')
  }

  async change(planId: string, changes: readonly PlanChange[], isCleared = false): Promise<void> {
    await this.#run(async (session) => {
      if (isCleared)
        for (const name of this.#tables.keys())
          await session.query(`DELETE FROM ${name} WHERE ${this.#equals('tpid')}`, [planId, planId])
      for (const change of changes) await this.#apply(session, planId, change)
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  /** Reads see one moment, changes are whole or not at all. */
  async #run<R>(work: (session: SqlSession) => Promise<R>, kind?: TransactionKind): Promise<R> {
    const { database } = this.#connection
    await this.#connection.opened()
    try {
      return await database.transaction(work, kind)
    } catch (cause) {
      if (cause instanceof SqlError || cause instanceof StoreFailure) throw sqlFailure(database, cause)
      throw cause
    }
  }

  /** Different texts of column `object`, in order. */
  async #names(
    session: SqlSession,
    sql: string,
    values: readonly SqlValue[],
    limit: number | undefined,
    offset: number,
  ): Promise<string[]> {
    const { dialect } = this.#connection
    const object = dialect.exact('object')
    const { rows } = await session.query(
      `SELECT MIN(object) FROM (${sql}) AS found GROUP BY ${object} ORDER BY ${object} LIMIT ? OFFSET ?`,
      [...values, limit ?? (dialect.cdrs.noLimit as SqlValue), offset],
    )
    return rows.map(([name]) => name ?? '')
  }

  async #rows(
    session: SqlSession,
    planId: string,
    table: string,
    where: Readonly<Record<string, string>>,
  ): Promise<PlanCells[]> {
    const { dialect } = this.#connection
    const { name, columns } = this.#table(table)
    const conditions = ['tpid', ...Object.keys(where)].map((column) => this.#equals(column))
    const names = columns.map((column) => dialect.quoted(column.name)).join(', ')
    const { rows } = await session.query(
      `SELECT ${names} FROM ${name} WHERE ${conditions.join(' AND ')} ORDER BY ${numberColumn(columns)}`,
      [planId, ...Object.values(where)].flatMap((value) => [value, value]),
    )
    return rows.map((cells) => columns.map(({ is }, at) => cellOf(is, cells[at] ?? null)))
  }

  async #apply(session: SqlSession, planId: string, { table, removed, added }: PlanChange): Promise<void> {
    const { dialect } = this.#connection
    const { name, columns, keys } = this.#table(table)
    const key = ['tpid', ...columns.slice(0, keys).map((column) => column.name)].map((column) => this.#equals(column))
    for (const cells of removed)
      await session.query(
        `DELETE FROM ${name} WHERE ${key.join(' AND ')}`,
        [planId, ...cells].flatMap((value) => [value, value]),
      )
    const filled = this.#filled(table)
    const names = ['tpid', ...columns.map((column) => column.name), ...filled.map(([column]) => column)]
    const size = Math.max(1, Math.floor(MOST_VALUES / names.length))
    const row = `(${places(names.length)})`
    for (let at = 0; at < added.length; at += size) {
      const rows = added.slice(at, at + size)
      await session.query(
        `INSERT INTO ${name} (${names.map((each) => dialect.quoted(each)).join(', ')}) VALUES ${rows.map(() => row).join(', ')}`,
        rows.flatMap((cells) => [
          this.#value(table, 'tpid', 'text', planId),
          ...columns.map(({ name: column, is }, index) => this.#value(table, column, is, cells[index] ?? '')),
          ...filled.map(([, value]) => value),
        ]),
      )
    }
  }

  /** Columns of CGRateS's scripts that a row must name and plans do not have, and what they get. */
  #filled(table: string): [column: string, value: SqlValue][] {
    const { columns } = this.#table(table)
    const known = new Set(['tpid', ...columns.map(({ name }) => name)])
    const found = this.#connection.tables.get(table) ?? new Map<string, FoundColumn>()
    return [...found]
      .filter(([name, { isRequired }]) => isRequired && !known.has(name))
      .map(([name, { type }]) => [name, /char|text/.test(type) ? '' : 0])
  }

  /** A cell as its column takes it. Throws StoreFailure for what it would cut or round: a tariff is stored as it is. */
  #value(table: string, column: string, is: PlanColumnType, cell: string): SqlValue {
    const { length, scale } = this.#connection.tables.get(table)?.get(column) ?? {}
    if (is === 'boolean') return cell === 'true' ? 1 : 0
    if (is === 'integer') return cell || '0'
    if (is === 'text') {
      if (length !== undefined && cell.length > length && [...cell].length > length)
        throw new StoreFailure(`${table}.${column}: ${JSON.stringify(cell)} is longer than ${length} characters`)
      return cell
    }
    const decimal = Decimal.parse(cell || '0')
    if (scale !== undefined && !decimal.equals(decimal.round(scale, '*down')))
      throw new StoreFailure(`${table}.${column}: ${cell} has more than the ${scale} decimals that the column keeps`)
    return decimal.toString()
  }

  /** A condition of two values, both the same: the first half may use an index, the second one tells letters apart. */
  #equals(column: string): string {
    const { dialect } = this.#connection
    const name = dialect.quoted(column)
    return `${name} = ? AND ${dialect.exact(name)} = ?`
  }

  #table(name: string): PlanTable {
    const table = this.#tables.get(name)
    if (table === undefined) throw new StoreFailure(`no table ${name}`)
    return table
  }
}

function cellOf(is: PlanColumnType, value: string | null): string {
  const text = value ?? ''
  if (is === 'boolean') return String(/^(1|t|true)$/.test(text))
  return is === 'decimal' && text !== '' ? Decimal.parse(text).toString() : text
}
