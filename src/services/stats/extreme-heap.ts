import type { Decimal } from '../../core/decimal.ts'

type Slot = { value: Decimal; users: number }
type Entry = { readonly slot: Slot; readonly value: Decimal }

/** Entries that nothing counts any more may be that many more than the others. */
const MOST_STALE = 32

/** The greatest (or least) of values by id, found in constant time and kept in logarithmic time, also when values go. */
export class ExtremeHeap {
  readonly #sign: 1 | -1
  readonly #slots = new Map<string, Slot>()
  /** A binary heap; entries of slots that have gone, or have another value now, are stale and go when they come up. */
  #heap: Entry[] = []

  /** sign: 1 for the greatest, -1 for the least. */
  constructor(sign: 1 | -1) {
    this.#sign = sign
  }

  /** How many ids there are. */
  get size(): number {
    return this.#slots.size
  }

  get extreme(): Decimal | undefined {
    return this.#heap[0]?.value
  }

  /** Gives an id a value, instead of the one that it has. */
  put(id: string, value: Decimal): void {
    const held = this.#slots.get(id)
    const slot = held ?? { value, users: 0 }
    slot.value = value
    slot.users++
    if (held === undefined) this.#slots.set(id, slot)
    this.#push({ slot, value })
    this.#drop()
  }

  /** Takes one `put` of an id back; its value goes with the last one. */
  take(id: string): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    if (--slot.users === 0) this.#slots.delete(id)
    this.#drop()
  }

  /** No stale entry stays in front, nor too many behind. */
  #drop(): void {
    if (this.#heap.length > 2 * this.#slots.size + MOST_STALE) {
      const live = this.#heap.filter(isLive)
      this.#heap = []
      for (const entry of live) this.#push(entry)
    }
    for (let first = this.#heap[0]; first !== undefined && !isLive(first); first = this.#heap[0]) this.#pop()
  }

  #isBefore(a: Entry, b: Entry): boolean {
    return a.value.compare(b.value) * this.#sign > 0
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !this.#isBefore(entry, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const left = heap[below]
      if (left === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && this.#isBefore(right, left)) below++
      const child = heap[below]
      if (child === undefined || !this.#isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isLive({ slot, value }: Entry): boolean {
  return slot.users > 0 && slot.value === value
}
