import type { AttributeDefinition, RadiusDictionary } from './dictionary.ts'
import type { RadiusPacket } from './packet.ts'
import { type ReceivedAttribute, receivedAttributes } from './received-attributes.ts'
import { decodeValue, type Hiding } from './values.ts'

/** A packet that came from a client, read with its dictionary and secret. Attributes are taken apart when the first is asked for. */
export class RadiusMessage {
  readonly packet: RadiusPacket
  readonly hiding: Hiding
  readonly #dictionary: RadiusDictionary
  #attributes: readonly ReceivedAttribute[] | undefined

  constructor(packet: RadiusPacket, dictionary: RadiusDictionary, secret: Buffer) {
    this.packet = packet
    this.hiding = { secret, authenticator: packet.authenticator }
    this.#dictionary = dictionary
  }

  get attributes(): readonly ReceivedAttribute[] {
    this.#attributes ??= receivedAttributes(this.packet, this.#dictionary)
    return this.#attributes
  }

  /** The value of an attribute: the n-th that there is, from the end when negative. Undefined: there is none, or it cannot be read. */
  read({ key }: AttributeDefinition, index: number): string | Buffer | undefined {
    let left = index
    if (index < 0) left += this.attributes.filter((each) => each.definition?.key === key).length
    for (const attribute of this.attributes) {
      if (attribute.definition?.key === key && left-- === 0) return this.value(attribute)
    }
    return undefined
  }

  /** The value of one of its attributes; octets for one that no dictionary has. */
  value({ definition, value }: ReceivedAttribute): string | Buffer | undefined {
    return definition === undefined ? value : decodeValue(definition, value, this.hiding)
  }
}
