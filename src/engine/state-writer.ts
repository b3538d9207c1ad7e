import type { Records, Unit } from '../store/unit-of-work.ts'

/** At once, as `store_interval` says it. */
const AT_ONCE = -1n

/**
 * Writes what services keep beside their profiles: with each change, every so often, or when the service ends. Reference 10, A12.
 */
export class StateWriter<T extends object> {
  readonly #records: Records
  readonly #put: (unit: Unit, item: T) => () => void
  readonly #failed: (cause: string) => void
  #interval = 0n
  #timer: NodeJS.Timeout | undefined
  readonly #waiting = new Set<T>()
  /** Removals that are under way, or wait for the next write. */
  readonly #removals = new Set<(unit: Unit) => void>()

  /** put: puts into a unit what the store does not have of an item, and gives what is to be called when the unit has run. failed: told of writes that nobody waits for. */
  constructor(records: Records, put: (unit: Unit, item: T) => () => void, failed: (cause: string) => void) {
    this.#records = records
    this.#put = put
    this.#failed = failed
  }

  /** interval: of `store_interval`, in ns. */
  configure(interval: bigint): void {
    this.#interval = interval
    clearInterval(this.#timer)
    this.#timer = undefined
    if (interval <= 0n) return
    this.#timer = setInterval(() => void this.#flushed(), Math.max(1, Number(interval / 1_000_000n)))
    this.#timer.unref()
  }

  /** Items have changed; with writes at once they are durable when it resolves. */
  async changed(items: readonly T[]): Promise<void> {
    if (items.length === 0) return
    if (this.#interval !== AT_ONCE) {
      for (const item of items) this.#waiting.add(item)
      return
    }
    await this.#write(items, [])
  }

  async #write(items: readonly T[], removals: readonly ((unit: Unit) => void)[]): Promise<void> {
    const executed = this.#records.execute((unit) => {
      for (const remove of removals) remove(unit)
      return items.map((item) => this.#put(unit, item))
    })
    // A store that is at hand has run it: what comes next builds on it.
    const { result, durable } = executed instanceof Promise ? await executed : executed
    for (const done of result) done()
    await durable
  }

  /** The records of an item go. */
  remove(item: T, deletion: (unit: Unit) => void): void {
    this.#waiting.delete(item)
    this.#removals.add(deletion)
    void this.#flushed()
  }

  /** Writes what waits. Items of a write that fails wait for the next one. Rejects with StoreFailure. */
  async flush(): Promise<void> {
    const items = [...this.#waiting]
    const removals = [...this.#removals]
    if (items.length === 0 && removals.length === 0) return
    this.#waiting.clear()
    this.#removals.clear()
    try {
      await this.#write(items, removals)
    } catch (cause) {
      for (const item of items) this.#waiting.add(item)
      for (const remove of removals) this.#removals.add(remove)
      throw cause
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #flushed(): Promise<void> {
    await this.flush().catch((cause: unknown) => this.#failed(String(cause)))
  }
}
