import { createHmac } from 'node:crypto'
import { equalOctets, md5 } from './hidden-values.ts'
import { AttributeType, HEADER_SIZE, PacketCode, type RadiusPacket } from './packet.ts'

const NO_AUTHENTICATOR = Buffer.alloc(16)

/** Requests whose authenticator is made of their octets and the secret: in the others it is any number. RFC 2866, 3; RFC 5176, 2.3. */
export function isSigned(code: number): boolean {
  return (
    code === PacketCode.ACCOUNTING_REQUEST || code === PacketCode.DISCONNECT_REQUEST || code === PacketCode.COA_REQUEST
  )
}

/**
 * The authenticator of a packet: MD5 of it and the secret. inPlace: what stands where it goes: 16 zero octets for a request that is
 * signed, the Request Authenticator for a reply. RFC 2865, 3; RFC 2866, 3.
 */
export function packetAuthenticator(packet: Buffer, inPlace: Buffer, secret: Buffer): Buffer {
  return md5(packet.subarray(0, 4), inPlace, packet.subarray(HEADER_SIZE), secret)
}

/** Whether a signed request was signed with that secret; true for one that is not signed. */
export function isAuthentic({ code, bytes, authenticator }: RadiusPacket, secret: Buffer): boolean {
  return !isSigned(code) || equalOctets(packetAuthenticator(bytes, NO_AUTHENTICATOR, secret), authenticator)
}

/**
 * Whether the Message-Authenticator of a request is right; undefined when it has none. One that stands twice or has another length
 * than 16 is wrong. RFC 3579, 3.2; RFC 5176, 3.5.
 */
export function hasRightMessageAuthenticator(packet: RadiusPacket, secret: Buffer): boolean | undefined {
  const found = packet.attributes.filter(({ type }) => type === AttributeType.MESSAGE_AUTHENTICATOR)
  const [attribute] = found
  if (attribute === undefined) return undefined
  if (found.length > 1 || attribute.value.length !== 16) return false
  const inPlace = isSigned(packet.code) ? NO_AUTHENTICATOR : packet.authenticator
  return equalOctets(messageAuthenticator(packet.bytes, attribute.at, inPlace, secret), attribute.value)
}

/** HMAC-MD5 over a packet whose Message-Authenticator, at that octet, counts as zeros. inPlace: as of `packetAuthenticator`. */
export function messageAuthenticator(packet: Buffer, at: number, inPlace: Buffer, secret: Buffer): Buffer {
  return createHmac('md5', secret)
    .update(packet.subarray(0, 4))
    .update(inPlace)
    .update(packet.subarray(HEADER_SIZE, at + 2))
    .update(NO_AUTHENTICATOR)
    .update(packet.subarray(at + 18))
    .digest()
}
