import { HEADER_SIZE } from './message.ts'

/** A message that cannot be cut out of the stream: nothing after it can be trusted. */
export type FramingFault = {
  /** 5011 for another version, 5015 for an impossible length. RFC 6733, 7.1.5. */
  resultCode: number
  /** Its header, for the answer. */
  header: Buffer
  message: string
}

/**
 * Cuts messages out of a byte stream. A message that lies within one chunk is a view of it; one that is split over chunks is
 * copied once, into a buffer of its size. Holds at most `maxMessageSize` octets, however small the chunks are.
 */
export class Framer {
  readonly #maxMessageSize: number
  /** The message begun in an earlier chunk: its header alone first, all of it once the length is known. */
  #partial: Buffer | undefined
  #filled = 0
  #fault: FramingFault | undefined

  /** maxMessageSize: octets, header included. */
  constructor(maxMessageSize = 1 << 20) {
    this.#maxMessageSize = maxMessageSize
  }

  /** Calls `deliver` for each whole message; a fault ends the stream: it comes back from every later call. */
  push(chunk: Buffer, deliver: (frame: Buffer) => void): FramingFault | undefined {
    if (this.#fault !== undefined) return this.#fault
    let at = 0
    while (at < chunk.length) {
      if (this.#partial !== undefined) {
        at = this.#fill(this.#partial, chunk, at, deliver)
        if (this.#fault !== undefined) return this.#fault
        continue
      }
      const room = chunk.length - at
      if (room < HEADER_SIZE) {
        this.#begin(HEADER_SIZE, chunk, at)
        return undefined
      }
      const length = chunk.readUIntBE(at + 1, 3)
      if (this.#check(chunk, at, length)) return this.#fault
      if (room < length) {
        this.#begin(length, chunk, at)
        return undefined
      }
      deliver(chunk.subarray(at, at + length))
      at += length
    }
    return undefined
  }

  /** Keeps the rest of a chunk as the begin of a message of `size` octets, or of its header. */
  #begin(size: number, chunk: Buffer, at: number): void {
    this.#partial = Buffer.allocUnsafe(size)
    this.#filled = chunk.copy(this.#partial, 0, at)
  }

  /** Adds to the message begun; returns how far the chunk is used. */
  #fill(partial: Buffer, chunk: Buffer, at: number, deliver: (frame: Buffer) => void): number {
    const copied = chunk.copy(partial, this.#filled, at)
    this.#filled += copied
    if (this.#filled < partial.length) return at + copied
    const length = partial.readUIntBE(1, 3)
    if (partial.length === HEADER_SIZE) {
      if (this.#check(partial, 0, length)) return at + copied
      if (length > HEADER_SIZE) {
        this.#begin(length, partial, 0)
        return at + copied
      }
    }
    this.#partial = undefined
    deliver(partial)
    return at + copied
  }

  /** Whether the header at `at` is impossible; remembers why. */
  #check(bytes: Buffer, at: number, length: number): boolean {
    const problem = this.#problemOf(bytes[at] ?? 0, length)
    if (problem === undefined) return false
    this.#partial = undefined
    this.#fault = { ...problem, header: Buffer.from(bytes.subarray(at, at + HEADER_SIZE)) }
    return true
  }

  #problemOf(version: number, length: number): { resultCode: number; message: string } | undefined {
    if (version !== 1) return { resultCode: 5011, message: `version ${version}, expected 1` }
    if (length < HEADER_SIZE || (length & 3) !== 0)
      return { resultCode: 5015, message: `message length ${length}, expected a multiple of 4 from ${HEADER_SIZE}` }
    if (length > this.#maxMessageSize)
      return { resultCode: 5015, message: `message length ${length}, the limit is ${this.#maxMessageSize}` }
    return undefined
  }
}
