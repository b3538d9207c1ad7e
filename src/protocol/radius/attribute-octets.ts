import { InvalidText } from '../../core/errors.ts'
import type { AttributeDefinition, RadiusDictionary } from './dictionary.ts'
import { AttributeType } from './packet.ts'

const LARGEST = 255
const FIRST_EXTENDED = 241
const FIRST_LONG = 245
const LAST_EXTENDED = 246
const MORE = 0x80

/**
 * An attribute of a value, with all that is around it: one, or several where a long value may be divided (`concat`, RFC 6929 long
 * extended, WiMAX). Throws InvalidText for a value that is too long. RFC 2865, 5; RFC 6929, 2.
 */
export function attributeOctets(definition: AttributeDefinition, value: Buffer, dictionary: RadiusDictionary): Buffer {
  const [first = 0, ...inner] = definition.numbers
  if (first === AttributeType.VENDOR_SPECIFIC) return vendorSpecific(definition, value, dictionary)
  if (first >= FIRST_LONG && first <= LAST_EXTENDED) {
    const [extended = 0, ...below] = inner
    return fragments(first, extended, extendedValue(definition, extended, below, value))
  }
  if (first >= FIRST_EXTENDED && first < FIRST_LONG) {
    const [extended = 0, ...below] = inner
    const data = Buffer.concat([Buffer.from([extended]), extendedValue(definition, extended, below, value)])
    return field(definition, Buffer.from([first]), 1, data)
  }
  const data = inTlvs(definition, inner, value)
  if (!definition.isConcatenated) return field(definition, Buffer.from([first]), 1, data)
  return Buffer.concat(pieces(data, LARGEST - 2).map((piece) => field(definition, Buffer.from([first]), 1, piece)))
}

function vendorSpecific(definition: AttributeDefinition, value: Buffer, dictionary: RadiusDictionary): Buffer {
  const [, vendorId = 0, number = 0, ...below] = definition.numbers
  const { typeSize, lengthSize, hasContinuation } = definition.vendor ?? dictionary.vendor(vendorId)
  const type = Buffer.alloc(typeSize)
  type.writeUIntBE(number, 0, typeSize)
  const id = Buffer.alloc(4)
  id.writeUInt32BE(vendorId)
  const data = inTlvs(definition, below, value)
  const room = LARGEST - 6 - typeSize - lengthSize - 1
  const parts = hasContinuation ? pieces(data, room) : [data]
  return Buffer.concat(
    parts.map((part, i) => {
      const flags = hasContinuation ? Buffer.from([i < parts.length - 1 ? MORE : 0]) : Buffer.alloc(0)
      const sub = field(definition, type, lengthSize, Buffer.concat([flags, part]))
      return field(definition, Buffer.from([AttributeType.VENDOR_SPECIFIC]), 1, Buffer.concat([id, sub]))
    }),
  )
}

/** What stands behind the extended type: with the vendor and its type for a vendor's. RFC 6929, 2.4. */
function extendedValue(
  definition: AttributeDefinition,
  extended: number,
  below: readonly number[],
  value: Buffer,
): Buffer {
  if (extended !== AttributeType.VENDOR_SPECIFIC) return inTlvs(definition, below, value)
  const [vendorId = 0, number = 0, ...tlvs] = below
  const head = Buffer.alloc(5)
  head.writeUInt32BE(vendorId)
  head.writeUInt8(number, 4)
  return Buffer.concat([head, inTlvs(definition, tlvs, value)])
}

function fragments(type: number, extended: number, value: Buffer): Buffer {
  const parts = pieces(value, LARGEST - 4)
  return Buffer.concat(
    parts.map((part, i) => {
      const flags = i < parts.length - 1 ? MORE : 0
      return Buffer.concat([Buffer.from([type, part.length + 4, extended, flags]), part])
    }),
  )
}

/** The value inside of TLVs, the last number innermost. */
function inTlvs(definition: AttributeDefinition, numbers: readonly number[], value: Buffer): Buffer {
  return numbers.reduceRight((data, number) => field(definition, Buffer.from([number]), 1, data), value)
}

function field({ name }: AttributeDefinition, type: Buffer, lengthSize: number, data: Buffer): Buffer {
  const size = type.length + lengthSize + data.length
  if (size > LARGEST)
    throw new InvalidText(
      `attribute ${name}: a value of ${data.length} octets, at most ${LARGEST - type.length - lengthSize}`,
    )
  const length = Buffer.alloc(lengthSize)
  if (lengthSize > 0) length.writeUIntBE(size, 0, lengthSize)
  return Buffer.concat([type, length, data])
}

function pieces(data: Buffer, size: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / size))
  return Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size))
}
