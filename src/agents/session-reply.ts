import { Decimal } from '../core/decimal.ts'
import type { ChargingEvent, EventFields, EventValue } from '../core/event.ts'
import type { SessionCall } from '../mapping/session-call.ts'
import { alteredFields } from '../services/attributes/caller.ts'

/** Arguments that ask for a usage. */
const ASKS_USAGE = ['GetMaxUsage', 'InitSession', 'UpdateSession', 'Debit']

/** Keys of a reply by the keys of `*cgrep`. */
const KEYS = {
  AllocatedIP: 'AllocatedIP',
  ResourceAllocation: 'ResourceAllocation',
  RouteProfiles: 'RouteProfiles',
  Thresholds: 'ThresholdIDs',
  StatQueues: 'StatQueueIDs',
  '*stirIdentity': 'STIRIdentity',
  Cost: 'Cost',
} as const

/** `*cgrep` after a session call that was answered. result: as it came over the wire. Reference 07, 1.5. */
export function apiReply({ method, arguments: asked }: SessionCall, result: unknown): EventFields {
  const given = isObject(result) ? result : {}
  const reply: EventFields = { Error: '' }
  const isByRun = method === 'SessionSv1.ProcessEvent'
  const { MaxUsage: usage, Attributes: attributes } = given
  if (isByRun) {
    if (isObject(usage)) reply['MaxUsage'] = mapped(usage, usageOf)
    if (isObject(attributes)) reply['Attributes'] = mapped(attributes, changedFields)
  } else {
    if (ASKS_USAGE.some((name) => asked[name] === true)) reply['MaxUsage'] = usageOf(usage)
    if (isObject(attributes)) reply['Attributes'] = changedFields(attributes)
  }
  for (const [key, name] of Object.entries(KEYS)) {
    const value = given[name]
    if (value !== undefined && value !== null) reply[key] = value
  }
  return reply
}

/** What was granted is what the CDR is about; what was refused is not charged again by it. Reference 07, 1.4. */
export function withUsage(
  event: ChargingEvent,
  granted: EventValue | undefined,
  error: EventValue | undefined,
): ChargingEvent {
  const refused = typeof error === 'string' && error.startsWith('RALS_ERROR')
  const usage = refused ? 0n : granted
  return usage === undefined ? event : { ...event, event: { ...event.event, Usage: usage } }
}

/** ns or plain units; 0 for none. */
function usageOf(value: EventValue | undefined): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  return value instanceof Decimal ? value.truncate() : 0n
}

/** The fields that attributes have changed, as they are now. */
function changedFields(value: EventValue | undefined): EventFields {
  if (!isObject(value)) return {}
  const { AlteredFields: names, Event: event } = value
  return Array.isArray(names) && isObject(event) ? alteredFields(names.map(String), event) : {}
}

function mapped(byRun: EventFields, map: (value: EventValue | undefined) => EventValue): EventFields {
  return Object.fromEntries(Object.entries(byRun).map(([run, value]) => [run, map(value)]))
}

function isObject(value: unknown): value is EventFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)
}
