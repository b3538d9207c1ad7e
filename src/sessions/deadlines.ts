/**
 * Deadlines of many sessions, to the length of a slot: O(1) to set and to move, one look per slot to find what is due.
 * A moved deadline leaves its old slot entry behind; the slot is checked against the current deadline when it comes up.
 */
export class Deadlines {
  readonly #deadlineOf = new Map<string, number>()
  readonly #slots = new Map<number, string[]>()
  readonly #slotMs: number
  #next: number

  /** nowMs: where the clock stands; slots before it are never looked at again. */
  constructor(nowMs: number, slotMs = 1_000) {
    this.#slotMs = slotMs
    this.#next = Math.floor(nowMs / slotMs) + 1
  }

  get size(): number {
    return this.#deadlineOf.size
  }

  /** Sets or moves the deadline of `id`; one in the past is due at the next `take`. */
  set(id: string, deadlineMs: number): void {
    // The slot that is looked at once the deadline has passed.
    const slot = Math.max(Math.ceil(deadlineMs / this.#slotMs), this.#next)
    this.#deadlineOf.set(id, deadlineMs)
    const ids = this.#slots.get(slot)
    if (ids === undefined) this.#slots.set(slot, [id])
    else if (ids.at(-1) !== id) ids.push(id)
  }

  clear(id: string): void {
    this.#deadlineOf.delete(id)
  }

  /** Removes and returns what is due at `nowMs`. */
  take(nowMs: number): string[] {
    const due: string[] = []
    for (const last = Math.floor(nowMs / this.#slotMs); this.#next <= last; this.#next++) {
      const ids = this.#slots.get(this.#next)
      if (ids === undefined) continue
      this.#slots.delete(this.#next)
      for (const id of ids) {
        const deadline = this.#deadlineOf.get(id)
        if (deadline === undefined || deadline > nowMs) continue
        this.#deadlineOf.delete(id)
        due.push(id)
      }
    }
    return due
  }
}
