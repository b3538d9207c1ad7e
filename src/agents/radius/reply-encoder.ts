import { InvalidText } from '../../core/errors.ts'
import { textOctets } from '../../core/octet-text.ts'
import type { ReplyEntry } from '../../mapping/context.ts'
import { MappingError } from '../../mapping/value.ts'
import { attributeOctets } from '../../protocol/radius/attribute-octets.ts'
import type { RadiusDictionary } from '../../protocol/radius/dictionary.ts'
import { encodeReply } from '../../protocol/radius/encode-packet.ts'
import type { RadiusMessage } from '../../protocol/radius/message.ts'
import { AttributeType, PacketCode, packetCodeOf } from '../../protocol/radius/packet.ts'
import { encodeValue } from '../../protocol/radius/values.ts'
import { attributeAt } from './request-paths.ts'

/** The entry that names the code of a reply: it is no attribute. */
const REPLY_CODE = '*radReplyCode'
/** A code that says that there is no reply, so that the client asks again. Reference 07, 3.5. */
const NO_REPLY = '*drop'

/** Codes of replies to each request that is answered: when all is well, and when a reply cannot be built. Reference 07, 3.2. */
const REPLIES: ReadonlyMap<number, { accept: number; refuse: number }> = new Map([
  [PacketCode.ACCESS_REQUEST, { accept: PacketCode.ACCESS_ACCEPT, refuse: PacketCode.ACCESS_REJECT }],
  [PacketCode.STATUS_SERVER, { accept: PacketCode.ACCESS_ACCEPT, refuse: PacketCode.ACCESS_REJECT }],
  [PacketCode.ACCOUNTING_REQUEST, { accept: PacketCode.ACCOUNTING_RESPONSE, refuse: PacketCode.ACCOUNTING_RESPONSE }],
])

/** Replies that have a Message-Authenticator, against forged ones. Reference 07, 3.7. */
const SIGNED: readonly number[] = [PacketCode.ACCESS_ACCEPT, PacketCode.ACCESS_REJECT, PacketCode.ACCESS_CHALLENGE]

/** Octets of a text attribute. */
const LONGEST_TEXT = 253

/** Writes the replies of clients that share a dictionary. Reference 07, 3.2 and 3.7. */
export class RadiusReplyEncoder {
  readonly #dictionary: RadiusDictionary
  readonly #newSalt: () => number

  /** newSalt: 15 bits of chance. */
  constructor(dictionary: RadiusDictionary, newSalt: () => number) {
    this.#dictionary = dictionary
    this.#newSalt = newSalt
  }

  /**
   * The reply to a request: `*rep` in its order, and its Proxy-States when the template has none. Undefined: the template drops it.
   * Throws MappingError for a code or attribute that there is not, InvalidText for a value that is none of its type or too long.
   */
  encode(message: RadiusMessage, entries: readonly ReplyEntry[]): Buffer | undefined {
    let code = REPLIES.get(message.packet.code)?.accept
    const attributes: Buffer[] = []
    let hasProxyState = false
    for (const { path, value } of entries) {
      if (path === REPLY_CODE) {
        if (value === NO_REPLY) return undefined
        code = packetCodeOf(value)
        if (code === undefined) throw new MappingError(`unsupported packet code name: <${value}>`)
        continue
      }
      const definition = attributeAt(this.#dictionary, path)
      if (definition === undefined) throw new MappingError(unknownAttribute(path))
      if (definition.key === String(AttributeType.PROXY_STATE)) hasProxyState = true
      const octets = encodeValue(definition, value, message.hiding, this.#newSalt())
      attributes.push(attributeOctets(definition, octets, this.#dictionary))
    }
    if (code === undefined) throw new MappingError(`there is no reply to packet code ${message.packet.code}`)
    if (!hasProxyState) attributes.push(...proxyStates(message))
    return encodeReply(code, message.packet, attributes, message.hiding.secret, SIGNED.includes(code))
  }

  /** The reply of a request that its templates cannot answer, with the reason; undefined: a request that is not answered at all. */
  refuse(message: RadiusMessage, reason: string): Buffer | undefined {
    const code = REPLIES.get(message.packet.code)?.refuse
    if (code === undefined) return undefined
    const text = textOctets(reason).subarray(0, LONGEST_TEXT)
    const attribute = Buffer.concat([Buffer.from([AttributeType.REPLY_MESSAGE, text.length + 2]), text])
    const attributes = [attribute, ...proxyStates(message)]
    return encodeReply(code, message.packet, attributes, message.hiding.secret, SIGNED.includes(code))
  }
}

/** Proxy-States go back unchanged and in their order. RFC 2865, 5.33. */
function proxyStates({ packet: { attributes, bytes } }: RadiusMessage): Buffer[] {
  return attributes
    .filter(({ type }) => type === AttributeType.PROXY_STATE)
    .map(({ at, value }) => bytes.subarray(at, at + 2 + value.length))
}

/** The text that CGRateS answers with. */
function unknownAttribute(path: string): string {
  const [vendor = '', name] = path.split('.')
  return name === undefined
    ? `DICTIONARY_NOT_FOUND, attributeName: <${vendor}>`
    : `DICTIONARY_NOT_FOUND, attributeName: <${name}>, vendorName: <${vendor}>`
}

/** Whether an error means that a reply cannot be built, and not that the program is wrong. */
export function isReplyFault(cause: unknown): cause is MappingError | InvalidText {
  return cause instanceof MappingError || cause instanceof InvalidText
}
