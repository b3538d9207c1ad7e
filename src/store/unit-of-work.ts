import { VersionConflict } from '../core/errors.ts'
import { Evaluations } from '../core/evaluations.ts'
import { JsonWriter } from '../core/json-writer.ts'
import { Later } from '../core/later.ts'
import type { Change, DataStore, StoredRecord, Table } from './data-store.ts'
import { RecordCache } from './record-cache.ts'
import type { Difference, SharedDataStore } from './shared-data-store.ts'
import { SharedRun } from './shared-run.ts'

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
  /** When it was read from a store that others share, ms on the clock of the process. */
  readMs?: number
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
    this.#stage(this.#entry(kind, key, true), value)
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

  /** isOverwritten: its value is not looked at. */
  #entry<T>(kind: RecordKind<T>, key: string, isOverwritten = false): Entry {
    for (const entry of this.#recent) if (entry.key === key && entry.kind.table === kind.table) return entry
    const entry = this.#records.find(kind, key, isOverwritten) ?? this.#absentEntry(kind, key)
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

/** What the run of a unit came to. */
type Outcome<R> = { result: R } | { thrown: unknown }

/** A unit that others have overtaken so often gives up. */
const MOST_ATTEMPTS = 200
/** ms that a value may be old where no commit says whether it still is the one. */
const FRESH_MS = 1_000

/**
 * Typed records over a data store: a bounded cache of live values, and units of work on them.
 *
 * A unit is a synchronous function: it reads and stages, and all it staged goes to the store as one commit. While one
 * runs nothing else does, so units on the same record never interleave. A later unit may build on the values of an
 * earlier one whose commit is still in flight; commits are issued in order and versions chain, so when the earlier one
 * fails the later one fails too. A unit that needs what is known Later (a record that is not in memory yet) is dropped and run
 * again.
 *
 * Where other engines share the store, memory may be behind it. A unit counts only when everything that it has read is still so at
 * its commit, its refusals and those that only read among them; otherwise it is run again on what the store holds.
 */
export class Records {
  readonly #store: DataStore
  readonly #shared: SharedDataStore | undefined
  readonly #limit: number
  readonly #evaluations: Evaluations
  readonly #tables = new Map<Table, RecordCache<Entry>>()
  readonly #watchers = new Map<Table, RecordWatcher<unknown>>()
  /** The unit that runs now, where others may change what it sees. */
  #run: SharedRun<Entry> | undefined
  readonly #writer = new JsonWriter()
  /** Commits so far, how many of them are over, and how many units were run again because another engine was first. */
  readonly commits = { begun: 0, settled: 0, overtaken: 0 }

  /**
   * limit: values of one table kept in memory; those of commits in flight come on top. evaluations: what units ask besides
   * records.
   */
  constructor(store: DataStore | SharedDataStore, options: { limit: number }, evaluations = new Evaluations()) {
    this.#store = store
    this.#shared = 'exchange' in store ? store : undefined
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
    if (this.#shared !== undefined) return this.#agree(this.#shared, work, earlier)
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

  /** Runs `work` until its commit finds everything as it was read. */
  #agree<R>(
    shared: SharedDataStore,
    work: (unit: Unit) => R,
    earlier: Evaluations['current'],
    run = new SharedRun<Entry>(),
  ): Promise<Executed<R>> {
    const unit = new StagingUnit(this)
    const outer = this.#evaluations.begin(earlier)
    const { current } = this.#evaluations
    const outerRun = this.#run
    this.#run = run
    run.begin()
    try {
      const outcome = outcomeOf(work, unit)
      if ('thrown' in outcome && outcome.thrown instanceof Later)
        return outcome.thrown.known.then(() => this.#agree(shared, work, current, run))
      const isChanging = 'result' in outcome && unit.changed.length > 0
      const end = () => {
        const durable = isChanging ? DURABLE : undefined
        this.#evaluations.over(current, durable)
        return settledOf(outcome, durable)
      }
      if (run.seen.size === 0) return end()
      return this.#exchange(shared, run, isChanging ? unit.changed : []).then(
        ([first]) => {
          if (first === undefined) return end()
          this.commits.overtaken++
          if (run.attempts < MOST_ATTEMPTS) return this.#agree(shared, work, current, run)
          this.#evaluations.over(current, undefined)
          throw new VersionConflict(first.table, first.key, Number.NaN, Number.NaN)
        },
        (cause) => {
          this.#evaluations.over(current, undefined)
          throw cause
        },
      )
    } catch (cause) {
      this.#evaluations.over(current, undefined)
      return Promise.reject(cause)
    } finally {
      this.#run = outerRun
      this.#evaluations.end(outer)
      unit.end()
    }
  }

  /** One commit of a run and what it has staged. Resolves to what differs; memory is up to date then. */
  #exchange(shared: SharedDataStore, run: SharedRun<Entry>, staged: readonly Entry[]): Promise<readonly Difference[]> {
    const { seen } = run
    const conditions = [...seen].map(({ kind: { table }, key, version }) => ({ table, key, version }))
    const version = staged.length > 0 ? shared.newVersion() : 0
    const before = staged.map(({ kind, key, value, version: held }) => newEntry(kind, key, value, held))
    const { changes, touched, told } = this.#stage(staged, () => version)
    const commits = Number(changes.length > 0)
    this.commits.begun += commits
    return shared.exchange(conditions, changes).then(
      (differences) => {
        if (differences.length === 0) {
          if (commits > 0) this.#settled(touched)
          for (const tell of told ?? []) tell()
          return differences
        }
        this.commits.settled += commits
        for (const entry of touched) this.#forget(entry)
        // What does not differ is known for the next run, whatever else it finds.
        for (const entry of before) run.keep(entry)
        const kinds = new Map([...seen].map((entry) => [`${entry.kind.table}/${entry.key}`, entry.kind]))
        for (const difference of differences)
          this.#correct(difference, kinds.get(`${difference.table}/${difference.key}`), run)
        return differences
      },
      (cause) => {
        this.commits.settled += commits
        for (const entry of touched) this.#forget(entry)
        throw cause
      },
    )
  }

  /** Takes in what the store holds in the place of what a run has seen. Replies come in the order in which the store gave them. */
  #correct({ table, key, held }: Difference, kind: RecordKind<unknown> | undefined, run: SharedRun<Entry>): void {
    const entries = this.#entriesOf(table)
    const entry = entries.get(key)
    run.drop(table, key)
    // The commit of a later unit is under way: it has its own outcome.
    if (entry !== undefined && isHeld(entry)) return
    if (entry !== undefined) entries.delete(entry)
    if (held !== 'unknown' && kind !== undefined) run.keep(this.#admit(entries, kind, key, held))
  }

  /** Runs `work` and waits for its durability. */
  async run<R>(work: (unit: Unit) => R): Promise<R> {
    const { result, durable } = await this.execute(work)
    await durable
    return result
  }

  /**
   * For units: the committed record, from memory or the store; undefined when there is none. isOverwritten: its value is not looked
   * at.
   */
  find<T>(kind: RecordKind<T>, key: string, isOverwritten = false): Entry | undefined {
    const entries = this.#entriesOf(kind.table)
    const entry = entries.get(key)
    if (this.#shared !== undefined) return this.#findShared(this.#shared, entries, entry, kind, key, isOverwritten)
    if (entry !== undefined) return entry
    const stored = this.#store.get(kind.table, key)
    if (stored instanceof Promise) throw this.#later(stored, entries, kind, key)
    return stored === undefined ? undefined : this.#admit(entries, kind, key, stored)
  }

  /** A unit finds out at its commit whether what it has seen is still so; others only rely on the time. */
  #findShared<T>(
    shared: SharedDataStore,
    entries: RecordCache<Entry>,
    entry: Entry | undefined,
    kind: RecordKind<T>,
    key: string,
    isOverwritten: boolean,
  ): Entry {
    const run = this.#run
    if (run === undefined) {
      if (entry !== undefined) {
        if (isHeld(entry) || performance.now() - (entry.readMs ?? 0) < FRESH_MS) return entry
        this.#forget(entry)
      }
    } else {
      if (entry !== undefined) return run.see(entry)
      const found = run.find(kind.table, key)
      if (found !== undefined) entries.set(found)
      const known = found ?? (isOverwritten || run.isBold ? this.#admit(entries, kind, key, undefined) : undefined)
      if (known !== undefined) return run.see(known)
      run.read()
    }
    throw this.#later(Promise.resolve(shared.get(kind.table, key)), entries, kind, key)
  }

  #later<T>(
    stored: Promise<StoredRecord | undefined>,
    entries: RecordCache<Entry>,
    kind: RecordKind<T>,
    key: string,
  ): Later {
    return new Later(
      stored.then((record) => {
        if (entries.get(key) === undefined) this.#admit(entries, kind, key, record)
      }),
    )
  }

  #admit<T>(entries: RecordCache<Entry>, kind: RecordKind<T>, key: string, record: StoredRecord | undefined): Entry {
    const value = record === undefined ? undefined : kind.decode(record.value, key)
    const entry = newEntry(kind as RecordKind<unknown>, key, value, record?.version ?? 0)
    if (this.#shared !== undefined) entry.readMs = performance.now()
    entries.set(entry)
    return entry
  }

  #commit(staged: readonly Entry[]): Promise<void> {
    const { changes, touched, told } = this.#stage(staged, nextVersion)
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

  /** Makes changes of what a unit has staged, and puts it into memory. told: what watchers hear once it is durable. */
  #stage(staged: readonly Entry[], versionOf: (entry: Entry) => number) {
    const changes: Change[] = []
    const touched: Entry[] = []
    this.#writer.reset()
    // Everything is encoded before memory changes: a value that cannot be stored leaves all as it was.
    for (const entry of staged) {
      const { kind, key, staged: value } = entry
      if (value === undefined && entry.version === 0) continue
      changes.push({ table: kind.table, key, value: this.#octetsOf(kind, value), version: versionOf(entry) })
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
      const version = versionOf(entry)
      if (entry.version === 0 && this.#shared === undefined) this.#entriesOf(entry.kind.table).set(entry)
      entry.value = value
      entry.version = value === undefined ? 0 : version
      entry.inFlight++
    }
    return { changes, touched, told }
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

function nextVersion({ version }: Entry): number {
  return version + 1
}

const DURABLE = Promise.resolve()

function outcomeOf<R>(work: (unit: Unit) => R, unit: Unit): Outcome<R> {
  try {
    return { result: work(unit) }
  } catch (thrown) {
    return { thrown }
  }
}

function settledOf<R>(outcome: Outcome<R>, durable: Promise<void> | undefined): Promise<Executed<R>> {
  return 'result' in outcome ? Promise.resolve({ result: outcome.result, durable }) : Promise.reject(outcome.thrown)
}
