/** Callers that are remembered; above it those that may call at full rate anyway are forgotten. */
const MAX_REMEMBERED = 10_000

/** Calls a second by caller: each may save up those of one second. */
export class RateLimit {
  readonly #callers = new Map<string, { left: number; atMs: number }>()

  /** Counts a call; false: the caller has had its share. perSecond: 0 is no limit. */
  allows(caller: string, perSecond: number, nowMs: number): boolean {
    if (perSecond === 0) return true
    const known = this.#callers.get(caller)
    if (known === undefined) {
      if (this.#callers.size >= MAX_REMEMBERED) this.#forget(nowMs)
      this.#callers.set(caller, { left: perSecond - 1, atMs: nowMs })
      return true
    }
    known.left = Math.min(perSecond, known.left + ((nowMs - known.atMs) * perSecond) / 1_000)
    known.atMs = nowMs
    if (known.left < 1) return false
    known.left--
    return true
  }

  #forget(nowMs: number): void {
    for (const [caller, { atMs }] of this.#callers) if (nowMs - atMs >= 1_000) this.#callers.delete(caller)
  }
}
