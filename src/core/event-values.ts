import { hash } from 'node:crypto'
import { Decimal } from './decimal.ts'
import { parseDuration } from './duration.ts'
import { InvalidText } from './errors.ts'
import type { EventFields, EventValue } from './event.ts'

/** A field as text; absent and null are empty, objects are JSON. Reference 05, 1.4. */
export function fieldText(fields: EventFields, name: string): string {
  return valueText(fields[name])
}

export function valueText(value: EventValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'undefined':
      return ''
    case 'number':
      return Decimal.ofNumber(value).toString()
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value === null) return ''
      return value instanceof Decimal ? value.toString() : eventJson(value)
  }
}

/** A field as usage (ns or plain units), undefined when it is absent. Throws InvalidText with the client's text. */
export function fieldUsage(fields: EventFields, name: string): bigint | undefined {
  const value = fields[name]
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'bigint':
      return value
    case 'number':
      return BigInt(Math.trunc(value))
    case 'string':
      return parseDuration(value)
    default:
      if (value instanceof Decimal) return value.truncate()
      throw new InvalidText(`cannot convert field: ${value === null ? '<nil>' : valueText(value)} to time.Duration`)
  }
}

/** The id of a session: the event's own CGRID, else the SHA-1 of OriginID and OriginHost. Reference 05, 1.3. */
export function cgrIdOf(fields: EventFields): string {
  return fieldText(fields, 'CGRID') || originHash(fieldText(fields, 'OriginID'), fieldText(fields, 'OriginHost'))
}

export function originHash(originId: string, originHost: string): string {
  return hash('sha1', originId + originHost)
}

/** JSON of event values: usage and amounts are numbers with all their digits. */
export function eventJson(value: EventValue): string {
  return JSON.stringify(jsonReady(value))
}

/** The value with every bigint made a JSON number; what holds none stays itself. */
function jsonReady(value: EventValue): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : JSON.rawJSON(String(value))
  }
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return value
  if (Array.isArray(value)) return value.map(jsonReady)
  let copy: Record<string, unknown> | undefined
  for (const name in value) {
    const member = (value as EventFields)[name]
    if (member === undefined || typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean')
      continue
    const ready = jsonReady(member)
    if (ready === member) continue
    copy ??= { ...value }
    copy[name] = ready
  }
  return copy ?? value
}
