import { GobError } from './gob-error.ts'

/** Values inside values that are followed. */
const MAX_DEPTH = 100

/** The scalars of one gob message, read in order. Every read throws GobError when the bytes are not there or make no sense. */
export class GobReader {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  #depth = 0
  #parts = 0
  readonly #float = Buffer.alloc(8)

  /** Goes on with other bytes, from `at` up to `end` (exclusive). */
  open(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /** Where the next octet is. */
  get at(): number {
    return this.#at
  }

  /** A new value begins. parts: what it may hold at most, in elements and fields. */
  restart(parts: number): void {
    this.#depth = 0
    this.#parts = parts
  }

  /** Called around each value that holds others. parts: its elements or fields. */
  enter(parts: number): void {
    this.#parts -= parts
    if (this.#parts < 0) throw new GobError('a value of too many elements and fields')
    if (++this.#depth > MAX_DEPTH) throw new GobError(`values nest deeper than ${MAX_DEPTH}`)
  }

  leave(): void {
    this.#depth--
  }

  /** An unsigned integer of up to 64 bits; bigint beyond 2^53. */
  uint(): number | bigint {
    const size = this.#sizeOfUint()
    if (size === 0) return this.#bytes[this.#at++] ?? 0
    const at = this.#at
    this.#at += size
    if (size <= 6) return this.#bytes.readUIntBE(at, size)
    const high = this.#bytes.readUIntBE(at, size - 4)
    const low = this.#bytes.readUInt32BE(at + size - 4)
    return high < 1 << 21 ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low)
  }

  /** Octets of the unsigned integer that comes next, 0 when it is one octet by itself; what precedes them is read. */
  #sizeOfUint(): number {
    if (this.#at >= this.#end) throw truncated()
    const first = this.#bytes[this.#at] ?? 0
    if (first < 0x80) return 0
    const size = 0x100 - first
    if (size > 8) throw new GobError('encoded unsigned integer out of range')
    this.#at++
    if (this.#at + size > this.#end) throw truncated()
    return size
  }

  /** A signed integer; bigint when it is no safe one. */
  int(): number | bigint {
    const coded = this.uint()
    if (typeof coded === 'number') return coded % 2 === 0 ? coded / 2 : -(coded - 1) / 2 - 1
    const value = coded & 1n ? ~(coded >> 1n) : coded >> 1n
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }

  bool(): boolean {
    return this.uint() !== 0
  }

  float(): number {
    const size = this.#sizeOfUint()
    const octets = size === 0 ? 1 : size
    this.#float.fill(0)
    this.#bytes.copy(this.#float, 8 - octets, this.#at, this.#at + octets)
    this.#at += octets
    return this.#float.readDoubleLE(0)
  }

  /** How many of something follow: each takes an octet at least. */
  count(): number {
    const count = this.uint()
    if (typeof count === 'bigint' || count > this.#end - this.#at) throw truncated()
    return count
  }

  /** How far the number of the next field is from that of the last; 0: the struct ends. */
  delta(): number {
    const delta = this.uint()
    if (typeof delta === 'bigint' || delta > 0xffff) throw new GobError('corrupted data: field numbers out of bounds')
    return delta
  }

  text(): string {
    const size = this.count()
    this.#at += size
    return this.#bytes.toString('utf8', this.#at - size, this.#at)
  }

  /** A copy: the bytes that are read from are used again. */
  octets(): Buffer {
    const size = this.count()
    this.#at += size
    return Buffer.from(this.#bytes.subarray(this.#at - size, this.#at))
  }
}

function truncated(): GobError {
  return new GobError('corrupted data: the message ends inside a value')
}
