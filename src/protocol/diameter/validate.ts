import type { Identity } from './answers.ts'
import { AvpFlag, type RawAvp } from './avp.ts'
import { type AvpDefinition, avpKey, type CommandDefinition, type Dictionary } from './dictionary.ts'
import { Avp, CommandFlag, type DiameterMessage } from './message.ts'
import { FIXED_SIZES } from './types.ts'

export type Fault = { resultCode: number; message: string; failedAvp?: Buffer }

/** strict: also what peers of CGRateS get away with. Reference 07, 2.11 (rows marked *). */
export type ValidationOptions = Identity & { strict: boolean }

/**
 * What is wrong with a request, undefined when nothing is. Lenient, unless `strict`, where a peer that works with CGRateS would
 * break: unknown AVPs, missing AVPs that no template reads and enumerations out of range pass. Reference 07, 2.11; RFC 6733, 7.1.
 */
export function validateRequest(
  message: DiameterMessage,
  dictionary: Dictionary,
  options: ValidationOptions,
): Fault | undefined {
  const { applicationId, commandCode, flags } = message
  if ((flags & CommandFlag.ERROR) !== 0) return { resultCode: 3008, message: 'a request with the E bit' }
  if ((flags & CommandFlag.RESERVED) !== 0)
    return { resultCode: 5013, message: 'reserved bits of the command flags are set' }
  if (!dictionary.hasApplication(applicationId))
    return { resultCode: 3007, message: `application ${applicationId} is not supported` }
  const command = dictionary.command(applicationId, commandCode)
  if (command === undefined) return { resultCode: 3001, message: `command ${commandCode} is not supported` }
  const definitions = dictionary.avpsOf(applicationId)
  return (
    checkAvps(message, message.avps, definitions, options.strict) ??
    checkDamage(message) ??
    checkCounts(message, command, dictionary) ??
    checkRoute(message, options) ??
    (options.strict ? checkRules(message, command, definitions) : undefined)
  )
}

/** Requests for somebody else, or that have been here before. RFC 6733, 6.1.3 and 6.1.7. */
function checkRoute(
  message: DiameterMessage,
  { originHost, originRealm, strict }: ValidationOptions,
): Fault | undefined {
  for (const avp of message.avps) {
    if (avp.vendorId !== 0 || avp.code < Avp.ROUTE_RECORD || avp.code > Avp.DESTINATION_HOST) continue
    const text = () => message.data(avp).toString('utf8')
    if (avp.code === Avp.ROUTE_RECORD && text() === originHost)
      return { resultCode: 3005, message: `Route-Record names ${originHost}: the request was here before` }
    if (!strict) continue
    if (avp.code === Avp.DESTINATION_HOST && text() !== originHost)
      return { resultCode: 3002, message: `Destination-Host ${text()} cannot be delivered to` }
    if (avp.code === Avp.DESTINATION_REALM && text() !== originRealm)
      return { resultCode: 3003, message: `Destination-Realm ${text()} is not served` }
  }
  return undefined
}

/** The command's own rules. */
function checkRules(
  message: DiameterMessage,
  { name, required, answerOnly }: CommandDefinition,
  definitions: ReadonlyMap<number, AvpDefinition>,
): Fault | undefined {
  for (const definition of required) {
    if (message.find(definition.code, definition.vendorId) !== undefined) continue
    return { resultCode: 5005, message: `AVP ${definition.name} is missing`, failedAvp: missingAvp(definition) }
  }
  for (const avp of message.avps) {
    const key = avpKey(avp.code, avp.vendorId)
    if (!answerOnly.has(key)) continue
    const avpName = definitions.get(key)?.name ?? ''
    return {
      resultCode: 5008,
      message: `AVP ${avpName} is not allowed in a ${name}-Request`,
      failedAvp: copyOf(message, avp),
    }
  }
  return undefined
}

function checkDamage(message: DiameterMessage): Fault | undefined {
  const { fault, bytes } = message
  if (fault === undefined) return undefined
  // The header with its data as zeroes: the octets after it cannot be trusted. RFC 6733, 7.5.
  const failedAvp = Buffer.alloc(8)
  bytes.copy(failedAvp, 0, fault.start, Math.min(fault.start + 5, bytes.length))
  failedAvp.writeUIntBE(8, 5, 3)
  failedAvp[4] = (failedAvp[4] ?? 0) & ~AvpFlag.VENDOR
  return { resultCode: fault.resultCode, message: `AVP at octet ${fault.start} has an impossible length`, failedAvp }
}

function checkAvps(
  message: DiameterMessage,
  avps: readonly RawAvp[],
  definitions: ReadonlyMap<number, AvpDefinition>,
  strict: boolean,
  depth = 0,
): Fault | undefined {
  for (const avp of avps) {
    const definition = definitions.get(avpKey(avp.code, avp.vendorId))
    if (definition === undefined) {
      if (!strict || (avp.flags & AvpFlag.MANDATORY) === 0) continue
      const failedAvp = copyOf(message, avp)
      return { resultCode: 5001, message: `AVP ${avp.code} of vendor ${avp.vendorId} is not known`, failedAvp }
    }
    const fault = checkAvp(message, avp, definition, strict)
    if (fault !== undefined) return fault
    if (definition.type !== 'Grouped') continue
    if (depth >= MAX_DEPTH) return { resultCode: 5014, message: `AVPs are nested deeper than ${MAX_DEPTH}` }
    const members = message.group(avp)
    const end = members.at(-1)?.end ?? avp.dataStart
    if (end < avp.dataEnd) return wrongLength(message, avp, definition.name, definition.type)
    const inner = checkAvps(message, members, definitions, strict, depth + 1)
    if (inner !== undefined) return inner
  }
  return undefined
}

const MAX_DEPTH = 10

function checkAvp(
  message: DiameterMessage,
  avp: RawAvp,
  { name, type, items }: AvpDefinition,
  strict: boolean,
): Fault | undefined {
  if ((avp.flags & AvpFlag.RESERVED) !== 0) {
    return { resultCode: 3009, message: `AVP ${name} has reserved flags set`, failedAvp: copyOf(message, avp) }
  }
  const expected = FIXED_SIZES[type]
  if (expected !== undefined && avp.dataEnd - avp.dataStart !== expected) return wrongLength(message, avp, name, type)
  if (!strict || items === undefined) return undefined
  const value = message.bytes.readInt32BE(avp.dataStart)
  if (items.has(value)) return undefined
  return { resultCode: 5004, message: `AVP ${name} has the value ${value}`, failedAvp: copyOf(message, avp) }
}

function wrongLength(message: DiameterMessage, avp: RawAvp, name: string, type: string): Fault {
  const length = avp.dataEnd - avp.dataStart
  return {
    resultCode: 5014,
    message: `AVP ${name} of type ${type} has ${length} octets of data`,
    failedAvp: copyOf(message, avp),
  }
}

function copyOf(message: DiameterMessage, avp: RawAvp): Buffer {
  return Buffer.from(message.bytes.subarray(avp.start, avp.dataEnd))
}

function checkCounts(
  message: DiameterMessage,
  { limits }: CommandDefinition,
  dictionary: Dictionary,
): Fault | undefined {
  const { avps } = message
  for (let i = 1; i < avps.length; i++) {
    const avp = avps[i]
    if (avp === undefined) break
    const max = limits.get(avpKey(avp.code, avp.vendorId))
    if (max === undefined) continue
    let before = 0
    for (let j = 0; j < i; j++) if (avps[j]?.code === avp.code && avps[j]?.vendorId === avp.vendorId) before++
    if (before < max) continue
    const name = dictionary.byCode(message.applicationId, avp.code, avp.vendorId)?.name ?? String(avp.code)
    return { resultCode: 5009, message: `AVP ${name} occurs more than ${max} time(s)`, failedAvp: copyOf(message, avp) }
  }
  return undefined
}

/** The AVP that a request lacks, as Failed-AVP shows it: its header with the shortest zero value. RFC 6733, 7.5. */
export function missingAvp({ code, vendorId, type }: AvpDefinition): Buffer {
  const size = FIXED_SIZES[type] ?? 0
  const headerSize = vendorId === 0 ? 8 : 12
  const bytes = Buffer.alloc(headerSize + size)
  bytes.writeUInt32BE(code, 0)
  bytes[4] = AvpFlag.MANDATORY | (vendorId === 0 ? 0 : AvpFlag.VENDOR)
  bytes.writeUIntBE(headerSize + size, 5, 3)
  if (vendorId !== 0) bytes.writeUInt32BE(vendorId, 8)
  return bytes
}
