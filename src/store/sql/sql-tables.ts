import { StoreFailure } from '../../core/errors.ts'
import type { SqlSession } from './sql-database.ts'
import type { ColumnKind, SqlDialect } from './sql-dialect.ts'

/** A table as it is made where there is none. type: of all servers, or a kind. */
export type SqlTable = {
  readonly name: string
  /** The column that numbers the rows. */
  readonly number: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly isNull: boolean }[]
  readonly unique?: readonly string[]
  readonly indexes: readonly (readonly string[])[]
}

/** A column that is there. */
export type FoundColumn = {
  readonly type: string
  /** Characters of a text, digits after the point of a decimal, digits of a second of a time; undefined: no limit is known. */
  readonly length: number | undefined
  readonly scale: number | undefined
  readonly digits: number | undefined
  /** A row must name it. */
  readonly isRequired: boolean
  /** Three octets are the most for a character: those beyond the first 65,536 do not fit. */
  readonly isNarrow: boolean
}

export type FoundTables = ReadonlyMap<string, ReadonlyMap<string, FoundColumn>>

/** The tables of a database, by name, and their columns. */
export async function readTables(session: SqlSession, dialect: SqlDialect): Promise<FoundTables> {
  const { rows } = await session.query(dialect.columnsQuery)
  const tables = new Map<string, Map<string, FoundColumn>>()
  for (const [table, column, type, length, scale, digits, isRequired, charset] of rows) {
    const columns = tables.get(String(table)) ?? new Map<string, FoundColumn>()
    tables.set(String(table), columns)
    columns.set(String(column), {
      type: String(type),
      length: numberOf(length),
      scale: numberOf(scale),
      digits: numberOf(digits),
      isRequired: isRequired === '1',
      isNarrow: charset === 'utf8' || charset === 'utf8mb3',
    })
  }
  return tables
}

function numberOf(cell: string | null | undefined): number | undefined {
  return cell === null || cell === undefined ? undefined : Number(cell)
}

/** Makes a table and its indexes. */
export async function createTable(session: SqlSession, table: SqlTable, dialect: SqlDialect): Promise<void> {
  const { name, number, columns, unique, indexes } = table
  const list = (names: readonly string[]) => names.map((each) => dialect.quoted(each)).join(', ')
  const lines = [
    `${dialect.quoted(number)} ${dialect.types.number}`,
    ...columns.map((column) => columnLine(column, dialect)),
    ...(unique === undefined ? [] : [`UNIQUE (${list(unique)})`]),
  ]
  await session.query(`CREATE TABLE ${dialect.quoted(name)} (${lines.join(', ')})${dialect.tableOptions}`)
  for (const [at, index] of indexes.entries())
    await session.query(
      `CREATE INDEX ${dialect.quoted(`${name}_${at + 1}_idx`)} ON ${dialect.quoted(name)} (${list(index)})`,
    )
}

/** Adds a column that a table lacks. */
export async function addColumn(
  session: SqlSession,
  table: string,
  column: SqlTable['columns'][number],
  dialect: SqlDialect,
): Promise<void> {
  await session.query(`ALTER TABLE ${dialect.quoted(table)} ADD COLUMN ${columnLine(column, dialect)}`)
}

function columnLine({ name, type, isNull }: SqlTable['columns'][number], dialect: SqlDialect): string {
  const known = Object.hasOwn(dialect.types, type) ? dialect.types[type as ColumnKind] : type
  // Kinds of plans and of moments say it themselves.
  const isComplete = / NULL\b/.test(known) || type.startsWith('plan ')
  return `${dialect.quoted(name)} ${known}${isComplete || isNull ? '' : ' NOT NULL'}`
}

/** Refuses a table that lacks columns of another that was asked for. Throws StoreFailure naming them. */
export function requireColumns(database: string, { name, number, columns }: SqlTable, found: FoundTables): void {
  const there = found.get(name)
  const missing = [number, ...columns.map((column) => column.name)].filter((each) => there?.has(each) !== true)
  if (missing.length > 0)
    throw new StoreFailure(`${database}: table ${name} has no column ${missing.join(', ')}: it is not that of CGRateS`)
}
