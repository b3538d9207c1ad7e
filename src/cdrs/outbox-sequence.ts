import type { DataStore } from '../store/data-store.ts'

/**
 * Ids of CDRs in the outbox: they sort in the order in which the CDRs were made, also over restarts and when the clock is set
 * back, so that a target which has taken one has taken all before it.
 */
export class OutboxSequence {
  #last = 0

  /** How the id begins that was given out last: a target is past it when it has taken that CDR. */
  get last(): string {
    return `${text(this.#last)}/`
  }

  /** Takes up after everything that the outbox holds and every target has taken. Before the first `next`. */
  async resume(store: DataStore, taken: readonly string[]): Promise<void> {
    for (const id of taken) this.#passed(id)
    for await (const [id] of store.scan('outbox')) this.#passed(id)
  }

  /** The next id. key: what the CDR is, for those who read the outbox. */
  next(nowMs: number, key: string): string {
    this.#last = Math.max(this.#last + 1, nowMs * 1000)
    return `${text(this.#last)}/${key}`
  }

  #passed(id: string): void {
    const number = Number(id.slice(0, 16))
    if (number > this.#last) this.#last = number
  }
}

function text(number: number): string {
  return String(number).padStart(16, '0')
}
