import type { Decimal } from './decimal.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const ZERO = 0x30
const MINUS = 0x2d
/** Longer texts are copied by the runtime. */
const SHORT = 48

/** Texts are built one after the other in memory outside the heap, at least this many octets at a time. */
const CHUNK = 1 << 16

/**
 * Builds JSON texts as octets: records that are written at every charge would cost more as joined strings.
 * The caller puts brackets and commas.
 */
export class JsonWriter {
  #bytes = Buffer.allocUnsafeSlow(0)
  /** Where the text begins that is being built. */
  #start = 0
  #length = 0

  /** Starts the first of some texts. The octets of earlier ones may be overwritten. */
  reset(): this {
    this.#start = 0
    return this.begin()
  }

  /** Starts a text; those that were finished since `reset` stay as they are. */
  begin(): this {
    this.#length = this.#start
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
    this.#length += this.#bytes.write(json, this.#length, 'utf8')
    return this
  }

  /** JSON that was written before. */
  octets(json: Buffer): this {
    this.#reserve(json.length)
    this.#bytes.set(json, this.#length)
    this.#length += json.length
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

  /** The text that was built, in UTF-8. */
  finish(): Buffer {
    const text = this.#bytes.subarray(this.#start, this.#length)
    this.#start = this.#length
    return text
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const built = this.#length - this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(CHUNK, 2 * (built + size)))
    this.#bytes.copy(larger, 0, this.#start, this.#length)
    this.#bytes = larger
    this.#start = 0
    this.#length = built
  }
}
