import { AvpFlag, type RawAvp } from './avp.ts'
import { type AvpDefinition, avpKey, type CommandDefinition, type Dictionary } from './dictionary.ts'
import { CommandFlag, type DiameterMessage } from './message.ts'

export type Fault = { resultCode: number; message: string; failedAvp?: Buffer }

/**
 * What is wrong with a request, undefined when nothing is. Lenient where a peer that works with CGRateS would break: unknown
 * AVPs, missing AVPs that no template reads and enumerations out of range pass. Reference 07, 2.11; RFC 6733, 7.1.
 */
export function validateRequest(message: DiameterMessage, dictionary: Dictionary): Fault | undefined {
  const { applicationId, commandCode, flags } = message
  if ((flags & CommandFlag.ERROR) !== 0) return { resultCode: 3008, message: 'a request with the E bit' }
  if ((flags & CommandFlag.RESERVED) !== 0)
    return { resultCode: 5013, message: 'reserved bits of the command flags are set' }
  if (!dictionary.hasApplication(applicationId))
    return { resultCode: 3007, message: `application ${applicationId} is not supported` }
  const command = dictionary.command(applicationId, commandCode)
  if (command === undefined) return { resultCode: 3001, message: `command ${commandCode} is not supported` }
  return (
    checkAvps(message, message.avps, dictionary.avpsOf(applicationId)) ??
    checkDamage(message) ??
    checkCounts(message, command, dictionary)
  )
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

const FIXED_LENGTH: Readonly<Record<string, number>> = {
  Unsigned32: 4,
  Integer32: 4,
  Enumerated: 4,
  Float32: 4,
  Time: 4,
  Unsigned64: 8,
  Integer64: 8,
  Float64: 8,
}

function checkAvps(
  message: DiameterMessage,
  avps: readonly RawAvp[],
  definitions: ReadonlyMap<number, AvpDefinition>,
  depth = 0,
): Fault | undefined {
  for (const avp of avps) {
    const definition = definitions.get(avpKey(avp.code, avp.vendorId))
    if (definition === undefined) continue
    const fault = checkAvp(message, avp, definition)
    if (fault !== undefined) return fault
    if (definition.type !== 'Grouped') continue
    if (depth >= MAX_DEPTH) return { resultCode: 5014, message: `AVPs are nested deeper than ${MAX_DEPTH}` }
    const members = message.group(avp)
    const end = members.at(-1)?.end ?? avp.dataStart
    if (end < avp.dataEnd) return wrongLength(message, avp, definition)
    const inner = checkAvps(message, members, definitions, depth + 1)
    if (inner !== undefined) return inner
  }
  return undefined
}

const MAX_DEPTH = 10

function checkAvp(message: DiameterMessage, avp: RawAvp, definition: AvpDefinition): Fault | undefined {
  if ((avp.flags & AvpFlag.RESERVED) !== 0) {
    return {
      resultCode: 3009,
      message: `AVP ${definition.name} has reserved flags set`,
      failedAvp: copyOf(message, avp),
    }
  }
  const expected = FIXED_LENGTH[definition.type]
  return expected === undefined || avp.dataEnd - avp.dataStart === expected
    ? undefined
    : wrongLength(message, avp, definition)
}

function wrongLength(message: DiameterMessage, avp: RawAvp, { name, type }: AvpDefinition): Fault {
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
  const size = FIXED_LENGTH[type] ?? 0
  const headerSize = vendorId === 0 ? 8 : 12
  const bytes = Buffer.alloc(headerSize + size)
  bytes.writeUInt32BE(code, 0)
  bytes[4] = AvpFlag.MANDATORY | (vendorId === 0 ? 0 : AvpFlag.VENDOR)
  bytes.writeUIntBE(headerSize + size, 5, 3)
  if (vendorId !== 0) bytes.writeUInt32BE(vendorId, 8)
  return bytes
}
