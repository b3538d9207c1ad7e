import type { RadiusDictionary } from './dictionary.ts'
import { AttributeType, type PacketFault, type RadiusPacket } from './packet.ts'
import { receivedAttributes } from './received-attributes.ts'
import { isNumber, leastSize } from './types.ts'

const SMALLEST_CHAP_PASSWORD = 17
/** Vendor-Specific: the vendor and at least one octet. RFC 2865, 5.26. */
const SMALLEST_VENDOR_SPECIFIC = 5

/** The first attribute for which a packet is not answered. Reference 07, 3.2, rule 1. */
export function packetFault(packet: RadiusPacket, dictionary: RadiusDictionary): PacketFault | undefined {
  for (const { type, value, at } of packet.attributes) {
    const reason = attributeFault(type, value)
    if (reason !== undefined) return { at, reason }
  }
  for (const { definition, value, at } of receivedAttributes(packet, dictionary)) {
    if (definition === undefined || definition.encryption !== 0) continue
    const isShort =
      (isNumber(definition.type) || definition.type === 'ipaddr') && value.length < leastSize(definition.type)
    if (isShort) return { at, reason: `${definition.name} of type ${definition.type} has ${value.length} octets` }
  }
  return undefined
}

function attributeFault(type: number, { length }: Buffer): string | undefined {
  if (length === 0) return `attribute ${type} has no value`
  switch (type) {
    case AttributeType.USER_PASSWORD:
      return length % 16 === 0 && length <= 128
        ? undefined
        : `User-Password of ${length} octets, expected a multiple of 16 up to 128`
    case AttributeType.CHAP_PASSWORD:
      return length < SMALLEST_CHAP_PASSWORD
        ? `CHAP-Password of ${length} octets, expected ${SMALLEST_CHAP_PASSWORD}`
        : undefined
    case AttributeType.VENDOR_SPECIFIC:
      return length < SMALLEST_VENDOR_SPECIFIC
        ? `Vendor-Specific of ${length} octets, expected at least ${SMALLEST_VENDOR_SPECIFIC}`
        : undefined
    default:
      return undefined
  }
}
