import type { EventValue } from '../core/event.ts'
import type { SharedCache } from './selector.ts'

/** What a cache without a limit holds at most: memory has one. */
const MOST_ENTRIES = 100_000

export type CacheOptions = {
  /** Entries that it holds; 0: none, -1: 100,000. */
  limit: number
  /** How long an entry lives; 0: as long as there is room. */
  ttlMs: number
  /** An entry lives so long since it was written; else since it was last written or read. */
  isStatic: boolean
  /** The time, in ms. */
  now: () => number
}

type Entry = { value: EventValue; expiresMs: number }

/** `*uch` in memory: values that messages keep for each other. When it is full the entry that was used longest ago goes. */
export class BoundedCache implements SharedCache {
  /** In the order in which they end: those that were used last are last. */
  readonly #entries = new Map<string, Entry>()
  readonly #options: CacheOptions
  readonly #most: number

  constructor(options: CacheOptions) {
    this.#options = options
    this.#most = options.limit < 0 ? MOST_ENTRIES : options.limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): EventValue | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const { ttlMs, isStatic, now } = this.#options
    if (now() >= entry.expiresMs) {
      this.#entries.delete(key)
      return undefined
    }
    if (ttlMs > 0 && !isStatic) this.#put(key, entry.value)
    return entry.value
  }

  set(key: string, value: EventValue): void {
    this.#put(key, value)
    const now = this.#options.now()
    for (const [oldest, { expiresMs }] of this.#entries) {
      if (this.#entries.size <= this.#most && now < expiresMs) return
      this.#entries.delete(oldest)
    }
  }

  remove(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  #put(key: string, value: EventValue): void {
    const { ttlMs, now } = this.#options
    this.#entries.delete(key)
    this.#entries.set(key, { value, expiresMs: ttlMs > 0 ? now() + ttlMs : Number.POSITIVE_INFINITY })
  }
}
