import type { DiameterClient } from '../protocol/diameter/client.ts'
import { Avp, Command, CommandFlag, type DiameterMessage } from '../protocol/diameter/message.ts'

const CREDIT_CONTROL = 4
const CC = {
  TOTAL_OCTETS: 421,
  GRANTED: 431,
  RATING_GROUP: 432,
  REQUESTED: 437,
  SUBSCRIPTION_ID: 443,
  SUBSCRIPTION_DATA: 444,
  USED: 446,
  SUBSCRIPTION_TYPE: 450,
  MSCC: 456,
  SERVICE_CONTEXT: 461,
} as const

/** What a packet gateway asks for one rating group. Undefined: the group is not there; requested without number: 'default'. */
export type GroupRequest = { ratingGroup: number; requested?: bigint | 'default'; used?: bigint }

export type GroupAnswer = {
  ratingGroup: number
  granted: bigint | undefined
  resultCode: number | undefined
  finalUnit: boolean
}
export type GyAnswer = { resultCode: number; groups: GroupAnswer[]; message: DiameterMessage }

export type GyRequest = {
  sessionId: string
  /** 1 initial, 2 update, 3 termination, 4 event. */
  type: number
  number: number
  account: string
  originHost: string
  groups: readonly GroupRequest[]
}

/** The bytes of a CCR as a packet gateway sends it. RFC 8506, 3.1. */
export function gyRequest(client: DiameterClient, request: GyRequest): Buffer {
  const writer = client.begin(Command.CREDIT_CONTROL, CREDIT_CONTROL)
  writer
    .text(Avp.SESSION_ID, request.sessionId)
    .text(Avp.ORIGIN_HOST, request.originHost)
    .text(Avp.ORIGIN_REALM, 'operator.example')
  writer.text(Avp.DESTINATION_REALM, 'tollgate.example').unsigned32(Avp.AUTH_APPLICATION_ID, CREDIT_CONTROL)
  writer
    .text(CC.SERVICE_CONTEXT, '32251@3gpp.org')
    .unsigned32(Avp.CC_REQUEST_TYPE, request.type)
    .unsigned32(Avp.CC_REQUEST_NUMBER, request.number)
  writer
    .openGroup(CC.SUBSCRIPTION_ID)
    .unsigned32(CC.SUBSCRIPTION_TYPE, 0)
    .text(CC.SUBSCRIPTION_DATA, request.account)
    .closeGroup()
  for (const { ratingGroup, requested, used } of request.groups) {
    writer.openGroup(CC.MSCC)
    if (requested !== undefined) {
      writer.openGroup(CC.REQUESTED)
      if (requested !== 'default') writer.unsigned64(CC.TOTAL_OCTETS, requested)
      writer.closeGroup()
    }
    if (used !== undefined) writer.openGroup(CC.USED).unsigned64(CC.TOTAL_OCTETS, used).closeGroup()
    writer.unsigned32(CC.RATING_GROUP, ratingGroup).closeGroup()
  }
  return writer.finish()
}

/** A copy of a request as it is sent again: T is set, the Hop-by-Hop id is new. RFC 6733, 3. */
export function retransmission(request: Buffer, hopByHopId: number): Buffer {
  const copy = Buffer.from(request)
  copy[4] = (copy[4] ?? 0) | CommandFlag.RETRANSMITTED
  copy.writeUInt32BE(hopByHopId, 12)
  return copy
}

/** Reads a CCA. */
export function readGyAnswer(message: DiameterMessage): GyAnswer {
  const groups = message.avps
    .filter(({ code }) => code === CC.MSCC)
    .map((mscc): GroupAnswer => {
      const members = message.group(mscc)
      const number = (code: number) => {
        const avp = members.find((member) => member.code === code)
        return avp === undefined ? undefined : message.bytes.readUInt32BE(avp.dataStart)
      }
      const grant = members.find(({ code }) => code === CC.GRANTED)
      const octets = grant && message.group(grant).find(({ code }) => code === CC.TOTAL_OCTETS)
      return {
        ratingGroup: number(CC.RATING_GROUP) ?? -1,
        granted: octets && message.bytes.readBigUInt64BE(octets.dataStart),
        resultCode: number(Avp.RESULT_CODE),
        finalUnit: members.some(({ code }) => code === 430),
      }
    })
  return { resultCode: message.unsigned32(Avp.RESULT_CODE) ?? 0, groups, message }
}
