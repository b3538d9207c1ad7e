import type { Change, DataStore, StoredRecord, Table } from './data-store.ts'

/** What a batch relies on: the store holds this version of a record now (0: no record). */
export type Condition = { table: Table; key: string; version: number }

/** A record that is not as a batch relied on, as the store holds it now; unknown: it has to be read. */
export type Difference = { table: Table; key: string; held: StoredRecord | undefined | 'unknown' }

/**
 * A data store that other engines use at the same time. Versions here are numbers that nobody gives twice, so that a record which was
 * deleted and made again is never taken for the one before. Every read is a promise.
 */
export interface SharedDataStore extends DataStore {
  /** A version for the records of one batch. Throws StoreFailure. */
  newVersion(): number
  /**
   * Applies a batch if all conditions hold: whole, or not at all. Resolves to the records that differ; none: it is applied. Whatever
   * happens to the connection, it resolves only when that is known. Rejects with StoreFailure when nothing was applied.
   */
  exchange(conditions: readonly Condition[], changes: readonly Change[]): Promise<readonly Difference[]>
}
