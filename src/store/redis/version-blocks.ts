import { StoreFailure } from '../../core/errors.ts'

/** Versions of one block. */
const BLOCK = 2 ** 20

/**
 * Numbers that no engine of a database gives twice: each takes blocks of a counter in Redis. There are 2^33 blocks: a start takes one,
 * and so does every millionth commit.
 */
export class VersionBlocks {
  readonly #take: () => Promise<number>
  readonly #first: number
  #block: number
  #at = 0
  #next: number | undefined
  #isTaking = false

  private constructor(take: () => Promise<number>, block: number) {
    this.#take = take
    this.#first = block
    this.#block = block
  }

  /** take: a block that nobody else has, from 1 on. */
  static async open(take: () => Promise<number>): Promise<VersionBlocks> {
    return new VersionBlocks(take, await take())
  }

  /** Where the outcomes of batches of this engine are kept: of one life of it. */
  outcomesKey(prefix: string): string {
    return `${prefix}:outcomes:${this.#first}`
  }

  /** The next number. Throws StoreFailure when there is no block at hand. */
  next(): number {
    if (this.#at >= BLOCK / 2 && this.#next === undefined) this.#takeNext()
    if (this.#at === BLOCK) {
      if (this.#next === undefined) throw new StoreFailure('Redis has given no versions')
      this.#block = this.#next
      this.#next = undefined
      this.#at = 0
    }
    return this.#block * BLOCK + this.#at++
  }

  #takeNext(): void {
    if (this.#isTaking) return
    this.#isTaking = true
    this.#take()
      .then(
        (block) => {
          this.#next = block
        },
        () => undefined,
      )
      .finally(() => {
        this.#isTaking = false
      })
  }
}
