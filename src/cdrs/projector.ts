import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import { type Cdr, cdrKey, decodeCdr, outboxKind } from './cdr.ts'

/** Where CDRs go. A batch that throws is offered again, so a target may see a CDR more than once, under the same key. */
export type CdrTarget = { id: string; write: (cdrs: readonly Cdr[]) => void }

export type ProjectorOptions = {
  batchSize: number
  retryMs: number
  onFailure: (target: string, cause: unknown) => void
}

/**
 * Moves CDRs from the outbox to every target, and out of the outbox once all have taken them. What is under way lies in the
 * store, so a crash loses none. It reads the store in pages: memory does not grow with the backlog.
 */
export class CdrProjector {
  readonly #store: DataStore
  readonly #records: Records
  readonly #targets: readonly CdrTarget[]
  readonly #options: ProjectorOptions
  #running: Promise<void> | undefined
  #wanted = false
  #closed = false
  #retry: NodeJS.Timeout | undefined

  constructor(store: DataStore, records: Records, targets: readonly CdrTarget[], options: ProjectorOptions) {
    this.#store = store
    this.#records = records
    this.#targets = targets
    this.#options = options
  }

  /** There is something in the outbox. */
  wake(): void {
    this.#wanted = true
    if (this.#closed) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#wanted && this.#retry === undefined) this.wake()
    })
  }

  /** Delivers what can be delivered and stops; the rest stays in the outbox. */
  async close(): Promise<void> {
    this.#wanted = true
    while (this.#running !== undefined) await this.#running
    if (this.#retry === undefined) await this.#run()
    this.#closed = true
    clearTimeout(this.#retry)
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false
      for (let batch = await this.#page(); batch.length > 0; batch = await this.#page()) {
        if (!this.#deliver(batch)) return
        await this.#records.run((unit) => {
          for (const cdr of batch) {
            const held = unit.get(outboxKind, cdrKey(cdr))
            if (held !== undefined) unit.delete(outboxKind, cdrKey(cdr))
          }
        })
      }
    }
  }

  async #page(): Promise<Cdr[]> {
    const page: Cdr[] = []
    for await (const [, { value }] of this.#store.scan('outbox', { limit: this.#options.batchSize }))
      page.push(decodeCdr(value))
    return page
  }

  #deliver(batch: readonly Cdr[]): boolean {
    for (const target of this.#targets) {
      try {
        target.write(batch)
      } catch (cause) {
        this.#options.onFailure(target.id, cause)
        this.#wanted = true
        this.#retry = setTimeout(() => {
          this.#retry = undefined
          this.wake()
        }, this.#options.retryMs)
        return false
      }
    }
    return true
  }
}
