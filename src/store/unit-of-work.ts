import type { Change, DataStore, Table } from './data-store.ts'

/** How values of one kind lie in the data store: their table and their text. */
export type RecordKind<T> = {
  readonly table: Table
  encode(value: T): string
  decode(text: string, key: string): T
}

type Entry = { value: unknown; version: number; kind: RecordKind<unknown>; inFlight: number }
type Staged = { kind: RecordKind<unknown>; key: string; value: unknown }

/** The outcome of a unit: its result, and the promise of its durability (undefined when it changed nothing). */
export type Executed<R> = { result: R; durable: Promise<void> | undefined }

/** A record that the store can only give later; the unit is run again once it is there. */
class RecordNotLoaded {
  readonly entry: Promise<void>
  constructor(entry: Promise<void>) {
    this.entry = entry
  }
}

/** What a unit of work reads and changes. Nothing of it is seen outside before the unit has ended. */
export interface Unit {
  /** The record as this unit sees it, or undefined. Values are immutable: change a copy and `put` it. */
  get<T>(kind: RecordKind<T>, key: string): T | undefined
  put<T>(kind: RecordKind<T>, key: string, value: T): void
  delete<T>(kind: RecordKind<T>, key: string): void
  /** Runs a part that may fail: when it throws, its own changes are undone and the rest of the unit stays. */
  attempt<R>(part: () => R): R
}

class StagingUnit implements Unit {
  readonly #records: Records
  #staged = new Map<string, Staged>()

  constructor(records: Records) {
    this.#records = records
  }

  get staged(): ReadonlyMap<string, Staged> {
    return this.#staged
  }

  get<T>(kind: RecordKind<T>, key: string): T | undefined {
    const staged = this.#staged.get(addressOf(kind.table, key))
    return (staged === undefined ? this.#records.read(kind, key) : staged.value) as T | undefined
  }

  put<T>(kind: RecordKind<T>, key: string, value: T): void {
    this.#staged.set(addressOf(kind.table, key), { kind: kind as RecordKind<unknown>, key, value })
  }

  delete<T>(kind: RecordKind<T>, key: string): void {
    this.#staged.set(addressOf(kind.table, key), { kind: kind as RecordKind<unknown>, key, value: undefined })
  }

  attempt<R>(part: () => R): R {
    const before = new Map(this.#staged)
    try {
      return part()
    } catch (cause) {
      this.#staged = before
      throw cause
    }
  }
}

/**
 * Typed records over a data store: a bounded cache of live values, and units of work on them.
 *
 * A unit is a synchronous function: it reads and stages, and all it staged goes to the store as one commit. While one
 * runs nothing else does, so units on the same record never interleave. A later unit may build on the values of an
 * earlier one whose commit is still in flight; commits are issued in order and versions chain, so when the earlier one
 * fails the later one fails too. A unit that meets a record which is not in memory yet is dropped and run again.
 */
export class Records {
  readonly #store: DataStore
  readonly #limit: number
  readonly #entries = new Map<string, Entry>()

  /** limit: values kept in memory; those of commits in flight come on top. */
  constructor(store: DataStore, options: { limit: number }) {
    this.#store = store
    this.#limit = options.limit
  }

  /** Records in memory now. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Runs `work` as one unit. Synchronous when every record it reads is at hand. What `work` throws comes back as it is,
   * and nothing has changed then. `durable` rejects with VersionConflict or StoreFailure: nothing may be answered then.
   */
  execute<R>(work: (unit: Unit) => R): Executed<R> | Promise<Executed<R>> {
    const unit = new StagingUnit(this)
    let result: R
    try {
      result = work(unit)
    } catch (cause) {
      if (cause instanceof RecordNotLoaded) return cause.entry.then(() => this.execute(work))
      throw cause
    }
    return { result, durable: unit.staged.size === 0 ? undefined : this.#commit(unit.staged) }
  }

  /** Runs `work` and waits for its durability. */
  async run<R>(work: (unit: Unit) => R): Promise<R> {
    const { result, durable } = await this.execute(work)
    await durable
    return result
  }

  /** For units: the committed value, from memory or the store. */
  read<T>(kind: RecordKind<T>, key: string): T | undefined {
    const address = addressOf(kind.table, key)
    const entry = this.#entries.get(address)
    if (entry !== undefined) {
      this.#touch(address, entry)
      return entry.value as T | undefined
    }
    const stored = this.#store.get(kind.table, key)
    if (stored instanceof Promise) {
      throw new RecordNotLoaded(
        stored.then((record) => {
          if (!this.#entries.has(address)) this.#admit(address, kind, key, record)
        }),
      )
    }
    if (stored === undefined) return undefined
    return this.#admit(address, kind, key, stored).value as T
  }

  #admit<T>(
    address: string,
    kind: RecordKind<T>,
    key: string,
    record: { value: string; version: number } | undefined,
  ): Entry {
    const entry: Entry = {
      kind: kind as RecordKind<unknown>,
      value: record === undefined ? undefined : kind.decode(record.value, key),
      version: record?.version ?? 0,
      inFlight: 0,
    }
    this.#entries.set(address, entry)
    this.#evict()
    return entry
  }

  #commit(staged: ReadonlyMap<string, Staged>): Promise<void> {
    const changes: Change[] = []
    const touched: Entry[] = []
    for (const [address, { kind, key, value }] of staged) {
      let entry = this.#entries.get(address)
      if (entry === undefined) {
        entry = { kind, value: undefined, version: this.#versionOf(kind.table, key), inFlight: 0 }
        this.#entries.set(address, entry)
      } else this.#touch(address, entry)
      if (value === undefined && entry.version === 0) continue
      const version = entry.version + 1
      changes.push({ table: kind.table, key, value: value === undefined ? undefined : kind.encode(value), version })
      entry.value = value
      entry.version = value === undefined ? 0 : version
      entry.inFlight++
      touched.push(entry)
    }
    const forget = () => {
      for (const [address] of staged) this.#entries.delete(address)
    }
    return this.#store.commit(changes).then(
      () => {
        for (const entry of touched) entry.inFlight--
        for (const [address] of staged) {
          const entry = this.#entries.get(address)
          if (entry !== undefined && entry.value === undefined && entry.inFlight === 0) this.#entries.delete(address)
        }
        this.#evict()
      },
      (cause) => {
        // What memory holds is not what the store holds: read it again next time.
        forget()
        throw cause
      },
    )
  }

  /** Version of a record that is written without having been read; 0 when there is none. */
  #versionOf(table: Table, key: string): number {
    const stored = this.#store.get(table, key)
    if (stored instanceof Promise) throw new TypeError(`record ${table}/${key} is written without having been read`)
    return stored?.version ?? 0
  }

  /** Moves an entry to the young end; Map keeps insertion order. */
  #touch(address: string, entry: Entry): void {
    if (this.#entries.size < this.#limit >> 1) return
    this.#entries.delete(address)
    this.#entries.set(address, entry)
  }

  #evict(): void {
    if (this.#entries.size <= this.#limit) return
    for (const [address, entry] of this.#entries) {
      if (this.#entries.size <= this.#limit) return
      if (entry.inFlight > 0) continue
      this.#entries.delete(address)
    }
  }
}

function addressOf(table: Table, key: string): string {
  return `${table}\u0000${key}`
}
