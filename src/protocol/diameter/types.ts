import { InvalidText } from '../../core/errors.ts'
import { textOctets } from '../../core/octet-text.ts'
import { parseTime, ZERO_TIME } from '../../core/time.ts'
import { decodeIpv4, decodeIpv6, encodeIpv4, encodeIpv6 } from '../ip-address.ts'
import { decodeAddress, encodeAddress } from './address.ts'
import type { MessageWriter } from './writer.ts'

/** Data types of dictionaries. RFC 6733, 4.2 and 4.3; reference 07, 2.10. */
export const DATA_TYPES = [
  'Address',
  'DiameterIdentity',
  'DiameterURI',
  'Enumerated',
  'Float32',
  'Float64',
  'Grouped',
  'IPFilterRule',
  'IPv4',
  'IPv6',
  'Integer32',
  'Integer64',
  'OctetString',
  'QoSFilterRule',
  'Time',
  'UTF8String',
  'Unsigned32',
  'Unsigned64',
] as const
export type DataType = (typeof DATA_TYPES)[number]

/** What an AVP's data reads as: whole numbers stay numbers, octets stay bytes. */
export type AvpValue = string | number | bigint | Buffer

/** Seconds between 1900 and 1970. RFC 6733, 4.3.1 (Time). */
const NTP_EPOCH = 2_208_988_800

/** Octets of data that a type must have; the others may have any number. RFC 6733, 4.2 and 4.3. */
export const FIXED_SIZES: Readonly<Partial<Record<DataType, number>>> = {
  Enumerated: 4,
  Float32: 4,
  Float64: 8,
  IPv4: 4,
  IPv6: 16,
  Integer32: 4,
  Integer64: 8,
  Time: 4,
  Unsigned32: 4,
  Unsigned64: 8,
}

/** Data of an AVP by its type; undefined when the length or content does not fit it (fault 5014 or 5004), and for Grouped. */
export function decodeAvp(type: DataType, bytes: Buffer, start: number, end: number): AvpValue | undefined {
  const length = end - start
  switch (type) {
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
    case 'IPFilterRule':
    case 'QoSFilterRule':
      return bytes.toString('utf8', start, end)
    case 'OctetString':
      return bytes.subarray(start, end)
    case 'Unsigned32':
      return length === 4 ? bytes.readUInt32BE(start) : undefined
    case 'Enumerated':
    case 'Integer32':
      return length === 4 ? bytes.readInt32BE(start) : undefined
    case 'Unsigned64':
      return length === 8 ? bytes.readBigUInt64BE(start) : undefined
    case 'Integer64':
      return length === 8 ? bytes.readBigInt64BE(start) : undefined
    case 'Float32':
      return length === 4 ? bytes.readFloatBE(start) : undefined
    case 'Float64':
      return length === 8 ? bytes.readDoubleBE(start) : undefined
    case 'Time':
      return length === 4 ? decodeTime(bytes.readUInt32BE(start)) : undefined
    case 'Address':
      return decodeAddress(bytes.subarray(start, end))
    case 'IPv4':
      return decodeIpv4(bytes.subarray(start, end))
    case 'IPv6':
      return decodeIpv6(bytes.subarray(start, end))
    case 'Grouped':
      return undefined
  }
}

/** RFC 3339 in UTC. From 2036 on the era has changed and the first bit is clear. */
function decodeTime(seconds: number): string {
  const era = (seconds & 0x80000000) === 0 ? 2 ** 32 : 0
  return `${new Date((seconds + era - NTP_EPOCH) * 1000).toISOString().slice(0, 19)}Z`
}

/** Writes an AVP from its text; false when the text is none of its type. Reference 07, 2.4 and 2.5. */
export function encodeAvp(
  writer: MessageWriter,
  type: DataType,
  code: number,
  vendorId: number,
  text: string,
): boolean {
  switch (type) {
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
    case 'IPFilterRule':
    case 'QoSFilterRule':
    case 'OctetString':
      if (text.isWellFormed()) writer.text(code, text, vendorId)
      else writer.octets(code, textOctets(text), vendorId)
      return true
    case 'Unsigned32': {
      const value = smallInteger(text) ?? integerIn(text, 0n, 0xffffffffn)
      if (value !== undefined) writer.unsigned32(code, Number(value), vendorId)
      return value !== undefined
    }
    case 'Enumerated':
    case 'Integer32': {
      const value = smallInteger(text) ?? integerIn(text, -0x80000000n, 0x7fffffffn)
      if (value !== undefined) writer.integer32(code, Number(value), vendorId)
      return value !== undefined
    }
    case 'Unsigned64': {
      const small = smallInteger(text)
      if (small !== undefined) {
        writer.small64(code, small, vendorId)
        return true
      }
      const value = integerIn(text, 0n, 2n ** 64n - 1n)
      if (value !== undefined) writer.unsigned64(code, value, vendorId)
      return value !== undefined
    }
    case 'Integer64': {
      const value = integerIn(text, -(2n ** 63n), 2n ** 63n - 1n)
      if (value !== undefined) writer.unsigned64(code, BigInt.asUintN(64, value), vendorId)
      return value !== undefined
    }
    default: {
      const data = encodeData(type, text)
      if (data !== undefined) writer.octets(code, data, vendorId)
      return data !== undefined
    }
  }
}

/** Up to nine digits, as most numbers are: they fit every type. Undefined for all else. */
function smallInteger(text: string): number | undefined {
  if (text.length === 0 || text.length > 9) return undefined
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}

/** A decimal number within bounds, both inclusive; a sign only where one can be. */
function integerIn(text: string, least: bigint, most: bigint): bigint | undefined {
  if (!(least < 0n ? /^[+-]?\d{1,40}$/ : /^\d{1,40}$/).test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return value < least || value > most ? undefined : value
}

function encodeData(type: DataType, text: string): Buffer | undefined {
  switch (type) {
    case 'Float32':
    case 'Float64':
      return encodeFloat(text, type === 'Float32')
    case 'Time':
      return encodeTime(text)
    case 'Address':
      return encodeAddress(text)
    case 'IPv4':
      return encodeIpv4(text)
    case 'IPv6':
      return encodeIpv6(text)
    default:
      return undefined
  }
}

function encodeFloat(text: string, isSingle: boolean): Buffer | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined
  const value = isSingle ? Math.fround(Number(text)) : Number(text)
  if (!Number.isFinite(value)) return undefined
  const data = Buffer.alloc(isSingle ? 4 : 8)
  if (isSingle) data.writeFloatBE(value)
  else data.writeDoubleBE(value)
  return data
}

/** The 32 bits reach from 1968-01-20T03:14:08Z to 2104-02-26T09:42:23Z: the first bit tells the era. RFC 4330, 3. */
const FIRST_SECOND = 2 ** 31 - NTP_EPOCH
const LAST_SECOND = 2 ** 32 + 2 ** 31 - 1 - NTP_EPOCH

/** Any time literal that names an instant by itself; UTC where it names no zone. */
function encodeTime(text: string): Buffer | undefined {
  try {
    const seconds = Math.floor(Number(parseTime(text, 'UTC', ZERO_TIME).ns / 1_000_000n) / 1000)
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined
    const data = Buffer.alloc(4)
    data.writeUInt32BE((seconds + NTP_EPOCH) % 2 ** 32)
    return data
  } catch (cause) {
    if (cause instanceof InvalidText) return undefined
    throw cause
  }
}
