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
 * copied once. Holds at most `maxMessageSize` octets.
 */
export class Framer {
  readonly #maxMessageSize: number
  #pending: Buffer[] = []
  #pendingLength = 0
  #wanted = HEADER_SIZE

  constructor(maxMessageSize = 1 << 20) {
    this.#maxMessageSize = maxMessageSize
  }

  /** Calls `deliver` for each whole message; a fault ends the stream. */
  push(chunk: Buffer, deliver: (frame: Buffer) => void): FramingFault | undefined {
    let bytes = chunk
    if (this.#pendingLength > 0) {
      this.#pending.push(chunk)
      this.#pendingLength += chunk.length
      if (this.#pendingLength < this.#wanted) return undefined
      bytes = Buffer.concat(this.#pending, this.#pendingLength)
      this.#pending = []
      this.#pendingLength = 0
    }
    let at = 0
    for (;;) {
      const room = bytes.length - at
      if (room < HEADER_SIZE) return this.#keep(bytes, at, HEADER_SIZE)
      const length = bytes.readUIntBE(at + 1, 3)
      const fault = this.#check(bytes, at, length)
      if (fault !== undefined) return fault
      if (room < length) return this.#keep(bytes, at, length)
      deliver(bytes.subarray(at, at + length))
      at += length
    }
  }

  #keep(bytes: Buffer, at: number, wanted: number): undefined {
    this.#wanted = wanted
    if (at === bytes.length) return
    this.#pending = [bytes.subarray(at)]
    this.#pendingLength = bytes.length - at
  }

  #check(bytes: Buffer, at: number, length: number): FramingFault | undefined {
    const header = bytes.subarray(at, at + HEADER_SIZE)
    if (bytes[at] !== 1) return { resultCode: 5011, header, message: `version ${bytes[at]}, expected 1` }
    if (length < HEADER_SIZE || (length & 3) !== 0) {
      return { resultCode: 5015, header, message: `message length ${length}, expected a multiple of 4 from 20` }
    }
    if (length <= this.#maxMessageSize) return undefined
    return { resultCode: 5015, header, message: `message length ${length}, the limit is ${this.#maxMessageSize}` }
  }
}
