import { isIP } from 'node:net'
import type { EventValue } from '../../core/event.ts'
import { octetLength, textOctets } from '../../core/octet-text.ts'
import { jsonOf, textOf } from '../context.ts'
import type { ConverterTable } from '../converters.ts'
import { Duration, type Found, Instant } from '../value.ts'

/** Converters of texts and octets. Reference 02, 4. */
export const TEXT_CONVERTERS: ConverterTable = {
  '*len': { exact: true, raw: true, make: () => lengthOf },
  '*slice': { exact: true, raw: true, make: () => sliceOf },
  '*json': { exact: true, raw: true, make: () => json },
  '*string2hex': { exact: true, raw: true, make: () => (value) => hexOf(bytesOf(value)) },
  '*ip2hex': { exact: true, make: () => addressHex },
}

/** The octets of a value's text. */
export function bytesOf(value: Found): Buffer {
  return value instanceof Buffer ? value : textOctets(textOf(value))
}

function lengthOf(value: Found): number {
  if (Array.isArray(value)) return value.length
  return value instanceof Buffer ? value.length : octetLength(textOf(value))
}

function sliceOf(value: Found): Found {
  const text = textOf(value)
  if (!text.startsWith('[') || !text.endsWith(']')) return value
  try {
    return JSON.parse(text) as readonly EventValue[]
  } catch {
    return value
  }
}

function json(value: Found): string {
  if (value instanceof Duration) return String(value.ns)
  if (value instanceof Buffer || value instanceof Instant) return jsonOf(textOf(value))
  return jsonOf(value as EventValue)
}

function hexOf(bytes: Buffer): string {
  return bytes.length === 0 ? '' : `0x${bytes.toString('hex')}`
}

/** The last four octets of an address; empty when it is none. */
function addressHex(value: Found): string {
  const text = textOf(value)
  const kind = isIP(text)
  if (kind === 0) return ''
  if (kind === 4 || text.includes('.'))
    return hexOf(
      Buffer.from(
        text
          .slice(text.lastIndexOf(':') + 1)
          .split('.')
          .map(Number),
      ),
    )
  const [head = '', tail] = text.replace(/%.*/, '').split('::')
  const right = (tail ?? head).split(':').filter((group) => group !== '')
  const missing = 2 - right.length
  const groups = [...(tail === undefined ? [] : Array<string>(Math.max(missing, 0)).fill('0')), ...right].slice(-2)
  // `x::` leaves nothing on the right: what is there are zeros.
  const padded = groups.map((group) => group.padStart(4, '0')).join('')
  return hexOf(Buffer.from(padded.padStart(8, '0'), 'hex'))
}
