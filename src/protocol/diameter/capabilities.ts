import { isIP } from 'node:net'
import { beginAnswer, type Identity } from './answers.ts'
import type { Dictionary } from './dictionary.ts'
import { Avp, CommandFlag, type DiameterMessage } from './message.ts'
import { encodeAvp } from './types.ts'
import { MessageWriter } from './writer.ts'

export type LocalCapabilities = Identity & {
  hostAddresses: readonly string[]
  vendorId: number
  productName: string
  firmwareRevision: number
}

/** The relay application: it is common to everybody. RFC 6733, 2.4. */
const RELAY = 0xffffffff

/** Whether a CER is taken, and the CEA for it. An accepted peer has an Origin-Host. Reference 07, 2.2; RFC 6733, 5.3. */
export function answerCapabilities(
  request: DiameterMessage,
  local: LocalCapabilities,
  dictionary: Dictionary,
): { accepted: boolean; answer: Buffer; originHost: string; originRealm: string } {
  const originHost = request.text(Avp.ORIGIN_HOST)
  const originRealm = request.text(Avp.ORIGIN_REALM)
  const resultCode = judge(request, originHost, originRealm, dictionary)
  const accepted = resultCode === 2001
  const writer = beginAnswer(new MessageWriter(1024), request, accepted ? 0 : CommandFlag.ERROR)
  writer
    .unsigned32(Avp.RESULT_CODE, resultCode)
    .text(Avp.ORIGIN_HOST, local.originHost)
    .text(Avp.ORIGIN_REALM, local.originRealm)
  for (const address of local.hostAddresses)
    if (isIP(address) !== 0) encodeAvp(writer, 'Address', Avp.HOST_IP_ADDRESS, 0, address)
  writer.unsigned32(Avp.VENDOR_ID, local.vendorId).text(Avp.PRODUCT_NAME, local.productName)
  const originState = request.unsigned32(Avp.ORIGIN_STATE_ID)
  if (originState !== undefined) writer.unsigned32(Avp.ORIGIN_STATE_ID, originState)
  if (accepted) writeApplications(writer, dictionary)
  writer.unsigned32(Avp.FIRMWARE_REVISION, local.firmwareRevision)
  return { accepted, answer: writer.finish(), originHost, originRealm }
}

function judge(request: DiameterMessage, originHost: string, originRealm: string, dictionary: Dictionary): number {
  if (originHost === '' || originRealm === '') return 5012
  const security = request.unsigned32(Avp.INBAND_SECURITY_ID)
  if (security !== undefined && security !== 0) return 5017
  return offeredApplications(request).some((id) => id === RELAY || dictionary.hasApplication(id)) ? 2001 : 5010
}

function offeredApplications(request: DiameterMessage): number[] {
  const isApplication = (code: number) => code === Avp.AUTH_APPLICATION_ID || code === Avp.ACCT_APPLICATION_ID
  return request.avps.flatMap((avp) => {
    const inner = avp.code === Avp.VENDOR_SPECIFIC_APPLICATION_ID ? request.group(avp) : [avp]
    return inner
      .filter(({ code, dataStart, dataEnd }) => isApplication(code) && dataEnd - dataStart === 4)
      .map(({ dataStart }) => request.bytes.readUInt32BE(dataStart))
  })
}

function writeApplications(writer: MessageWriter, dictionary: Dictionary): void {
  for (const { id, type, vendorId } of dictionary.applications) {
    const code = type === 'acct' ? Avp.ACCT_APPLICATION_ID : Avp.AUTH_APPLICATION_ID
    if (vendorId === 0) writer.unsigned32(code, id)
    else {
      writer.unsigned32(Avp.SUPPORTED_VENDOR_ID, vendorId).openGroup(Avp.VENDOR_SPECIFIC_APPLICATION_ID)
      writer.unsigned32(Avp.VENDOR_ID, vendorId).unsigned32(code, id).closeGroup()
    }
  }
}
