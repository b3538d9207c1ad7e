import { StoreFailure } from '../../core/errors.ts'
import type { SqlConnection } from './sql-connection.ts'
import { type SqlSession, sqlFailure } from './sql-database.ts'
import type { SqlDialect } from './sql-dialect.ts'
import type { FoundTables, SqlTable } from './sql-tables.ts'

export type ItemVersions = Readonly<Record<string, number>>

/** Reference 10, A9; an item is there once. */
export const VERSIONS_TABLE: SqlTable = {
  name: 'versions',
  number: 'id',
  columns: [
    { name: 'item', type: 'VARCHAR(64)', isNull: false },
    { name: 'version', type: 'INTEGER', isNull: false },
  ],
  unique: ['item'],
  indexes: [],
}

/** What is checked, and the task that brings it to the version of today. Reference 10, A10. */
const CHECKED: Readonly<Record<string, string>> = {
  CostDetails: '*cost_details',
  SessionSCosts: '*sessions_costs',
  CDRs: '*cdrs',
}

/**
 * Whether the versions of today are to be written, before the tables are made: the database is new, or all of its tables are empty. Throws
 * StoreFailure when what is there has no versions, or others. Reference 10, A10.
 */
export async function needsVersions(
  session: SqlSession,
  dialect: SqlDialect,
  found: FoundTables,
  tables: readonly SqlTable[],
  current: ItemVersions,
): Promise<boolean> {
  const held = found.has(VERSIONS_TABLE.name) ? await readVersions(session) : {}
  if (Object.keys(held).length === 0) {
    for (const { name } of tables) {
      if (name === VERSIONS_TABLE.name || !found.has(name)) continue
      const { rows } = await session.query(`SELECT 1 FROM ${dialect.quoted(name)} LIMIT 1`)
      if (rows.length > 0)
        throw new StoreFailure(asked('No versions defined: please backup cgrates data', '*set_versions'))
    }
    return true
  }
  for (const [item, task] of Object.entries(CHECKED))
    if (held[item] !== current[item]) throw new StoreFailure(asked('Migration needed: please backup cgr data', task))
  return false
}

/** The words of CGRateS. */
function asked(what: string, task: string): string {
  return `${what} and run: <cgr-migrator -exec=${task}>`
}

/** Versions by item; of items that are there twice, what was written last. */
export async function readVersions(session: SqlSession): Promise<ItemVersions> {
  const { rows } = await session.query('SELECT item, version FROM versions ORDER BY id')
  return Object.fromEntries(rows.map(([item, version]) => [String(item), Number(version)]))
}

/** Writes versions beside the others or, when it replaces, instead of them. */
export async function writeVersions(session: SqlSession, versions: ItemVersions, isReplacing: boolean): Promise<void> {
  if (isReplacing) await session.query('DELETE FROM versions')
  for (const [item, version] of Object.entries(versions)) {
    const { count } = await session.query('UPDATE versions SET version = ? WHERE item = ?', [version, item])
    if (count === 0) await session.query('INSERT INTO versions (item, version) VALUES (?, ?)', [item, version])
  }
}

/** The versions that a database of a server keeps. */
export class SqlVersions {
  readonly #connection: SqlConnection

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  /** Rejects with StoreFailure. */
  async read(): Promise<ItemVersions> {
    return this.#run((session) => readVersions(session))
  }

  /** Rejects with StoreFailure. */
  async write(versions: ItemVersions, isReplacing: boolean): Promise<void> {
    await this.#run((session) => writeVersions(session, versions, isReplacing))
  }

  async #run<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    const { database } = this.#connection
    await this.#connection.opened()
    return database.transaction(work).catch((cause: unknown) => {
      throw sqlFailure(database, cause)
    })
  }
}
