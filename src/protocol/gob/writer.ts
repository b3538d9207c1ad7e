/** Gob scalars, written one after the other into a buffer that grows. */
export class GobWriter {
  #bytes = Buffer.allocUnsafe(512)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Forgets everything after `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  /** What was written. It stays valid until the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  /** Not negative, below 2^64. */
  uint(value: number | bigint): void {
    this.#room(9)
    this.#length += putUint(this.#bytes, this.#length, value)
  }

  /** From -2^63 to 2^63 - 1. */
  int(value: number | bigint): void {
    if (typeof value === 'number' && value >= -(2 ** 46) && value < 2 ** 46) {
      this.uint(value < 0 ? -value * 2 - 1 : value * 2)
      return
    }
    const exact = BigInt(value)
    this.uint(exact < 0n ? (~exact << 1n) | 1n : exact << 1n)
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0)
  }

  float(value: number): void {
    const bits = Buffer.allocUnsafe(8)
    bits.writeDoubleLE(value)
    this.uint(bits.readBigUInt64BE())
  }

  text(value: string): void {
    const size = Buffer.byteLength(value)
    this.uint(size)
    this.#room(size)
    this.#length += this.#bytes.write(value, this.#length)
  }

  octets(value: Uint8Array): void {
    this.uint(value.length)
    this.append(value)
  }

  append(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** Puts the number of octets from `start` on before them. */
  insertLength(start: number): void {
    const size = this.#length - start
    const shift = uintSize(size)
    this.#room(shift)
    this.#bytes.copyWithin(start + shift, start, this.#length)
    putUint(this.#bytes, start, size)
    this.#length += shift
  }
}

function uintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : value < 0x1000000 ? 4 : 5
}

/** Writes an unsigned integer and gives its size. */
function putUint(bytes: Buffer, at: number, value: number | bigint): number {
  if (typeof value === 'number' && value < 0x80) {
    bytes[at] = value
    return 1
  }
  if (typeof value === 'number' && value < 2 ** 48) {
    const size = value < 2 ** 32 ? uintSize(value) - 1 : value < 2 ** 40 ? 5 : 6
    bytes[at] = 0x100 - size
    bytes.writeUIntBE(value, at + 1, size)
    return size + 1
  }
  const exact = BigInt(value)
  if (exact < 0x80n) {
    bytes[at] = Number(exact)
    return 1
  }
  let size = 1
  while (size < 8 && exact >> BigInt(size * 8) !== 0n) size++
  bytes[at] = 0x100 - size
  for (let i = 0; i < size; i++) bytes[at + 1 + i] = Number((exact >> BigInt((size - 1 - i) * 8)) & 0xffn)
  return size + 1
}
