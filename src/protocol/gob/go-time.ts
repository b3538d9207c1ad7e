import { offsetSeconds, ZERO_TIME, type ZonedTime } from '../../core/time.ts'
import { GobError } from './gob-error.ts'

const SECOND = 1_000_000_000n
/** Seconds from year 1 to 1970. */
const UNIX_TO_GO = 62_135_596_800n

/** The octets of a Go time.Time: version, seconds since year 1, nanoseconds, minutes (and seconds) east of UTC. Reference 01, 7.5. */
export function encodeGoTime(time: ZonedTime): Buffer {
  const seconds = floorDivide(time.ns, SECOND)
  const offset = time.zone === 'UTC' ? undefined : offsetSeconds(time)
  const rest = (offset ?? 0) % 60
  const data = Buffer.alloc(rest === 0 ? 15 : 16)
  data.writeUInt8(rest === 0 ? 1 : 2)
  data.writeBigInt64BE(seconds + UNIX_TO_GO, 1)
  data.writeInt32BE(Number(time.ns - seconds * SECOND), 9)
  data.writeInt16BE(offset === undefined ? -1 : Math.trunc(offset / 60), 13)
  if (rest !== 0) data.writeInt8(rest, 15)
  return data
}

/** As `encodeGoTime` writes it; an offset is told to the minute. Throws GobError. */
export function decodeGoTime(data: Buffer): ZonedTime {
  if (data.length === 0) throw new GobError('Time.UnmarshalBinary: no data')
  const version = data.readUInt8()
  if (version !== 1 && version !== 2) throw new GobError('Time.UnmarshalBinary: unsupported version')
  if (data.length !== 14 + version) throw new GobError('Time.UnmarshalBinary: invalid length')
  const seconds = data.readBigInt64BE(1) - UNIX_TO_GO
  const nanoseconds = data.readInt32BE(9)
  if (nanoseconds < 0 || nanoseconds >= 1e9) throw new GobError('Time.UnmarshalBinary: nanoseconds out of range')
  const ns = seconds * SECOND + BigInt(nanoseconds)
  if (ns < ZERO_TIME.ns || ns > MAX_NS) throw new GobError('Time.UnmarshalBinary: year out of range')
  return { ns, zone: zoneOf(data.readInt16BE(13)) }
}

/** 9999-12-31T23:59:59.999999999Z: what RFC 3339 can write. */
const MAX_NS = 253_402_300_800n * SECOND - 1n

function zoneOf(minutes: number): string {
  if (minutes === -1 || minutes === 0 || Math.abs(minutes) >= 24 * 60) return 'UTC'
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}
