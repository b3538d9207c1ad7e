import { RpcError } from '../rpc-error.ts'

export type CapsStrategy = '*busy' | '*queue'

/**
 * How many calls run at once, over all listeners: cores.caps. What is above it is refused (`*busy`) or waits its turn
 * (`*queue`). Every call that enters leaves once, whatever becomes of it. Reference 01, 7.6.
 */
export class Caps {
  readonly #limit: number
  readonly #strategy: CapsStrategy
  readonly #waiting: (() => void)[] = []
  #allocated = 0
  #peak = 0

  /** limit: 0 is none. */
  constructor(limit: number, strategy: CapsStrategy) {
    this.#limit = limit
    this.#strategy = strategy
  }

  /** Calls that run now. */
  get allocated(): number {
    return this.#allocated
  }

  /** Most calls that ran at once. */
  get peak(): number {
    return this.#peak
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
