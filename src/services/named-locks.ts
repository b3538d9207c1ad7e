/** A lock that waits for its ids, or has them. */
type Holder = { readonly reference: string; readonly ids: readonly string[]; timer: NodeJS.Timeout | undefined }

/**
 * Named locks for outside programs: all ids of a reference are taken at once, so that no two wait for each other. Those who
 * wait are served in the order in which they came. Reference 06 (GuardianS).
 */
export class NamedLocks {
  readonly #held = new Map<string, Holder>()
  readonly #byReference = new Map<string, Holder>()
  readonly #waiting: { holder: Holder; timeoutMs: number; granted: () => void }[] = []

  /**
   * Resolves when all ids are held, to the reference; to '' at once when that reference is in use. timeoutMs: after which the
   * lock is given back by itself, 0: never.
   */
  lock(reference: string, ids: readonly string[], timeoutMs: number): Promise<string> {
    if (this.#byReference.has(reference)) return Promise.resolve('')
    const holder: Holder = { reference, ids: [...new Set(ids)], timer: undefined }
    this.#byReference.set(reference, holder)
    return new Promise((resolve) => {
      this.#waiting.push({ holder, timeoutMs, granted: () => resolve(reference) })
      this.#serve()
    })
  }

  /** Gives a lock back: the ids that it held, null when it held none. */
  unlock(reference: string): readonly string[] | null {
    const holder = this.#byReference.get(reference)
    if (holder === undefined || this.#waiting.some((waiter) => waiter.holder === holder)) return null
    clearTimeout(holder.timer)
    this.#byReference.delete(reference)
    for (const id of holder.ids) this.#held.delete(id)
    this.#serve()
    return holder.ids.length === 0 ? null : holder.ids
  }

  #serve(): void {
    const wanted = new Set<string>()
    for (let i = 0; i < this.#waiting.length; ) {
      const waiter = this.#waiting[i]
      if (waiter === undefined) return
      const { holder, timeoutMs, granted } = waiter
      // An id that an earlier one waits for is not given to a later one.
      const isFree = holder.ids.every((id) => !this.#held.has(id) && !wanted.has(id))
      if (!isFree) {
        for (const id of holder.ids) wanted.add(id)
        i++
        continue
      }
      this.#waiting.splice(i, 1)
      for (const id of holder.ids) this.#held.set(id, holder)
      if (timeoutMs > 0) holder.timer = setTimeout(() => this.unlock(holder.reference), timeoutMs).unref()
      granted()
    }
  }
}
