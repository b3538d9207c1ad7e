import { crc32 } from 'node:zlib'
import type { Change, Table } from '../data-store.ts'

/*
 * One commit in the journal, numbers big-endian:
 *
 *   u32 length of the payload | u32 CRC-32 of the payload | payload
 *   payload: per change  u8 table | u32 version | u16 key length | u32 value length (0xffffffff: deleted) | key | value
 */
const HEADER = 8
const CHANGE_HEADER = 11
const DELETED = 0xffffffff
const TABLES: readonly Table[] = ['account', 'session', 'profile', 'answer', 'outbox', 'meta', 'cost', 'state']

/** Octets that `writeRecord` may need at most. */
export function recordBound(changes: readonly Change[]): number {
  let size = HEADER
  // A UTF-16 unit becomes three octets at most.
  for (const { key, value } of changes) size += CHANGE_HEADER + 3 * key.length + (value?.length ?? 0)
  return size
}

/** Writes one commit at `offset` and returns where it ends. Throws RangeError for a key of more than 65,535 octets. */
export function writeRecord(bytes: Buffer, offset: number, changes: readonly Change[]): number {
  let at = offset + HEADER
  for (const { table, key, value, version } of changes) {
    const keyLength = bytes.write(key, at + CHANGE_HEADER, 'utf8')
    const valueLength = value === undefined ? DELETED : value.copy(bytes, at + CHANGE_HEADER + keyLength)
    bytes[at] = TABLES.indexOf(table)
    bytes.writeUInt32BE(version, at + 1)
    bytes.writeUInt16BE(keyLength, at + 5)
    bytes.writeUInt32BE(valueLength, at + 7)
    at += CHANGE_HEADER + keyLength + (value === undefined ? 0 : valueLength)
  }
  bytes.writeUInt32BE(at - offset - HEADER, offset)
  bytes.writeUInt32BE(crc32(bytes.subarray(offset + HEADER, at)), offset + 4)
  return at
}

/** Reads the commit at `offset`; undefined when what lies there is no whole, undamaged record. */
export function readRecord(bytes: Buffer, offset: number): { changes: Change[]; end: number } | undefined {
  if (bytes.length - offset < HEADER) return undefined
  const length = bytes.readUInt32BE(offset)
  const start = offset + HEADER
  const end = start + length
  if (length === 0 || end > bytes.length) return undefined
  if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32BE(offset + 4)) return undefined
  const changes: Change[] = []
  for (let at = start; at < end; ) {
    const table = TABLES[bytes[at] ?? -1]
    if (table === undefined) return undefined
    const version = bytes.readUInt32BE(at + 1)
    const keyLength = bytes.readUInt16BE(at + 5)
    const valueLength = bytes.readUInt32BE(at + 7)
    const valueStart = at + CHANGE_HEADER + keyLength
    const key = bytes.toString('utf8', at + CHANGE_HEADER, valueStart)
    at = valueLength === DELETED ? valueStart : valueStart + valueLength
    changes.push({
      table,
      key,
      version,
      value: valueLength === DELETED ? undefined : bytes.subarray(valueStart, at),
    })
  }
  return { changes, end }
}
