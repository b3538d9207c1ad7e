import type { AttributeDefinition, RadiusDictionary, Vendor } from './dictionary.ts'
import { AttributeType, type RadiusPacket } from './packet.ts'

/**
 * An attribute that holds a value, out of all that may be around it. numbers: as in its definition, which is undefined for one that
 * no dictionary has. value: its octets, those of several fragments together. at: octet of the packet where the first began.
 */
export type ReceivedAttribute = {
  numbers: readonly number[]
  definition: AttributeDefinition | undefined
  value: Buffer
  at: number
}

/** First octet of an attribute that RFC 6929 divides, and whether it has an octet of flags. */
const FIRST_EXTENDED = 241
const FIRST_LONG = 245
const LAST_EXTENDED = 246
/** The bit that says that the next attribute goes on. RFC 6929, 2.2; WiMAX. */
const MORE = 0x80

/**
 * Everything a packet says, in its order: Vendor-Specific (RFC 2865, 5.26), extended and long extended attributes (RFC 6929), TLVs,
 * fragments and concatenated attributes are taken apart or together. What cannot be divided stays whole. Never throws.
 */
export function receivedAttributes(packet: RadiusPacket, dictionary: RadiusDictionary): ReceivedAttribute[] {
  const collector = new Collector(dictionary)
  for (const { type, value, at } of packet.attributes) collector.add(type, value, at)
  return collector.found
}

class Collector {
  readonly found: ReceivedAttribute[] = []
  readonly #dictionary: RadiusDictionary
  /** The attribute that the next one goes on with. */
  #open: { key: string; attribute: ReceivedAttribute } | undefined

  constructor(dictionary: RadiusDictionary) {
    this.#dictionary = dictionary
  }

  add(type: number, value: Buffer, at: number): void {
    if (type === AttributeType.VENDOR_SPECIFIC) this.#addVendor([type], value, at)
    else if (type >= FIRST_LONG && type <= LAST_EXTENDED && value.length >= 2)
      this.#addFragment([type, value[0] ?? 0], value.subarray(2), at, ((value[1] ?? 0) & MORE) !== 0)
    else if (type >= FIRST_EXTENDED && type < FIRST_LONG && value.length >= 1)
      this.#addExtended([type, value[0] ?? 0], value.subarray(1), at)
    else this.#addValue([type], value, at)
  }

  /** A part of a long value: it is divided when its last part is there. */
  #addFragment(numbers: readonly number[], value: Buffer, at: number, hasMore: boolean): void {
    const attribute = this.#continued(numbers, value, at, hasMore)
    if (attribute !== undefined) this.#addExtended(numbers, attribute.value, attribute.at)
  }

  /** The whole of a value when this is its last part. */
  #continued(
    numbers: readonly number[],
    value: Buffer,
    at: number,
    hasMore: boolean,
  ): { value: Buffer; at: number } | undefined {
    const key = numbers.join('.')
    const open = this.#open?.key === key ? this.#open.attribute : undefined
    // Fragments whose end never came are left out. RFC 6929, 2.3.
    this.#open = undefined
    const whole = {
      numbers,
      definition: undefined,
      value: open === undefined ? value : Buffer.concat([open.value, value]),
      at: open?.at ?? at,
    }
    if (!hasMore) return whole
    this.#open = { key, attribute: whole }
    return undefined
  }

  #addExtended(numbers: readonly number[], value: Buffer, at: number): void {
    // Of a vendor: its number, its type, and the value; there is no length. RFC 6929, 2.4.
    const isOfVendor = numbers[1] === AttributeType.VENDOR_SPECIFIC && value.length >= 6
    if (isOfVendor) this.#addValue([...numbers, value.readUInt32BE(0), value[4] ?? 0], value.subarray(5), at)
    else this.#addValue(numbers, value, at)
  }

  #addVendor(outer: readonly number[], value: Buffer, at: number): void {
    const id = value.length < 4 ? undefined : value.readUInt32BE(0)
    const vendor = id === undefined ? undefined : this.#dictionary.vendor(id)
    const parts = vendor && vendorParts(value.subarray(4), vendor)
    if (vendor === undefined || parts === undefined) {
      this.#addValue(id === undefined ? outer : [...outer, id], value.subarray(id === undefined ? 0 : 4), at)
      return
    }
    for (const { number, data, offset, hasMore } of parts) {
      const numbers = [...outer, vendor.id, number]
      if (!vendor.hasContinuation) {
        this.#addValue(numbers, data, at + 6 + offset)
        continue
      }
      const whole = this.#continued(numbers, data, at + 6 + offset, hasMore)
      if (whole !== undefined) this.#addValue(numbers, whole.value, whole.at)
    }
  }

  #addValue(numbers: readonly number[], value: Buffer, at: number): void {
    const definition = this.#dictionary.byNumbers(numbers)
    if (definition?.type === 'tlv') {
      const parts = fieldsOf(value, 1, 1)
      if (parts !== undefined) {
        for (const { number, data, offset } of parts) this.#addValue([...numbers, number], data, at + offset)
        return
      }
    }
    if (definition?.isConcatenated === true) {
      const held = this.found.find((each) => each.definition === definition)
      if (held !== undefined) {
        held.value = Buffer.concat([held.value, value])
        return
      }
    }
    this.found.push({ numbers, definition, value, at })
  }
}

type Field = { number: number; data: Buffer; offset: number; hasMore: boolean }

/** The sub-attributes of a vendor; undefined when their lengths do not add up. */
function vendorParts(data: Buffer, { typeSize, lengthSize, hasContinuation }: Vendor): Field[] | undefined {
  return fieldsOf(data, typeSize, lengthSize, hasContinuation)
}

function fieldsOf(data: Buffer, typeSize: number, lengthSize: number, hasContinuation = false): Field[] | undefined {
  const fields: Field[] = []
  const header = typeSize + lengthSize + (hasContinuation ? 1 : 0)
  for (let at = 0; at < data.length; ) {
    if (at + header > data.length) return undefined
    const number = data.readUIntBE(at, typeSize)
    const length = lengthSize === 0 ? data.length - at : data.readUIntBE(at + typeSize, lengthSize)
    if (length <= header || at + length > data.length) return undefined
    const flags = hasContinuation ? (data[at + header - 1] ?? 0) : 0
    fields.push({ number, data: data.subarray(at + header, at + length), offset: at, hasMore: (flags & MORE) !== 0 })
    at += length
  }
  return fields.length === 0 ? undefined : fields
}
