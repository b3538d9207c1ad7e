import { closeSync, constants, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Database, open, type RootDatabase } from 'lmdb'
import { StoreFailure } from '../../core/errors.ts'
import type { Change, DataStore, StoredRecord, Table } from '../data-store.ts'
import { checkVersions, page } from '../memory-data-store.ts'
import { lockFolder } from './folder-lock.ts'
import { deleteSegment, Journal, listSegments, replaySegments, segmentPath } from './journal.ts'
import { OctetArena } from './octet-arena.ts'
import { type Changed, parseStored, storedOf } from './stored-record.ts'
import { takeUpRestore } from './take-up.ts'

export type LmdbOptions = {
  folder: string
  durability: 'commit' | 'async'
  /** A checkpoint starts when the journal segment has grown to this many octets. */
  checkpointBytes?: number
  /** Told of what happens beside commits. */
  onEvent?: (event: LmdbEvent) => void
}

export type LmdbEvent =
  | { kind: 'tornJournal'; octets: number }
  | { kind: 'checkpointFailed'; cause: unknown }
  /** Records of a backup have taken the place of those that were there: these are in a folder beside. */
  | { kind: 'restored'; replaced: string }

/** Changed records by table and key (undefined: deleted), and where their octets lie. */
type Overlay = { tables: ReadonlyMap<Table, Map<string, Changed | undefined>>; arenas: readonly OctetArena[] }

const TABLES: readonly Table[] = ['account', 'session', 'profile', 'answer', 'outbox', 'meta', 'cost', 'state']
const CHECKPOINT_OCTETS = 16 << 20
const CHECKPOINT_CHUNK = 2_000
/** Records that a checkpoint hands over before requests have their turn. */
const CHECKPOINT_TURN = 100
/** How long a checkpoint takes while there is time, and how often it goes on: so spread, charging does not feel it. */
const CHECKPOINT_MS = 600
const CHECKPOINT_PAUSE_MS = 20
/** Octets of addresses for the checkpoint, not of memory: a map that has to grow is mapped a second time beside the first. */
const MAP_SIZE = 2 ** 36
/** LMDB's limit for a key, less some room. */
const MAX_KEY_OCTETS = 1_900
/** In the first page of an LMDB file. */
const MAGIC = 0xbeefc0de
const MAGIC_OFFSET = 24

/**
 * The durable store (`*lmdb`): a commit is an append to a journal; LMDB is a checkpoint of it, written lazily in large
 * batches. What is newer than the checkpoint lies in memory. Recovery is the checkpoint plus the journal.
 */
export class LmdbDataStore implements DataStore {
  readonly #options: LmdbOptions
  readonly #release: () => void
  readonly #root: RootDatabase<Buffer, string>
  readonly #tables: Readonly<Record<Table, Database<Buffer, string>>>
  readonly #journal: Journal
  /** Records by table. */
  readonly #counts: Map<Table, number>
  /** Changes since the last checkpoint began, and those that the running one writes. */
  #arena = new OctetArena()
  #young = emptyOverlay(this.#arena)
  #old: Overlay | undefined
  #checkpoint: Promise<void> | undefined
  /** How many wait for the checkpoint. */
  #waiting = 0

  /** Opens or creates the store. Throws StoreFailure when the folder is in use, damaged or not writable. */
  constructor(options: LmdbOptions) {
    this.#options = options
    const path = join(options.folder, 'records.mdb')
    failing(`cannot create the data folder ${options.folder}`, () => mkdirSync(options.folder, { recursive: true }))
    this.#release = lockFolder(options.folder)
    try {
      const replaced = failing(`cannot restore ${options.folder}`, () => takeUpRestore(options.folder))
      if (replaced !== undefined) options.onEvent?.({ kind: 'restored', replaced })
      checkMagic(path)
    } catch (cause) {
      this.#release()
      throw cause
    }
    this.#root = failing(`cannot open ${path}`, () =>
      open<Buffer, string>({ path, encoding: 'binary', maxDbs: TABLES.length, mapSize: MAP_SIZE }),
    )
    const table = (name: Table) => this.#root.openDB<Buffer, string>({ name, encoding: 'binary' })
    this.#tables = {
      account: table('account'),
      session: table('session'),
      profile: table('profile'),
      answer: table('answer'),
      outbox: table('outbox'),
      meta: table('meta'),
      cost: table('cost'),
      state: table('state'),
    }
    const segments = listSegments(options.folder)
    const torn = replaySegments(options.folder, segments, (changes) => this.#apply(changes))
    this.#counts = new Map(TABLES.map((name) => [name, this.#countStored(name)]))
    if (torn > 0) options.onEvent?.({ kind: 'tornJournal', octets: torn })
    this.#journal = new Journal(options, (segments.at(-1) ?? 0) + 1)
    if (segments.length > 0) this.#startCheckpoint()
  }

  /** Commits that are not durable yet. */
  get depth(): number {
    return this.#journal.depth
  }

  /** Why nothing can be committed any more, if so. */
  get failure(): StoreFailure | undefined {
    return this.#journal.failure
  }

  get(table: Table, key: string): StoredRecord | undefined {
    const found = this.#find(table, key)
    return found === undefined ? undefined : recordOf(found)
  }

  #find(table: Table, key: string): Changed | undefined {
    for (const overlay of [this.#young, this.#old]) {
      const changed = overlay?.tables.get(table)
      const record = changed?.get(key)
      if (record !== undefined) return record
      if (changed?.has(key) === true) return undefined
    }
    const stored = this.#tables[table].get(key)
    return stored === undefined ? undefined : parseStored(stored)
  }

  count(table: Table): number {
    return this.#counts.get(table) ?? 0
  }

  async *scan(
    table: Table,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): AsyncIterable<[string, StoredRecord]> {
    const { prefix = '', after, limit = Number.POSITIVE_INFINITY } = options
    const start = after !== undefined && after > prefix ? after : prefix
    const changed = new Map<string, Changed | undefined>()
    for (const overlay of [this.#old, this.#young]) {
      for (const [key, record] of overlay?.tables.get(table) ?? []) {
        if (key.startsWith(prefix) && (after === undefined || key > after)) changed.set(key, record)
      }
    }
    const found: [string, Changed][] = []
    let stored = 0
    for (const { key, value } of this.#tables[table].getRange({ start })) {
      if (!key.startsWith(prefix) || stored >= limit) break
      if (key === after || changed.has(key)) continue
      found.push([key, parseStored(value)])
      stored++
    }
    for (const [key, record] of changed) if (record !== undefined) found.push([key, record])
    // While somebody reads, a checkpoint may let go of the octets of changes.
    const rows = page(found, options).map(([key, record]): [string, Changed] => [
      key,
      changed.has(key) ? { version: record.version, value: Buffer.from(record.value) } : record,
    ])
    for (const [key, record] of rows) yield [key, recordOf(record)]
  }

  commit(changes: readonly Change[]): Promise<void> {
    if (this.#journal.failure !== undefined) return Promise.reject(this.#journal.failure)
    try {
      for (const { table, key } of changes) checkKey(table, key)
      checkVersions(changes, (table, key) => this.#find(table, key)?.version ?? 0)
    } catch (refused) {
      return Promise.reject(refused)
    }
    this.#apply(changes)
    for (const { table, value, version } of changes) {
      const change = Number(value !== undefined) - Number(version > 1)
      if (change !== 0) this.#counts.set(table, this.count(table) + change)
    }
    const durable = this.#journal.append(changes)
    if (this.#journal.segmentBytes >= this.#checkpointOctets && this.#checkpoint === undefined) this.#startCheckpoint()
    return durable
  }

  get #checkpointOctets(): number {
    return this.#options.checkpointBytes ?? CHECKPOINT_OCTETS
  }

  flushed(): Promise<void> {
    return this.#journal.flushed()
  }

  async deleteBefore(table: Table, bound: string): Promise<void> {
    await this.#checkpoint
    const keys = new Set(this.#tables[table].getKeys({ end: bound }))
    for (const overlay of [this.#old, this.#young]) {
      for (const key of overlay?.tables.get(table)?.keys() ?? []) if (key < bound) keys.add(key)
    }
    const waiting = [...keys]
    for (let at = 0; at < waiting.length; at += CHECKPOINT_CHUNK) {
      const changes: Change[] = []
      for (const key of waiting.slice(at, at + CHECKPOINT_CHUNK)) {
        const held = this.#find(table, key)
        if (held !== undefined) changes.push({ table, key, value: undefined, version: held.version + 1 })
      }
      if (changes.length > 0) await this.commit(changes)
    }
  }

  /** Writes all that is in the journal into LMDB. Rejects with StoreFailure. */
  async checkpoint(): Promise<void> {
    this.#waiting++
    await this.#alone(() => this.#writeCheckpoint()).finally(() => {
      this.#waiting--
    })
  }

  /**
   * Copies the store into a folder that is there, as it is between two flushes: whatever was answered before is in the copy, and no
   * commit in part. Commits go on. Opening the folder as a store gives the records. Rejects with StoreFailure or what the system says.
   */
  async backup(folder: string): Promise<void> {
    await this.#alone(async () => {
      const complete = await this.#journal.rotate()
      await this.#root.backup(join(folder, 'records.mdb'), false)
      for (const segment of listSegments(this.#options.folder)) {
        if (segment > complete) continue
        const path = segmentPath(this.#options.folder, segment)
        await copyFile(path, join(folder, basename(path)), constants.COPYFILE_FICLONE)
      }
    })
  }

  async close(): Promise<void> {
    this.#waiting++
    await this.#checkpoint
    if (this.#journal.failure === undefined && sizeOf(this.#young) > 0) await this.#startCheckpoint()
    await this.#journal.close()
    await this.#root.close()
    this.#release()
  }

  /** Records of a table after a replay: what LMDB holds, changed by what is newer. */
  #countStored(table: Table): number {
    const database = this.#tables[table]
    let { entryCount: count } = database.getStats() as { entryCount: number }
    for (const [key, record] of this.#young.tables.get(table) ?? [])
      count += Number(record !== undefined) - Number(database.doesExist(key))
    return count
  }

  #apply(changes: readonly Change[]): void {
    for (const { table, key, value, version } of changes) {
      const kept = value === undefined ? undefined : { value: this.#arena.keep(value), version }
      this.#young.tables.get(table)?.set(key, kept)
    }
  }

  /** Runs work while no checkpoint runs; none begins before it has ended. */
  async #alone(work: () => Promise<void>): Promise<void> {
    while (this.#checkpoint !== undefined) await this.#checkpoint
    const done = work()
    this.#checkpoint = done
      .catch(() => undefined)
      .finally(() => {
        this.#checkpoint = undefined
      })
    await done
  }

  #startCheckpoint(): Promise<void> {
    this.#checkpoint = this.#writeCheckpoint()
      .catch((cause: unknown) => this.#options.onEvent?.({ kind: 'checkpointFailed', cause }))
      .finally(() => {
        this.#checkpoint = undefined
      })
    return this.#checkpoint
  }

  /** Share of its records that a checkpoint should have written: it has ended before half of the next one has come together. */
  #shareDue(beganMs: number): number {
    if (this.#waiting > 0) return 1
    const toNext = (2 * this.#journal.segmentBytes) / this.#checkpointOctets
    return Math.max(toNext, (performance.now() - beganMs) / CHECKPOINT_MS)
  }

  /** Writes all that is newer than LMDB into it; the journal before it goes once LMDB is flushed. */
  async #writeCheckpoint(): Promise<void> {
    const complete = await this.#journal.rotate()
    // Commits since then are in the new segment and here as well: writing them twice does no harm.
    const overlay = this.#old === undefined ? this.#young : merged(this.#old, this.#young)
    this.#old = overlay
    this.#arena = new OctetArena(this.#arena)
    this.#young = emptyOverlay(this.#arena)
    // LMDB must never hold a part of a commit that the journal lost.
    await this.#journal.flushed()
    const beganMs = performance.now()
    const total = sizeOf(overlay)
    let written = 0
    let last: Promise<unknown> = Promise.resolve()
    for (const [table, changed] of overlay.tables) {
      const database = this.#tables[table]
      for (const [key, record] of changed) {
        last = record === undefined ? database.remove(key) : database.put(key, storedOf(record))
        if (++written % CHECKPOINT_CHUNK === 0) await last
        if (written % CHECKPOINT_TURN === 0) await nextTurn()
        while (written > total * this.#shareDue(beganMs)) {
          await last
          await setTimeout(CHECKPOINT_PAUSE_MS)
        }
      }
    }
    await last
    await this.#root.flushed
    this.#old = undefined
    for (const arena of overlay.arenas) arena.release()
    for (const segment of listSegments(this.#options.folder)) {
      if (segment <= complete) await deleteSegment(this.#options.folder, segment)
    }
  }
}

/** LMDB maps its file into memory and ends the process when it is none: what it begins with is looked at before. */
function checkMagic(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return
  const header = Buffer.alloc(MAGIC_OFFSET + 4)
  const descriptor = failing(`cannot open ${path}`, () => openSync(path, 'r'))
  readSync(descriptor, header, 0, header.length, 0)
  closeSync(descriptor)
  if (header.readUInt32LE(MAGIC_OFFSET) === MAGIC) return
  throw new StoreFailure(`cannot open ${path}: it is damaged, or no LMDB file; restore it from a backup`)
}

/** What cannot be done fails with its name and what the system says. */
function failing<R>(name: string, work: () => R): R {
  try {
    return work()
  } catch (cause) {
    throw new StoreFailure(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function emptyOverlay(arena: OctetArena): Overlay {
  return { tables: new Map(TABLES.map((table) => [table, new Map()])), arenas: [arena] }
}

/** Both, the newer changes over the older ones. */
function merged(older: Overlay, newer: Overlay): Overlay {
  const tables = TABLES.map((table): [Table, Map<string, Changed | undefined>] => [
    table,
    new Map([...(older.tables.get(table) ?? []), ...(newer.tables.get(table) ?? [])]),
  ])
  return { tables: new Map(tables), arenas: [...older.arenas, ...newer.arenas] }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function sizeOf({ tables }: Overlay): number {
  let size = 0
  for (const changed of tables.values()) size += changed.size
  return size
}

function recordOf({ version, value }: Changed): StoredRecord {
  return { version, value: value.toString() }
}

function checkKey(table: Table, key: string): void {
  if (key.length > MAX_KEY_OCTETS / 3 && Buffer.byteLength(key) > MAX_KEY_OCTETS) {
    throw new StoreFailure(
      `a key of table ${table} has ${Buffer.byteLength(key)} octets, at most ${MAX_KEY_OCTETS} are possible`,
    )
  }
}
