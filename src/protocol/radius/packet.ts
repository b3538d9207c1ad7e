/** Octets of a packet header, and of the largest packet. RFC 2865, 3. */
export const HEADER_SIZE = 20
export const MAX_PACKET_SIZE = 4096

/** Packet codes. RFC 2865, 3; RFC 2866, 3; RFC 5176, 2; RFC 5997, 2. */
export const PacketCode = {
  ACCESS_REQUEST: 1,
  ACCESS_ACCEPT: 2,
  ACCESS_REJECT: 3,
  ACCOUNTING_REQUEST: 4,
  ACCOUNTING_RESPONSE: 5,
  ACCESS_CHALLENGE: 11,
  STATUS_SERVER: 12,
  STATUS_CLIENT: 13,
  DISCONNECT_REQUEST: 40,
  DISCONNECT_ACK: 41,
  DISCONNECT_NAK: 42,
  COA_REQUEST: 43,
  COA_ACK: 44,
  COA_NAK: 45,
} as const

/** Attributes that a codec has to know. RFC 2865, 2869, 6929. */
export const AttributeType = {
  USER_PASSWORD: 2,
  CHAP_PASSWORD: 3,
  REPLY_MESSAGE: 18,
  VENDOR_SPECIFIC: 26,
  PROXY_STATE: 33,
  EAP_MESSAGE: 79,
  MESSAGE_AUTHENTICATOR: 80,
} as const

/** Codes by the name that templates know them by. Reference 07, 3.2. */
const CODE_NAMES: ReadonlyMap<number, string> = new Map([
  [PacketCode.ACCESS_REQUEST, 'AccessRequest'],
  [PacketCode.ACCESS_ACCEPT, 'AccessAccept'],
  [PacketCode.ACCESS_REJECT, 'AccessReject'],
  [PacketCode.ACCOUNTING_REQUEST, 'AccountingRequest'],
  [PacketCode.ACCOUNTING_RESPONSE, 'AccountingResponse'],
  [PacketCode.ACCESS_CHALLENGE, 'AccessChallenge'],
  [PacketCode.STATUS_SERVER, 'StatusServer'],
  [PacketCode.STATUS_CLIENT, 'StatusClient'],
  [PacketCode.DISCONNECT_REQUEST, 'DisconnectRequest'],
  [PacketCode.DISCONNECT_ACK, 'DisconnectACK'],
  [PacketCode.DISCONNECT_NAK, 'DisconnectNAK'],
  [PacketCode.COA_REQUEST, 'CoARequest'],
  [PacketCode.COA_ACK, 'CoAACK'],
  [PacketCode.COA_NAK, 'CoANAK'],
])
const CODES: ReadonlyMap<string, number> = new Map([...CODE_NAMES].map(([code, name]) => [name, code]))

/** `AccessRequest` of 1; undefined for a code that has no name. */
export function packetCodeName(code: number): string | undefined {
  return CODE_NAMES.get(code)
}

/** 1 of `AccessRequest`; undefined for a name of none. */
export function packetCodeOf(name: string): number | undefined {
  return CODES.get(name)
}

/** An attribute as it stands in a packet. at: octet of the packet where it begins; value: a view of the packet. */
export type RawAttribute = { type: number; value: Buffer; at: number }

export type RadiusPacket = {
  /** The octets that the Length field counts. */
  bytes: Buffer
  code: number
  identifier: number
  /** 16 octets. */
  authenticator: Buffer
  attributes: readonly RawAttribute[]
}

/** What is wrong with a packet, and at which octet. */
export type PacketFault = { at: number; reason: string }

export type DecodedPacket = { ok: true; packet: RadiusPacket } | { ok: false; fault: PacketFault }

/**
 * Cuts a datagram into header and attributes. Octets behind the Length field are padding and ignored. Copies nothing, never throws.
 * RFC 2865, 3 and 5.
 */
export function decodePacket(datagram: Buffer): DecodedPacket {
  if (datagram.length < HEADER_SIZE)
    return fault(datagram.length, `a packet of ${datagram.length} octets, its header has ${HEADER_SIZE}`)
  const length = datagram.readUInt16BE(2)
  if (length < HEADER_SIZE || length > MAX_PACKET_SIZE)
    return fault(2, `length ${length}, expected ${HEADER_SIZE} to ${MAX_PACKET_SIZE}`)
  if (length > datagram.length) return fault(2, `length ${length} of a packet of ${datagram.length} octets`)
  const bytes = datagram.subarray(0, length)
  const attributes: RawAttribute[] = []
  for (let at = HEADER_SIZE; at < length; ) {
    const type = bytes[at] ?? 0
    const size = bytes[at + 1] ?? 0
    if (size < 2) return fault(at, `attribute ${type} of length ${size}, expected at least 2`)
    if (at + size > length) return fault(at, `attribute ${type} of length ${size} where ${length - at} octets are left`)
    attributes.push({ type, value: bytes.subarray(at + 2, at + size), at })
    at += size
  }
  return {
    ok: true,
    packet: {
      bytes,
      code: bytes[0] ?? 0,
      identifier: bytes[1] ?? 0,
      authenticator: bytes.subarray(4, HEADER_SIZE),
      attributes,
    },
  }
}

function fault(at: number, reason: string): DecodedPacket {
  return { ok: false, fault: { at, reason } }
}
