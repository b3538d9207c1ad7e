import { InvalidText } from '../../core/errors.ts'
import { isSigned, messageAuthenticator, packetAuthenticator } from './authenticators.ts'
import { AttributeType, HEADER_SIZE, MAX_PACKET_SIZE, type RadiusPacket } from './packet.ts'

const UNSIGNED_MESSAGE = Buffer.concat([Buffer.from([AttributeType.MESSAGE_AUTHENTICATOR, 18]), Buffer.alloc(16)])

/**
 * A reply to a request. attributes: whole, in order. withMessageAuthenticator: it goes first, as is right against forged replies.
 * Throws InvalidText for a packet of more than 4096 octets. RFC 2865, 3; RFC 3579, 3.2.
 */
export function encodeReply(
  code: number,
  { identifier, authenticator }: Pick<RadiusPacket, 'identifier' | 'authenticator'>,
  attributes: readonly Buffer[],
  secret: Buffer,
  withMessageAuthenticator: boolean,
): Buffer {
  return signed(code, identifier, authenticator, attributes, secret, withMessageAuthenticator, true)
}

/**
 * A request. authenticator: 16 octets of chance; those that are signed get one of their own. Throws as `encodeReply`.
 */
export function encodeRequest(
  code: number,
  identifier: number,
  authenticator: Buffer,
  attributes: readonly Buffer[],
  secret: Buffer,
  withMessageAuthenticator: boolean,
): Buffer {
  const inPlace = isSigned(code) ? Buffer.alloc(16) : authenticator
  return signed(code, identifier, inPlace, attributes, secret, withMessageAuthenticator, isSigned(code))
}

function signed(
  code: number,
  identifier: number,
  inPlace: Buffer,
  attributes: readonly Buffer[],
  secret: Buffer,
  withMessageAuthenticator: boolean,
  hasDigest: boolean,
): Buffer {
  const body = Buffer.concat(withMessageAuthenticator ? [UNSIGNED_MESSAGE, ...attributes] : attributes)
  const length = HEADER_SIZE + body.length
  if (length > MAX_PACKET_SIZE) throw new InvalidText(`a packet of ${length} octets, at most ${MAX_PACKET_SIZE}`)
  const packet = Buffer.concat([Buffer.from([code, identifier, length >> 8, length & 0xff]), inPlace, body])
  if (withMessageAuthenticator) messageAuthenticator(packet, HEADER_SIZE, inPlace, secret).copy(packet, HEADER_SIZE + 2)
  if (hasDigest) packetAuthenticator(packet, inPlace, secret).copy(packet, 4)
  return packet
}
