import type { EventValue } from '../core/event.ts'
import type { SharedCache } from './selector.ts'

const MOST_ENTRIES = 100_000

/** `*uch` in memory: values that messages keep for each other. When it is full the entry that was written first goes. */
export class BoundedCache implements SharedCache {
  readonly #entries = new Map<string, EventValue>()
  readonly #most: number

  /** most: entries that it holds. */
  constructor(most = MOST_ENTRIES) {
    this.#most = most
  }

  get(key: string): EventValue | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: EventValue): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  remove(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
