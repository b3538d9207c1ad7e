import type { Decimal } from './decimal.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const ZERO = 0x30
const MINUS = 0x2d
/** Longer texts are copied by the runtime. */
const SHORT = 48

/**
 * Builds one JSON text in a buffer: records that are written at every charge would cost more as joined strings than as octets.
 * The caller puts brackets and commas.
 */
export class JsonWriter {
  #bytes = Buffer.allocUnsafe(4096)
  #length = 0
  #isAscii = true

  /** Starts a text; what was built before is gone. */
  begin(): this {
    this.#length = 0
    this.#isAscii = true
    return this
  }

  /** JSON that is known to be ASCII: brackets, commas, names. */
  raw(json: string): this {
    this.#reserve(json.length)
    const bytes = this.#bytes
    let at = this.#length
    if (json.length > SHORT) at += bytes.write(json, at, 'latin1')
    else for (let i = 0; i < json.length; i++) bytes[at++] = json.charCodeAt(i)
    this.#length = at
    return this
  }

  /** JSON with any characters, made elsewhere. */
  json(json: string): this {
    this.#reserve(json.length * 3)
    const written = this.#bytes.write(json, this.#length, 'utf8')
    if (written !== json.length) this.#isAscii = false
    this.#length += written
    return this
  }

  /** A string. Plain ASCII, which names and ids are, goes without the generic writer. */
  text(value: string): this {
    this.#reserve(value.length + 2)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = QUOTE
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return this.json(JSON.stringify(value))
      bytes[at++] = code
    }
    bytes[at++] = QUOTE
    this.#length = at
    return this
  }

  /** A whole number, with all its digits. */
  integer(value: bigint | number): this {
    const number = Number(value)
    return this.raw(Number.isSafeInteger(number) ? String(number) : String(value))
  }

  /** A whole number as a string. */
  quotedInteger(value: bigint): this {
    return this.raw('"').integer(value).raw('"')
  }

  /** An amount as a string, exact; trailing zeros stay. */
  quotedDecimal({ coefficient, scale }: Decimal): this {
    if (scale === 0) return this.quotedInteger(coefficient)
    const isNegative = coefficient < 0n
    const digits = String(isNegative ? -coefficient : coefficient)
    this.#reserve(digits.length + scale + 5)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = QUOTE
    if (isNegative) bytes[at++] = MINUS
    for (let place = Math.max(digits.length, scale + 1); place > 0; place--) {
      if (place === scale) bytes[at++] = DOT
      bytes[at++] = place > digits.length ? ZERO : digits.charCodeAt(digits.length - place)
    }
    bytes[at++] = QUOTE
    this.#length = at
    return this
  }

  /** The text that was built. */
  finish(): string {
    return this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', 0, this.#length)
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
