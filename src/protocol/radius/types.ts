import { InvalidText } from '../../core/errors.ts'
import { octetText, textOctets } from '../../core/octet-text.ts'
import { formatTimeSeconds, parseTime, ZERO_TIME } from '../../core/time.ts'
import { decodeIpv4, decodeIpv6, encodeIpv4, encodeIpv6 } from '../ip-address.ts'

/** Data types of dictionaries. Reference 07, 3.3; RFC 8044. */
export const RADIUS_TYPES = [
  'string',
  'octets',
  'integer',
  'ipaddr',
  'time',
  'date',
  'ipv6addr',
  'ipv6prefix',
  'ipv4prefix',
  'ifid',
  'ether',
  'integer64',
  'short',
  'byte',
  'signed',
  'bool',
  'combo-ip',
  'abinary',
  'tlv',
  'vsa',
  'extended',
  'long-extended',
  'evs',
] as const
export type RadiusType = (typeof RADIUS_TYPES)[number]

/** Other names of types. */
export const TYPE_ALIASES: ReadonlyMap<string, RadiusType> = new Map([
  ['text', 'string'],
  ['address', 'ipaddr'],
  ['uint8', 'byte'],
  ['uint16', 'short'],
  ['uint32', 'integer'],
  ['uint64', 'integer64'],
  ['int32', 'signed'],
])

/** Octets of whole numbers, and whether the first bit is a sign. */
const NUMBERS: Readonly<Partial<Record<RadiusType, { size: number; signed: boolean }>>> = {
  byte: { size: 1, signed: false },
  bool: { size: 1, signed: false },
  short: { size: 2, signed: false },
  integer: { size: 4, signed: false },
  signed: { size: 4, signed: true },
  time: { size: 4, signed: false },
  date: { size: 4, signed: false },
  integer64: { size: 8, signed: false },
}

/** Octets that a value of the type has at least; what is there beyond is cut. */
const LEAST: Readonly<Partial<Record<RadiusType, number>>> = {
  ipaddr: 4,
  'combo-ip': 4,
  ipv6addr: 16,
  ipv6prefix: 2,
  ipv4prefix: 6,
  ifid: 8,
  ether: 6,
}

export function leastSize(type: RadiusType): number {
  return NUMBERS[type]?.size ?? LEAST[type] ?? 1
}

/** Whether attributes of the type hold others, and so have no value of their own. */
export function isContainer(type: RadiusType): boolean {
  return type === 'tlv' || type === 'vsa' || type === 'extended' || type === 'long-extended' || type === 'evs'
}

/** Types whose values are whole numbers, which may have names. */
export function isNumber(type: RadiusType): boolean {
  return NUMBERS[type] !== undefined && type !== 'time' && type !== 'date'
}

/** Octets of a type that is a whole number. */
export function numberSize(type: RadiusType): number | undefined {
  return NUMBERS[type]?.size
}

/** A value as text; octets stay octets. Undefined: too short for its type, or the type has none. */
export function decodeData(type: RadiusType, data: Buffer): string | Buffer | undefined {
  if (data.length < leastSize(type)) return undefined
  const number = NUMBERS[type]
  if (number !== undefined) {
    const value = readNumber(data, number)
    if (type === 'bool') return value === 0n ? 'no' : 'yes'
    return type === 'time' || type === 'date' ? timeText(value) : String(value)
  }
  switch (type) {
    case 'string':
      return octetText(data)
    case 'octets':
    case 'abinary':
      return data
    case 'ipaddr':
      return decodeIpv4(data.subarray(0, 4))
    case 'ipv6addr':
      return decodeIpv6(data.subarray(0, 16))
    case 'combo-ip':
      return data.length < 16 ? decodeIpv4(data.subarray(0, 4)) : decodeIpv6(data.subarray(0, 16))
    case 'ipv6prefix':
      return prefixText(data, 16, decodeIpv6)
    case 'ipv4prefix':
      return prefixText(data, 4, decodeIpv4)
    case 'ifid':
      return groups(data.subarray(0, 8), 2)
    case 'ether':
      return groups(data.subarray(0, 6), 1)
    default:
      return undefined
  }
}

/** The octets of a text. Throws InvalidText for one that is none of the type. */
export function encodeData(type: RadiusType, text: string): Buffer {
  const number = NUMBERS[type]
  if (number !== undefined) {
    const value = numberOf(type, text)
    return writeNumber(value, number) ?? wrong(type, text)
  }
  switch (type) {
    case 'string':
    case 'octets':
    case 'abinary':
      return textOctets(text)
    case 'ipaddr':
      return encodeIpv4(text) ?? wrong(type, text)
    case 'ipv6addr':
      return encodeIpv6(text) ?? wrong(type, text)
    case 'combo-ip':
      return encodeIpv4(text) ?? encodeIpv6(text) ?? wrong(type, text)
    case 'ipv6prefix':
      return prefixOctets(text, encodeIpv6) ?? wrong(type, text)
    case 'ipv4prefix':
      return prefixOctets(text, encodeIpv4) ?? wrong(type, text)
    case 'ifid':
      return groupOctets(text, 4, 4) ?? wrong(type, text)
    case 'ether':
      return groupOctets(text, 6, 2) ?? wrong(type, text)
    default:
      return wrong(type, text)
  }
}

const BOOLS: ReadonlyMap<string, bigint> = new Map([
  ['yes', 1n],
  ['true', 1n],
  ['1', 1n],
  ['no', 0n],
  ['false', 0n],
  ['0', 0n],
])

function wrong(type: RadiusType, text: string): never {
  throw new InvalidText(`${JSON.stringify(text)} is no value of type ${type}`)
}

function numberOf(type: RadiusType, text: string): bigint {
  if (type === 'bool') return BOOLS.get(text) ?? wrong(type, text)
  return type === 'time' || type === 'date' ? secondsOf(text) : wholeNumber(text)
}

/** The text of the error is what RADIUS clients see. Reference 07, 3.2. */
function wholeNumber(text: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text))
    throw new InvalidText(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

function readNumber(data: Buffer, { size, signed }: { size: number; signed: boolean }): bigint {
  if (size === 8) return data.readBigUInt64BE(0)
  return BigInt(signed ? data.readIntBE(0, size) : data.readUIntBE(0, size))
}

/** Undefined: the number does not fit. */
function writeNumber(value: bigint, { size, signed }: { size: number; signed: boolean }): Buffer | undefined {
  const bits = BigInt(size * 8)
  const [least, most] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n]
  if (value < least || value > most) return undefined
  return Buffer.from(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, '0'),
    'hex',
  )
}

function timeText(seconds: bigint): string {
  return formatTimeSeconds({ ns: seconds * 1_000_000_000n, zone: 'UTC' })
}

/** Any time literal that names an instant by itself; UTC where it names no zone. */
function secondsOf(text: string): bigint {
  return parseTime(text, 'UTC', ZERO_TIME).ns / 1_000_000_000n
}

/** A reserved octet, the length of the prefix in bits, and as much of the address as is needed. RFC 3162, 2.3. */
function prefixText(data: Buffer, size: number, decode: (address: Buffer) => string | undefined): string | undefined {
  const bits = (data[1] ?? 0) & (size === 4 ? 0x3f : 0xff)
  const address = Buffer.alloc(size)
  data.copy(address, 0, 2)
  return bits > size * 8 ? undefined : `${decode(address)}/${bits}`
}

function prefixOctets(text: string, encode: (text: string) => Buffer | undefined): Buffer | undefined {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const octets = encode(address)
  const bits = Number(length)
  if (octets === undefined || bits > octets.length * 8) return undefined
  // RFC 3162 lets the address be cut behind the prefix; RFC 6572 wants all four octets.
  const kept = octets.length === 4 ? 4 : Math.ceil(bits / 8)
  const masked = octets.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))) & 0xff)
  return Buffer.concat([Buffer.from([0, bits]), masked.subarray(0, kept)])
}

function groups(data: Buffer, size: number): string {
  return (data.toString('hex').match(new RegExp(`.{${size * 2}}`, 'g')) ?? []).join(':')
}

function groupOctets(text: string, count: number, digits: number): Buffer | undefined {
  const parts = text.split(':')
  if (parts.length !== count || !parts.every((part) => /^[\da-f]+$/i.test(part) && part.length <= digits))
    return undefined
  return Buffer.from(parts.map((part) => part.padStart(digits, '0')).join(''), 'hex')
}
