import { InvalidText } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'
import { CommandFlag, DiameterMessage } from '../../protocol/diameter/message.ts'
import { decodeAvp, encodeAvp } from '../../protocol/diameter/types.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'

const CREDIT_CONTROL = { application: 4, command: 272 }

/**
 * A Diameter request from JSON: AVPs by name, groups as objects, repeated AVPs as lists, in the order of writing. `Command-Code`
 * and `Application-Id` name the command; without them it is a CCR. Throws InvalidText.
 */
export function messageOf(object: EventFields, dictionary: Dictionary): DiameterMessage {
  const { 'Command-Code': command, 'Application-Id': application, ...avps } = object
  const writer = new MessageWriter(1024)
  const applicationId = Number(application ?? CREDIT_CONTROL.application)
  writer.begin({
    flags: CommandFlag.REQUEST | CommandFlag.PROXIABLE,
    commandCode: Number(command ?? CREDIT_CONTROL.command),
    applicationId,
    hopByHopId: 1,
    endToEndId: 1,
  })
  writeAvps(avps, applicationId, dictionary, writer)
  return new DiameterMessage(writer.finish())
}

function writeAvps(avps: EventFields, applicationId: number, dictionary: Dictionary, writer: MessageWriter): void {
  for (const [name, value] of Object.entries(avps)) {
    const definition = dictionary.byName(applicationId, name)
    if (definition === undefined) throw new InvalidText(`AVP ${JSON.stringify(name)} is in no dictionary`)
    const { type, code, vendorId } = definition
    for (const each of (Array.isArray(value) ? value : [value]) as readonly EventValue[]) {
      if (type === 'Grouped') {
        if (each === null || typeof each !== 'object' || Array.isArray(each))
          throw new InvalidText(`AVP ${name} is a group: expected an object of its AVPs`)
        writer.openGroup(code, vendorId)
        writeAvps(each as EventFields, applicationId, dictionary, writer)
        writer.closeGroup()
      } else if (!encodeAvp(writer, type, code, vendorId, valueText(each))) {
        throw new InvalidText(`AVP ${name} of type ${type} cannot hold ${JSON.stringify(valueText(each))}`)
      }
    }
  }
}

/** AVPs as lines of text, groups indented below their name. */
export function avpLines(message: DiameterMessage, avps: readonly RawAvp[], dictionary: Dictionary): string[] {
  return avps.flatMap((avp) => {
    const definition = dictionary.byCode(message.applicationId, avp.code, avp.vendorId)
    const name = definition?.name ?? `${avp.code}${avp.vendorId === 0 ? '' : ` of vendor ${avp.vendorId}`}`
    if (definition?.type === 'Grouped')
      return [name, ...avpLines(message, message.group(avp), dictionary).map((line) => `  ${line}`)]
    const value = decodeAvp(definition?.type ?? 'OctetString', message.bytes, avp.dataStart, avp.dataEnd)
    const text = value instanceof Buffer ? `0x${value.toString('hex')}` : String(value ?? '')
    return [`${name} ${text}`]
  })
}
