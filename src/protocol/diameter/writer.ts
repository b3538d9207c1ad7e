import { AvpFlag } from './avp.ts'
import { HEADER_SIZE } from './message.ts'

/**
 * Builds one message straight into a buffer. AVP flags are M, plus V where there is a vendor (reference 07, 2.5); groups are
 * opened and closed around their members. `finish` hands the bytes over, the writer may then begin another message.
 */
export class MessageWriter {
  #bytes: Buffer
  #length = 0
  readonly #open: number[] = []

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** Starts a message. flags: command flags. */
  begin(header: {
    flags: number
    commandCode: number
    applicationId: number
    hopByHopId: number
    endToEndId: number
  }): this {
    this.#length = 0
    this.#open.length = 0
    this.#reserve(HEADER_SIZE)
    const bytes = this.#bytes
    bytes.writeUInt32BE(0x01000000, 0)
    bytes[4] = header.flags
    bytes.writeUIntBE(header.commandCode, 5, 3)
    bytes.writeUInt32BE(header.applicationId, 8)
    bytes.writeUInt32BE(header.hopByHopId, 12)
    bytes.writeUInt32BE(header.endToEndId, 16)
    this.#length = HEADER_SIZE
    return this
  }

  /** Sets bits of the command flags of the message begun. */
  addFlags(flags: number): this {
    this.#bytes[4] = (this.#bytes[4] ?? 0) | flags
    return this
  }

  unsigned32(code: number, value: number, vendorId = 0): this {
    const at = this.#header(code, vendorId, 4)
    this.#bytes.writeUInt32BE(value, at)
    return this
  }

  integer32(code: number, value: number, vendorId = 0): this {
    const at = this.#header(code, vendorId, 4)
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  unsigned64(code: number, value: bigint, vendorId = 0): this {
    const at = this.#header(code, vendorId, 8)
    this.#bytes.writeBigUInt64BE(value, at)
    return this
  }

  /** An Unsigned64 below 2^31. */
  small64(code: number, value: number, vendorId = 0): this {
    const at = this.#header(code, vendorId, 8)
    this.#put32(0, at)
    this.#put32(value, at + 4)
    return this
  }

  text(code: number, value: string, vendorId = 0): this {
    const start = this.#length
    let size = value.length
    let at = this.#header(code, vendorId, size)
    if (!this.#writeAscii(value, at)) {
      this.#length = start
      size = Buffer.byteLength(value)
      at = this.#header(code, vendorId, size)
      this.#bytes.write(value, at)
    }
    return this.#pad(at, size)
  }

  octets(code: number, value: Buffer, vendorId = 0): this {
    const at = this.#header(code, vendorId, value.length)
    value.copy(this.#bytes, at)
    return this.#pad(at, value.length)
  }

  /** An AVP as it stands in another message, header, flags and padding included. */
  raw(avp: Buffer): this {
    this.#reserve(avp.length + 3)
    avp.copy(this.#bytes, this.#length)
    this.#length += avp.length
    while ((this.#length & 3) !== 0) this.#bytes[this.#length++] = 0
    return this
  }

  openGroup(code: number, vendorId = 0): this {
    this.#open.push(this.#length)
    this.#header(code, vendorId, 0)
    return this
  }

  closeGroup(): this {
    const start = this.#open.pop()
    if (start === undefined) throw new RangeError('no group is open')
    this.#bytes.writeUIntBE(this.#length - start, start + 5, 3)
    return this
  }

  /** The finished message, its length set. The bytes are the caller's. */
  finish(): Buffer {
    while (this.#open.length > 0) this.closeGroup()
    this.#bytes.writeUIntBE(this.#length, 1, 3)
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  /** False when the text is long or not ASCII: then the native encoder is the faster or the only one. */
  #writeAscii(value: string, at: number): boolean {
    if (value.length > 64) return false
    const bytes = this.#bytes
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) return false
      bytes[at + i] = unit
    }
    return true
  }

  /** Writes an AVP header for `size` octets of data and returns where the data goes. */
  #header(code: number, vendorId: number, size: number): number {
    const headerSize = vendorId === 0 ? 8 : 12
    this.#reserve(headerSize + size + 3)
    const at = this.#length
    this.#put32(code, at)
    this.#put32(headerSize + size, at + 4)
    this.#bytes[at + 4] = vendorId === 0 ? AvpFlag.MANDATORY : AvpFlag.MANDATORY | AvpFlag.VENDOR
    if (vendorId !== 0) this.#put32(vendorId, at + 8)
    this.#length = at + headerSize + size
    return at + headerSize
  }

  /** 32 bits, of numbers that are known to fit: without the checks of Buffer's own methods. */
  #put32(value: number, at: number): void {
    const bytes = this.#bytes
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }

  #pad(at: number, size: number): this {
    const padding = -size & 3
    for (let i = 0; i < padding; i++) this.#bytes[at + size + i] = 0
    this.#length += padding
    return this
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
