import type { CapsCounts } from '../methods/core-status.ts'
import { RpcError } from '../rpc-error.ts'

export type CapsStrategy = '*busy' | '*queue'

/**
 * How many calls run at once, over all listeners: cores.caps. What is above it is refused (`*busy`) or waits its turn
 * (`*queue`). Every call that enters leaves once, whatever becomes of it. Reference 01, 7.6.
 */
export class Caps {
  readonly #limit: number
  readonly #strategy: CapsStrategy
  readonly #showsPeak: boolean
  readonly #waiting: (() => void)[] = []
  #allocated = 0
  #peak = 0

  /** limit: 0 is none. showsPeak: cores.caps_stats_interval is set. */
  constructor(limit: number, strategy: CapsStrategy, showsPeak = false) {
    this.#limit = limit
    this.#strategy = strategy
    this.#showsPeak = showsPeak
  }

  /** Calls that run now. */
  get allocated(): number {
    return this.#allocated
  }

  /** Most calls that ran at once. */
  get peak(): number {
    return this.#peak
  }

  /**
   * What CoreSv1.Status shows; undefined without a limit. The peak is exact: CGRateS has the highest of its samples. Reference 10,
   * B10.
   */
  counts(): CapsCounts | undefined {
    if (this.#limit === 0) return undefined
    const allocated = { caps_allocated: this.#allocated }
    return this.#showsPeak ? { ...allocated, caps_peak: this.#peak } : allocated
  }

  /** Begins a call; a promise: the call has its turn when it resolves. Throws RpcError when it is refused. */
  enter(): undefined | Promise<void> {
    if (this.#limit === 0 || this.#allocated < this.#limit) {
      this.#begin()
      return undefined
    }
    if (this.#strategy === '*busy') throw new RpcError('MAX_CONCURRENT_RPC_EXCEEDED')
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** A call has ended: the one that has waited longest takes its place. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#allocated--
    else next()
  }

  #begin(): void {
    this.#allocated++
    if (this.#allocated > this.#peak) this.#peak = this.#allocated
  }
}
