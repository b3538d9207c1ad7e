import { Evaluations } from '../core/evaluations.ts'
import { JsonWriter } from '../core/json-writer.ts'
import { Later } from '../core/later.ts'
import type { Change, DataStore, Table } from './data-store.ts'
import { RecordCache } from './record-cache.ts'

/** How values of one kind lie in the data store: their table and their text. */
export type RecordKind<T> = {
  readonly table: Table
  /** Written once and seldom read: it does not stay in memory. */
  readonly isTransient?: true
  /** Writes the text of a value: JSON. */
  write(value: T, writer: JsonWriter): void
  decode(text: string, key: string): T
}

/** A record in memory. */
type Entry = {
  readonly kind: RecordKind<unknown>
  readonly key: string
  value: unknown
  /** 0: the store has none. */
  version: number
  /** Commits of it that are not durable yet. */
  inFlight: number
  /** The unit that has changed it, and what it has made of it; while a unit runs nothing else does. */
  unit: StagingUnit | undefined
  staged: unknown
}

function newEntry(kind: RecordKind<unknown>, key: string, value: unknown, version: number): Entry {
  return { kind, key, value, version, inFlight: 0, unit: undefined, staged: undefined }
}

/** The outcome of a unit: its result, and the promise of its durability (undefined when it changed nothing). */
export type Executed<R> = { result: R; durable: Promise<void> | undefined }

/** Told of a record that a commit has changed, once it is durable; undefined: there was none before, or there is none after. */
export type RecordWatcher<T> = (key: string, before: T | undefined, after: T | undefined) => void

/** What a unit of work reads and changes. Nothing of it is seen outside before the unit has ended. */
export interface Unit {
  /** The record as this unit sees it, or undefined. Values are immutable: change a copy and `put` it. */
  get<T>(kind: RecordKind<T>, key: string): T | undefined
  put<T>(kind: RecordKind<T>, key: string, value: T): void
  delete<T>(kind: RecordKind<T>, key: string): void
  /** Runs a part that may fail: when it throws, its own changes are undone and the rest of the unit stays. */
  attempt<R>(part: () => R): R
}

const RECENT = 8

class StagingUnit implements Unit {
  readonly #records: Records
  /** Records that it has changed, in the order of their first change. */
  readonly changed: Entry[] = []
  /** How to undo each change of the attempts under way, newest last. */
  #undo: { entry: Entry; wasStaged: boolean; before: unknown }[] | undefined
  /** Records that this unit found last: it asks for the same few again and again. */
  readonly #recent: Entry[] = []
  /** Records that neither memory nor the store has. */
  #absent: Map<string, Entry> | undefined

  constructor(records: Records) {
    this.#records = records
  }

  get<T>(kind: RecordKind<T>, key: string): T | undefined {
    const entry = this.#entry(kind, key)
    return (entry.unit === this ? entry.staged : entry.value) as T | undefined
  }

  put<T>(kind: RecordKind<T>, key: string, value: T): void {
    this.#stage(this.#entry(kind, key), value)
  }

  delete<T>(kind: RecordKind<T>, key: string): void {
    this.#stage(this.#entry(kind, key), undefined)
  }

  attempt<R>(part: () => R): R {
    const outer = this.#undo
    const undo: { entry: Entry; wasStaged: boolean; before: unknown }[] = []
    this.#undo = undo
    try {
      const result = part()
      outer?.push(...undo)
      return result
    } catch (cause) {
      for (const { entry, wasStaged, before } of undo.reverse()) {
        if (wasStaged) entry.staged = before
        else {
          this.changed.splice(this.changed.indexOf(entry), 1)
          release(entry)
        }
      }
      throw cause
    } finally {
      this.#undo = outer
    }
  }

  /** Takes its marks off the records. */
  end(): void {
    for (const entry of this.changed) release(entry)
  }

  #stage(entry: Entry, value: unknown): void {
    const wasStaged = entry.unit === this
    this.#undo?.push({ entry, wasStaged, before: entry.staged })
    if (!wasStaged) {
      entry.unit = this
      this.changed.push(entry)
    }
    entry.staged = value
  }

  #entry<T>(kind: RecordKind<T>, key: string): Entry {
    for (const entry of this.#recent) if (entry.key === key && entry.kind.table === kind.table) return entry
    const entry = this.#records.find(kind, key) ?? this.#absentEntry(kind, key)
    if (this.#recent.length === RECENT) this.#recent.shift()
    this.#recent.push(entry)
    return entry
  }

  #absentEntry<T>(kind: RecordKind<T>, key: string): Entry {
    const address = `${kind.table}/${key}`
    let entry = this.#absent?.get(address)
    if (entry === undefined) {
      entry = newEntry(kind as RecordKind<unknown>, key, undefined, 0)
      this.#absent ??= new Map()
      this.#absent.set(address, entry)
    }
    return entry
  }
}

function release(entry: Entry): void {
  entry.unit = undefined
  entry.staged = undefined
}

/**
 * Typed records over a data store: a bounded cache of live values, and units of work on them.
 *
 * A unit is a synchronous function: it reads and stages, and all it staged goes to the store as one commit. While one
 * runs nothing else does, so units on the same record never interleave. A later unit may build on the values of an
 * earlier one whose commit is still in flight; commits are issued in order and versions chain, so when the earlier one
 * fails the later one fails too. A unit that needs what is known Later (a record that is not in memory yet) is dropped and run
 * again.
 */
export class Records {
  readonly #store: DataStore
  readonly #limit: number
  readonly #evaluations: Evaluations
  readonly #tables = new Map<Table, RecordCache<Entry>>()
  readonly #watchers = new Map<Table, RecordWatcher<unknown>>()
  readonly #writer = new JsonWriter()
  /** Commits so far, and how many of them are over. */
  readonly commits = { begun: 0, settled: 0 }

  /**
   * limit: values of one table kept in memory; those of commits in flight come on top. evaluations: what units ask besides
   * records.
   */
  constructor(store: DataStore, options: { limit: number }, evaluations = new Evaluations()) {
    this.#store = store
    this.#limit = options.limit
    this.#evaluations = evaluations
  }

  /** Tells of every change of a table from now on, in the order of the commits. One watcher a table. */
  watch<T>({ table }: RecordKind<T>, watcher: RecordWatcher<T>): void {
    this.#watchers.set(table, watcher as RecordWatcher<unknown>)
  }

  /** Records in memory now. */
  get size(): number {
    let size = 0
    for (const entries of this.#tables.values()) size += entries.size
    return size
  }

  /**
   * Runs `work` as one unit. Synchronous when all that it needs is at hand. earlier: its evaluation, when it has run before. What
   * `work` throws comes back as it is, and nothing has changed then. `durable` rejects with VersionConflict or StoreFailure: nothing may be answered then.
   */
  execute<R>(work: (unit: Unit) => R, earlier?: Evaluations['current']): Executed<R> | Promise<Executed<R>> {
    const unit = new StagingUnit(this)
    const outer = this.#evaluations.begin(earlier)
    const { current } = this.#evaluations
    try {
      const result = work(unit)
      const durable = unit.changed.length === 0 ? undefined : this.#commit(unit.changed)
      this.#evaluations.over(current, durable)
      return { result, durable }
    } catch (cause) {
      if (cause instanceof Later) return cause.known.then(() => this.execute(work, current))
      this.#evaluations.over(current, undefined)
      throw cause
    } finally {
      this.#evaluations.end(outer)
      unit.end()
    }
  }

  /** Runs `work` and waits for its durability. */
  async run<R>(work: (unit: Unit) => R): Promise<R> {
    const { result, durable } = await this.execute(work)
    await durable
    return result
  }

  /** For units: the committed record, from memory or the store; undefined when there is none. */
  find<T>(kind: RecordKind<T>, key: string): Entry | undefined {
    const entries = this.#entriesOf(kind.table)
    const entry = entries.get(key)
    if (entry !== undefined) return entry
    const stored = this.#store.get(kind.table, key)
    if (stored instanceof Promise) {
      throw new Later(
        stored.then((record) => {
          if (entries.get(key) === undefined) this.#admit(entries, kind, key, record)
        }),
      )
    }
    return stored === undefined ? undefined : this.#admit(entries, kind, key, stored)
  }

  #admit<T>(
    entries: RecordCache<Entry>,
    kind: RecordKind<T>,
    key: string,
    record: { value: string; version: number } | undefined,
  ): Entry {
    const value = record === undefined ? undefined : kind.decode(record.value, key)
    const entry = newEntry(kind as RecordKind<unknown>, key, value, record?.version ?? 0)
    entries.set(entry)
    return entry
  }

  #commit(staged: readonly Entry[]): Promise<void> {
    const changes: Change[] = []
    const touched: Entry[] = []
    this.#writer.reset()
    // Everything is encoded before memory changes: a value that cannot be stored leaves all as it was.
    for (const entry of staged) {
      const { kind, key, version, staged: value } = entry
      if (value === undefined && version === 0) continue
      changes.push({ table: kind.table, key, value: this.#octetsOf(kind, value), version: version + 1 })
      touched.push(entry)
    }
    let told: (() => void)[] | undefined
    for (const entry of touched) {
      const { key, value: before, staged: value } = entry
      const watcher = this.#watchers.get(entry.kind.table)
      if (watcher !== undefined) {
        told ??= []
        told.push(() => watcher(key, before, value))
      }
      if (entry.version === 0) this.#entriesOf(entry.kind.table).set(entry)
      entry.value = value
      entry.version = value === undefined ? 0 : entry.version + 1
      entry.inFlight++
    }
    this.commits.begun++
    return this.#store.commit(changes).then(
      () => {
        this.#settled(touched)
        if (told !== undefined) for (const tell of told) tell()
      },
      (cause) => {
        this.commits.settled++
        // What memory holds is not what the store holds: read it again next time.
        for (const entry of touched) this.#forget(entry)
        throw cause
      },
    )
  }

  #octetsOf(kind: RecordKind<unknown>, value: unknown): Buffer | undefined {
    if (value === undefined) return undefined
    kind.write(value, this.#writer.begin())
    return this.#writer.finish()
  }

  #settled(touched: readonly Entry[]): void {
    this.commits.settled++
    for (const entry of touched) {
      entry.inFlight--
      if (entry.inFlight > 0) continue
      if (entry.value === undefined || entry.kind.isTransient) this.#forget(entry)
    }
  }

  #forget(entry: Entry): void {
    this.#entriesOf(entry.kind.table).delete(entry)
  }

  #entriesOf(table: Table): RecordCache<Entry> {
    let entries = this.#tables.get(table)
    if (entries === undefined) {
      entries = new RecordCache(this.#limit, isHeld)
      this.#tables.set(table, entries)
    }
    return entries
  }
}

/** A record that a unit is changing, or that the store may not give as it is yet. */
function isHeld({ inFlight, unit }: Entry): boolean {
  return inFlight > 0 || unit !== undefined
}
