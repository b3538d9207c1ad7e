import { VersionConflict } from '../core/errors.ts'
import type { Change, DataStore, StoredRecord, Table } from './data-store.ts'

/** Live records in memory only (`*internal`): nothing survives the process. */
export class MemoryDataStore implements DataStore {
  readonly #tables = new Map<Table, Map<string, StoredRecord>>()

  get(table: Table, key: string): StoredRecord | undefined {
    return this.#table(table).get(key)
  }

  count(table: Table): number {
    return this.#table(table).size
  }

  async *scan(
    table: Table,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): AsyncIterable<[string, StoredRecord]> {
    yield* page([...this.#table(table).entries()], options)
  }

  commit(changes: readonly Change[]): Promise<void> {
    try {
      checkVersions(changes, (table, key) => this.#table(table).get(key)?.version ?? 0)
    } catch (conflict) {
      return Promise.reject(conflict)
    }
    for (const { table, key, value, version } of changes) {
      if (value === undefined) this.#table(table).delete(key)
      else this.#table(table).set(key, { value: value.toString(), version })
    }
    return Promise.resolve()
  }

  async flushed(): Promise<void> {}

  async deleteBefore(table: Table, bound: string): Promise<void> {
    for (const key of this.#table(table).keys()) if (key < bound) this.#table(table).delete(key)
  }

  async close(): Promise<void> {}

  #table(table: Table): Map<string, StoredRecord> {
    let records = this.#tables.get(table)
    if (records === undefined) {
      records = new Map()
      this.#tables.set(table, records)
    }
    return records
  }
}

/** Throws VersionConflict when a change does not follow on what is held. */
export function checkVersions(changes: readonly Change[], held: (table: Table, key: string) => number): void {
  for (const { table, key, version } of changes) {
    const found = held(table, key)
    if (version !== found + 1) throw new VersionConflict(table, key, version - 1, found)
  }
}

/** One page of records in key order. */
export function page<R>(
  entries: [string, R][],
  { prefix = '', after, limit = Number.POSITIVE_INFINITY }: { prefix?: string; after?: string; limit?: number },
): [string, R][] {
  return entries
    .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limit)
}
