import { Decimal } from '../../core/decimal.ts'
import type { EventValue } from '../../core/event.ts'
import { formatTime } from '../../core/time.ts'
import { decodeGoTime } from '../../protocol/gob/go-time.ts'
import { GobError } from '../../protocol/gob/gob-error.ts'
import type { GobConcrete, GobInterface, GobType } from '../../protocol/gob/types.ts'

/**
 * Values of events and of free-form maps: read whatever the type is that the client gives them, written under the names that Go
 * clients of the reference register. A time.Duration is a bigint, a time RFC 3339, octets base64. Reference 01, 7.5.
 */
export const EVENT_VALUE: GobInterface = {
  kind: 'interface',
  name: 'interface {}',
  reader: {
    named: (name, value) => (name === 'time.Duration' ? BigInt(value as number | bigint) : value),
    float(value) {
      if (Number.isFinite(value)) return value
      throw new GobError(`${value} is no value of an event`)
    },
    bytes: (value) => value.toString('base64'),
    complex: (real, imaginary) => `(${real}${imaginary < 0 ? '' : '+'}${imaginary}i)`,
    marshaled(type, form, data) {
      if (form === 'text') return data.toString('utf8')
      return type === 'Time' ? formatTime(decodeGoTime(data)) : data.toString('base64')
    },
  },
  write: (value) => concreteOf(value as EventValue),
}

const TEXT: GobType = { kind: 'string', name: 'string', read: (wire) => wire, write: (value) => value as string }
const BOOLEAN: GobType = { kind: 'bool', name: 'bool', read: (wire) => wire, write: (value) => value as boolean }
const NUMBER: GobType = { kind: 'float', name: 'float64', read: (wire) => wire, write: Number }
const DURATION: GobType = {
  kind: 'int',
  name: 'time.Duration',
  read: (wire) => wire,
  write: (value) => value as bigint,
}
const LIST: GobType = { kind: 'slice', name: '[]interface {}', of: EVENT_VALUE }
const MAP: GobType = { kind: 'map', name: 'map[string]interface {}', of: EVENT_VALUE }

function concreteOf(value: EventValue): GobConcrete | null {
  const type = typeOf(value)
  return type === undefined ? null : { name: type.name, type, value }
}

/** undefined: nil. */
function typeOf(value: EventValue | undefined): GobType | undefined {
  switch (typeof value) {
    case 'string':
      return TEXT
    case 'boolean':
      return BOOLEAN
    case 'number':
      return NUMBER
    case 'bigint':
      return DURATION
    case 'undefined':
      return undefined
    default:
      if (value === null) return undefined
      if (value instanceof Decimal) return NUMBER
      return Array.isArray(value) ? LIST : MAP
  }
}
