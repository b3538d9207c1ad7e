import { isIP } from 'node:net'
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

/** Data of an AVP by its type; undefined when the length or content does not fit it (fault 5014 or 5004). */
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
      return length === 4 ? [...bytes.subarray(start, end)].join('.') : undefined
    case 'IPv6':
      return length === 16 ? ipv6Text(bytes.subarray(start, end)) : undefined
    case 'Grouped':
      return undefined
  }
}

/** RFC 3339 in UTC. From 2036 on the era has changed and the first bit is clear. */
function decodeTime(seconds: number): string {
  const era = (seconds & 0x80000000) === 0 ? 2 ** 32 : 0
  return `${new Date((seconds + era - NTP_EPOCH) * 1000).toISOString().slice(0, 19)}Z`
}

/** Address families 1 (IPv4), 2 (IPv6) and 8 (E.164). RFC 6733, 4.3.1. */
function decodeAddress(data: Buffer): string | undefined {
  const family = data.length < 2 ? 0 : data.readUInt16BE(0)
  const address = data.subarray(2)
  if (family === 1 && address.length === 4) return [...address].join('.')
  if (family === 2 && address.length === 16) return ipv6Text(address)
  return family === 8 ? address.toString('latin1') : undefined
}

function ipv6Text(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2).toString(16)).join(':')
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
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
      writer.text(code, text, vendorId)
      return true
    case 'Unsigned32': {
      const value = integerIn(text, 0n, 0xffffffffn)
      if (value !== undefined) writer.unsigned32(code, Number(value), vendorId)
      return value !== undefined
    }
    case 'Enumerated':
    case 'Integer32': {
      const value = integerIn(text, -0x80000000n, 0x7fffffffn)
      if (value !== undefined) writer.integer32(code, Number(value), vendorId)
      return value !== undefined
    }
    case 'Unsigned64': {
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

function integerIn(text: string, least: bigint, most: bigint): bigint | undefined {
  if (!/^-?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return value < least || value > most ? undefined : value
}

function encodeData(type: DataType, text: string): Buffer | undefined {
  switch (type) {
    case 'Float32':
    case 'Float64': {
      const value = Number(text)
      if (text.trim() === '' || Number.isNaN(value)) return undefined
      const data = Buffer.alloc(type === 'Float32' ? 4 : 8)
      if (type === 'Float32') data.writeFloatBE(value)
      else data.writeDoubleBE(value)
      return data
    }
    case 'Time': {
      const milliseconds = Date.parse(text)
      if (Number.isNaN(milliseconds)) return undefined
      const data = Buffer.alloc(4)
      data.writeUInt32BE((Math.floor(milliseconds / 1000) + NTP_EPOCH) % 2 ** 32)
      return data
    }
    case 'Address': {
      const address = addressBytes(text)
      if (address !== undefined) return Buffer.concat([Buffer.from([0, isIP(text) === 4 ? 1 : 2]), address])
      return /^\d{1,15}$/.test(text) ? Buffer.concat([Buffer.from([0, 8]), Buffer.from(text)]) : undefined
    }
    case 'IPv4':
      return isIP(text) === 4 ? addressBytes(text) : undefined
    case 'IPv6':
      return isIP(text) === 6 ? addressBytes(text) : undefined
    default:
      return undefined
  }
}

function addressBytes(text: string): Buffer | undefined {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number))
  if (isIP(text) !== 6) return undefined
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  const bytes = Buffer.alloc(16)
  for (const [i, group] of groups.slice(0, 8).entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  return bytes
}
