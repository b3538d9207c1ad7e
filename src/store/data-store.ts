/** A value that may be there at once (embedded stores) or later (remote ones): callers stay synchronous when they can. */
export type MaybePromise<T> = T | Promise<T>

/**
 * Tables of the data store. Keys are unique within a table and sort by their UTF-8 bytes.
 * - `account`, `session`, `profile`: live records
 * - `answer`: answers to ended sessions and events, kept for retransmissions, prefixed by their retention bucket
 * - `outbox`: CDRs on their way to the CDR store and the writers of this engine
 * - `meta`: schema version, counters
 * - `cost`: costs of ended sessions whose CDRs come over another way
 * - `state`: what services keep beside their profiles
 */
export type Table = 'account' | 'session' | 'profile' | 'answer' | 'outbox' | 'meta' | 'cost' | 'state'

/**
 * One record as stored: its text (JSON) and the version it was committed under (1 for the first). writer: name of the engine that has
 * written it, where several share a store.
 */
export type StoredRecord = { value: string; version: number; writer?: string }

/**
 * One changed record. `value`: its text in UTF-8, undefined deletes. The octets are the caller's again when `commit` has returned.
 * `version`: the version the new value gets; the store accepts it only if it holds `version - 1` now (0: no record).
 */
export type Change = { table: Table; key: string; value: Buffer | undefined; version: number }

/**
 * Where live records lie. A batch is applied whole or not at all, and `commit` resolves only when the batch is as durable as
 * the store was configured to be. Reads see every batch whose commit was called before, resolved or not.
 */
export interface DataStore {
  /** The record of that key, or undefined. */
  get(table: Table, key: string): MaybePromise<StoredRecord | undefined>
  /** How many records a table has; does not read them. */
  count(table: Table): number
  /** Records of a table in key order, from `prefix`; `after` (a key, exclusive) and `limit` page through it. */
  scan(
    table: Table,
    options?: { prefix?: string; after?: string; limit?: number },
  ): AsyncIterable<[string, StoredRecord]>
  /**
   * Applies one batch. Rejects with VersionConflict (nothing applied) when a version does not fit, with StoreFailure when it
   * cannot be made durable: nothing may be answered then.
   */
  commit(changes: readonly Change[]): Promise<void>
  /** Resolves when every batch whose commit was called before is as durable as it gets; rejects with StoreFailure. */
  flushed(): Promise<void>
  /** Deletes every record of a table whose key sorts before `key`; for retention, not part of a batch. */
  deleteBefore(table: Table, key: string): Promise<void>
  /** Waits for what is in flight and closes. */
  close(): Promise<void>
}
