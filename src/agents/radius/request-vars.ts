import type { EventFields } from '../../core/event.ts'
import type { RadiusDictionary } from '../../protocol/radius/dictionary.ts'
import type { RadiusMessage } from '../../protocol/radius/message.ts'
import { PacketCode, packetCodeName } from '../../protocol/radius/packet.ts'

/**
 * What `*vars` holds before the first processor. remote: `ip:port`. `*inputOctets` and `*outputOctets` are the octets of an
 * Accounting-Request with the 32 bits that its gigawords count. Reference 07, 3.2 and 3.5.
 */
export function radiusVars(
  message: RadiusMessage,
  dictionary: RadiusDictionary,
  nodeId: string,
  remote: string,
): EventFields {
  const { code } = message.packet
  const octets = {
    '*inputOctets': octetsOf(message, dictionary, 'Acct-Input'),
    '*outputOctets': octetsOf(message, dictionary, 'Acct-Output'),
  }
  return {
    RemoteHost: remote,
    '*radReqType': code === PacketCode.ACCOUNTING_REQUEST ? '*radAccount' : '*radAuth',
    '*radReqCode': packetCodeName(code) ?? String(code),
    node_id: nodeId,
    ...Object.fromEntries(Object.entries(octets).filter(([, count]) => count !== undefined)),
  }
}

function octetsOf(message: RadiusMessage, dictionary: RadiusDictionary, prefix: string): string | undefined {
  const read = (name: string) => {
    const definition = dictionary.byName(`${prefix}-${name}`)
    const text = definition && message.read(definition, 0)
    return typeof text === 'string' && /^\d+$/.test(text) ? BigInt(text) : undefined
  }
  const octets = read('Octets')
  return octets === undefined ? undefined : String(((read('Gigawords') ?? 0n) << 32n) + octets)
}
