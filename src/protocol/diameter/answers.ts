import { Avp, CommandFlag, type DiameterMessage } from './message.ts'
import { MessageWriter } from './writer.ts'

/** Who we are. */
export type Identity = { originHost: string; originRealm: string }

/** Begins the answer to a request: its command, application and ids. P is copied, T is cleared. RFC 6733, 6.2. */
export function beginAnswer(writer: MessageWriter, request: DiameterMessage, flags = 0): MessageWriter {
  const { commandCode, applicationId, hopByHopId, endToEndId } = request
  return writer.begin({
    flags: (request.flags & CommandFlag.PROXIABLE) | flags,
    commandCode,
    applicationId,
    hopByHopId,
    endToEndId,
  })
}

/**
 * The answer to a request that cannot be served: Session-Id first if there was one, the E bit only for protocol errors (3xxx),
 * Proxy-Info echoed. failedAvp: the offending AVP as it goes into Failed-AVP. RFC 6733, 7; reference 07, 2.11.
 */
export function errorAnswer(
  request: DiameterMessage,
  resultCode: number,
  identity: Identity,
  errorMessage: string,
  failedAvp?: Buffer,
): Buffer {
  const isProtocolError = resultCode >= 3000 && resultCode < 4000
  const writer = beginAnswer(new MessageWriter(256), request, isProtocolError ? CommandFlag.ERROR : 0)
  const sessionId = request.find(Avp.SESSION_ID)
  if (sessionId !== undefined) writer.octets(Avp.SESSION_ID, request.data(sessionId))
  writer.unsigned32(Avp.RESULT_CODE, resultCode)
  writer.text(Avp.ORIGIN_HOST, identity.originHost).text(Avp.ORIGIN_REALM, identity.originRealm)
  if (errorMessage !== '') writer.text(Avp.ERROR_MESSAGE, errorMessage)
  if (failedAvp !== undefined) writer.openGroup(Avp.FAILED_AVP).raw(failedAvp).closeGroup()
  echoProxyInfo(writer, request)
  return writer.finish()
}

/** Proxy-Info goes back unchanged and in order. RFC 6733, 6.2. */
export function echoProxyInfo(writer: MessageWriter, request: DiameterMessage): void {
  for (const avp of request.avps) {
    if (avp.code === Avp.PROXY_INFO && avp.vendorId === 0) writer.raw(request.bytes.subarray(avp.start, avp.dataEnd))
  }
}

/** A fresh copy of an answer for a request that was sent again: only the Hop-by-Hop id is the new one. */
export function readdressed(answer: Buffer, request: DiameterMessage): Buffer {
  const copy = Buffer.from(answer)
  copy.writeUInt32BE(request.hopByHopId, 12)
  return copy
}
