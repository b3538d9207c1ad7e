import {
  close,
  closeSync,
  constants,
  fdatasync,
  fsync,
  fsyncSync,
  open,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  write,
  writeFileSync,
} from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StoreFailure } from '../../core/errors.ts'
import type { Change } from '../data-store.ts'
import { readRecord, recordBound, writeRecord } from './journal-record.ts'

export type JournalOptions = {
  folder: string
  /** `commit`: an append resolves when its bytes are on disk. `async`: when the operating system has them. */
  durability: 'commit' | 'async'
}

/** Appends that go out together: one promise for all of them. */
type Batch = { count: number; durable: Promise<void>; resolve: () => void; reject: (cause: unknown) => void }

function newBatch(): Batch {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { count: 0, durable: promise, resolve, reject }
}

/** Octets of a buffer, and those above which it is not kept: the load of a tariff is one commit. */
const BUFFER = 1 << 20
const MOST_KEPT = 1 << 22

const later = { open: promisify(open), close: promisify(close), fsync: promisify(fsync) }
/** An old segment is never written again. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND
const MODE = 0o666
const SEGMENT = /^journal-(\d{10})\.log$/

/**
 * An append-only log in numbered segment files. Appends that arrive while a flush runs go out together in the next one:
 * one write that returns when the disk has it (O_DSYNC), off the event loop. After a failed flush nothing is accepted any more.
 */
export class Journal {
  readonly #options: JournalOptions
  #segment: number
  #descriptor: number
  /** The segment after it, made ahead: making one takes milliseconds, in which nothing is flushed. */
  #next: Promise<number>
  #segmentBytes = 0
  #buffer = Buffer.allocUnsafeSlow(BUFFER)
  #spare = Buffer.allocUnsafeSlow(BUFFER)
  #length = 0
  #batch: Batch | undefined
  #flushing: Promise<void> | undefined
  #rotation: { resolve: (complete: number) => void; reject: (cause: unknown) => void } | undefined
  #failure: StoreFailure | undefined

  /** segment: number of the first segment to write; it must not exist. Throws StoreFailure. */
  constructor(options: JournalOptions, segment: number) {
    this.#options = options
    this.#segment = segment
    this.#descriptor = this.#open(segment)
    this.#next = this.#makeNext()
  }

  /** Number of the segment being written. */
  get segment(): number {
    return this.#segment
  }

  /** Octets appended to the segment being written. */
  get segmentBytes(): number {
    return this.#segmentBytes
  }

  /** Appends that are not durable yet. */
  get depth(): number {
    return this.#batch?.count ?? 0
  }

  get failure(): StoreFailure | undefined {
    return this.#failure
  }

  /** Appends one commit; resolves when it is durable, rejects with StoreFailure when it cannot be. */
  append(changes: readonly Change[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const bound = recordBound(changes)
    if (this.#length + bound > this.#buffer.length) this.#grow(bound)
    this.#length = writeRecord(this.#buffer, this.#length, changes)
    return this.#join()
  }

  /** Resolves when everything appended so far is durable; rejects with StoreFailure. */
  flushed(): Promise<void> {
    return this.#failure === undefined ? this.#join() : Promise.reject(this.#failure)
  }

  /** Goes on in a new segment between two flushes. Resolves to the number of the one that is complete. */
  rotate(): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#rotation = { resolve, reject }
      this.#wake()
    })
  }

  async close(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
    closeSync(this.#descriptor)
    const next = await this.#next.catch(() => undefined)
    if (next === undefined) return
    closeSync(next)
    await deleteSegment(this.#options.folder, this.#segment + 1)
  }

  #join(): Promise<void> {
    if (this.#batch === undefined) {
      this.#batch = newBatch()
      this.#wake()
    }
    this.#batch.count++
    return this.#batch.durable
  }

  #open(segment: number): number {
    try {
      const descriptor = openSync(segmentPath(this.#options.folder, segment), this.#flags, MODE)
      const folder = openSync(this.#options.folder, 'r')
      fsyncSync(folder)
      closeSync(folder)
      return descriptor
    } catch (cause) {
      throw notCreated(this.#options.folder, segment, cause)
    }
  }

  #grow(bound: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bound))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }

  /** Everything that this turn of the event loop appends goes out together. */
  #wake(): void {
    this.#flushing ??= new Promise<void>((done) => setImmediate(done)).then(() => this.#flushLoop())
  }

  get #flags(): number {
    return this.#options.durability === 'commit' ? FLAGS | constants.O_DSYNC : FLAGS
  }

  #makeNext(): Promise<number> {
    const made = createSegment(this.#options.folder, this.#segment + 1, this.#flags)
    // Whoever needs it learns why there is none.
    made.catch(() => undefined)
    return made
  }

  async #switchSegment(): Promise<void> {
    const rotation = this.#rotation
    if (rotation === undefined) return
    this.#rotation = undefined
    const complete = this.#segment
    const descriptor = this.#descriptor
    try {
      this.#descriptor = await this.#next
    } catch (cause) {
      this.#next = this.#makeNext()
      rotation.reject(cause)
      return
    }
    this.#segment = complete + 1
    this.#segmentBytes = 0
    this.#next = this.#makeNext()
    later.close(descriptor).then(() => rotation.resolve(complete), rotation.reject)
  }

  async #flushLoop(): Promise<void> {
    while ((this.#batch !== undefined || this.#rotation !== undefined) && this.#failure === undefined) {
      await this.#switchSegment()
      const { bytes, batch } = this.#takeBatch()
      try {
        if (bytes.length > 0) await writeAll(this.#descriptor, bytes)
        if (this.#spare.length > MOST_KEPT) this.#spare = Buffer.allocUnsafeSlow(BUFFER)
        this.#segmentBytes += bytes.length
        batch?.resolve()
        if (bytes.length > 0 && this.#options.durability === 'async') await dataSync(this.#descriptor)
      } catch (cause) {
        this.#fail(cause, batch)
      }
    }
    this.#flushing = undefined
  }

  #takeBatch(): { bytes: Buffer; batch: Batch | undefined } {
    const bytes = this.#buffer.subarray(0, this.#length)
    const batch = this.#batch
    const full = this.#buffer
    this.#buffer = this.#spare
    this.#spare = full
    this.#length = 0
    this.#batch = undefined
    return { bytes, batch }
  }

  #fail(cause: unknown, batch: Batch | undefined): void {
    const path = segmentPath(this.#options.folder, this.#segment)
    this.#failure = new StoreFailure(`cannot write ${path}: ${String(cause)}`, { cause })
    batch?.reject(this.#failure)
    this.#batch?.reject(this.#failure)
    this.#batch = undefined
    this.#length = 0
    this.#rotation?.reject(this.#failure)
    this.#rotation = undefined
  }
}

/** The file of a segment. */
export function segmentPath(folder: string, segment: number): string {
  return join(folder, `journal-${String(segment).padStart(10, '0')}.log`)
}

/** Numbers of the segments in a folder, oldest first. */
export function listSegments(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => SEGMENT.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

/** Creates a segment that a crash leaves in its folder. Rejects with StoreFailure. */
async function createSegment(folder: string, segment: number, flags: number): Promise<number> {
  try {
    const descriptor = await later.open(segmentPath(folder, segment), flags, MODE)
    const directory = await later.open(folder, 'r')
    await later.fsync(directory)
    await later.close(directory)
    return descriptor
  } catch (cause) {
    throw notCreated(folder, segment, cause)
  }
}

function notCreated(folder: string, segment: number, cause: unknown): StoreFailure {
  return new StoreFailure(`cannot create journal segment ${segmentPath(folder, segment)}: ${String(cause)}`, { cause })
}

export function deleteSegment(folder: string, segment: number): Promise<void> {
  return unlink(segmentPath(folder, segment))
}

/**
 * Reads the segments in order. A damaged end of the last one that was written is what a crash leaves of commits that were never
 * acknowledged: it is cut off, kept in a file beside (`.torn`), and its size returned. Damage anywhere else throws StoreFailure with file and offset.
 */
export function replaySegments(
  folder: string,
  segments: readonly number[],
  apply: (changes: Change[]) => void,
): number {
  const last = segments.findLast((segment) => statSync(segmentPath(folder, segment)).size > 0)
  let torn = 0
  for (const segment of segments) {
    const path = segmentPath(folder, segment)
    const bytes = readFileSync(path)
    let offset = 0
    while (offset < bytes.length) {
      const record = readRecord(bytes, offset)
      if (record === undefined) break
      apply(record.changes)
      offset = record.end
    }
    if (offset === bytes.length) continue
    if (segment !== last) throw new StoreFailure(`${path} is damaged at octet ${offset}; restore it from a backup`)
    torn = bytes.length - offset
    writeFileSync(`${path}.torn`, bytes.subarray(offset), { flush: true })
    truncateSync(path, offset)
  }
  return torn
}

function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (offset: number) => {
      write(descriptor, bytes, offset, bytes.length - offset, null, (error, written) => {
        if (error !== null) reject(error)
        else if (offset + written < bytes.length) next(offset + written)
        else resolve()
      })
    }
    next(0)
  })
}

function dataSync(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)))
  })
}
