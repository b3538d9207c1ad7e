/**
 * Values by key, those used least recently dropped first. Two generations: what is used moves into the young one; when that
 * has half of the limit, it becomes the old one, and what nobody has used since goes. A step costs the same at any size.
 */
export class RecordCache<E extends { readonly key: string }> {
  readonly #half: number
  readonly #isHeld: (entry: E) => boolean
  #young = new Map<string, E>()
  #old = new Map<string, E>()
  /** Size of the young generation above which it becomes the old one. */
  #bound: number

  /** limit: entries that are kept; those that `isHeld` tells of come on top. */
  constructor(limit: number, isHeld: (entry: E) => boolean) {
    this.#half = limit >> 1
    this.#bound = this.#half
    this.#isHeld = isHeld
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): E | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) {
      this.#old.delete(key)
      this.set(old)
    }
    return old
  }

  /** Takes an entry in; its key must not be there. */
  set(entry: E): void {
    this.#young.set(entry.key, entry)
    if (this.#young.size <= this.#bound) return
    const held = [...this.#old.values()].filter(this.#isHeld)
    this.#old = this.#young
    this.#young = new Map(held.map((each) => [each.key, each]))
    // Twice as many: held entries are not copied again for every few that come.
    this.#bound = this.#half + 2 * held.length
  }

  /** Drops an entry, not another one of the same key. */
  delete(entry: E): void {
    for (const entries of [this.#young, this.#old]) if (entries.get(entry.key) === entry) entries.delete(entry.key)
  }
}
