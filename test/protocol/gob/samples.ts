import { formatTime, isZeroTime, parseTime, ZERO_TIME, type ZonedTime } from '../../../src/core/time.ts'
import { GobDecoder, type GobLimits, type GobRead } from '../../../src/protocol/gob/decoder.ts'
import { decodeGoTime, encodeGoTime } from '../../../src/protocol/gob/go-time.ts'
import { type DynamicReader, type GobInterface, type GobType, INT, TEXT } from '../../../src/protocol/gob/types.ts'

export { INT, TEXT }

const same = <T>(value: T): T => value

export const BOOL: GobType = { kind: 'bool', name: 'bool', read: same, write: (value) => value === true }
export const UINT: GobType = { kind: 'uint', name: 'uint', read: same, write: (value) => value as number | bigint }
export const FLOAT: GobType = { kind: 'float', name: 'float64', read: same, write: (value) => value as number }
export const BYTES: GobType = { kind: 'bytes', name: '[]uint8', read: same, write: (value) => value as Buffer }

/** Times as RFC 3339. */
export const TIME: GobType = {
  kind: 'marshaler',
  name: 'time.Time',
  form: 'gob',
  read: (data) => formatTime(decodeGoTime(data)),
  write: (value) => encodeGoTime(timeOf(value)),
  isZero: (value) => isZeroTime(timeOf(value)),
}

function timeOf(value: unknown): ZonedTime {
  return typeof value === 'string' ? parseTime(value, 'UTC', ZERO_TIME) : ZERO_TIME
}

/** Shows everything that was received: `{"<concrete type>": value}` for interfaces, hex for octets. */
const shown: DynamicReader = {
  float: same,
  named: (name, value) => ({ [name]: value }),
  bytes: (value) => value.toString('hex'),
  complex: (real, imaginary) => `${real}+${imaginary}i`,
  marshaled: (type, form, data) =>
    type === 'Time' ? formatTime(decodeGoTime(data)) : `${form} ${data.toString('hex')}`,
}

export const CONCRETE: Readonly<Record<string, GobType>> = {
  bool: BOOL,
  int: INT,
  float64: FLOAT,
  string: TEXT,
  '[]uint8': BYTES,
  'time.Time': TIME,
}

/** Interfaces: what is decoded is encoded again. */
export const ANY: GobInterface = {
  kind: 'interface',
  name: 'interface {}',
  reader: shown,
  write(value) {
    const [name = '', held] = Object.entries(value as Record<string, unknown>)[0] ?? []
    return { name, type: CONCRETE[name] ?? MAPS[name] ?? ANY, value: held }
  },
}

const MAPS: Readonly<Record<string, GobType>> = {
  'map[string]interface {}': { kind: 'map', name: 'map[string]interface {}', of: ANY },
  '[]interface {}': { kind: 'slice', name: '[]interface {}', of: ANY },
}

/** Bytes of hexadecimal digits; blanks are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex')
}

/** Everything that the bytes give, until they end or cannot be read. */
export function readAll(bytes: Uint8Array, type: GobType, limits?: GobLimits): GobRead[] {
  const decoder = new GobDecoder(limits)
  decoder.push(bytes)
  const found: GobRead[] = []
  for (;;) {
    const read = decoder.read(type)
    if (read.kind === 'incomplete') return found
    found.push(read)
    if (read.kind === 'error' && read.isFatal) return found
  }
}

/** The values in the bytes; an error is its text. */
export function valuesIn(bytes: Uint8Array, type: GobType): unknown[] {
  return readAll(bytes, type).map((read) =>
    read.kind === 'value' ? read.value : read.kind === 'error' ? read.error.message : read.kind,
  )
}
