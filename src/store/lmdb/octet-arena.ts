/** Octets that are taken from the system at a time. */
const CHUNK = 1 << 20
/** Chunks without use that are kept for later ones. */
const MOST_FREE = 16

/**
 * Memory outside the heap for octets that are kept for a while and let go together. Chunks are used again: as garbage they would
 * be what most collections of old space are for.
 */
export class OctetArena {
  readonly #free: Buffer[]
  #full: Buffer[] = []
  #chunk: Buffer | undefined
  #length = 0

  /** other: an arena whose chunks, once it is released, this one may use, and the other way round. */
  constructor(other?: OctetArena) {
    this.#free = other === undefined ? [] : other.#free
  }

  /** A copy of the octets, valid until `release`. */
  keep(octets: Buffer): Buffer {
    if (octets.length > CHUNK) return Buffer.from(octets)
    if (this.#chunk === undefined || this.#length + octets.length > CHUNK) {
      if (this.#chunk !== undefined) this.#full.push(this.#chunk)
      this.#chunk = this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK)
      this.#length = 0
    }
    const start = this.#length
    this.#length += octets.copy(this.#chunk, start)
    return this.#chunk.subarray(start, this.#length)
  }

  /** Lets go of all that was kept: nobody may read it any more. */
  release(): void {
    if (this.#chunk !== undefined) this.#full.push(this.#chunk)
    this.#free.push(...this.#full.slice(0, MOST_FREE - this.#free.length))
    this.#full = []
    this.#chunk = undefined
  }
}
