import { randomBytes } from 'node:crypto'
import { attributeAt } from '../../agents/radius/request-paths.ts'
import { InvalidText } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import { octetText } from '../../core/octet-text.ts'
import { attributeOctets } from '../../protocol/radius/attribute-octets.ts'
import type { RadiusDictionary } from '../../protocol/radius/dictionary.ts'
import { encodeRequest } from '../../protocol/radius/encode-packet.ts'
import type { RadiusMessage } from '../../protocol/radius/message.ts'
import { packetCodeOf } from '../../protocol/radius/packet.ts'
import { encodeValue } from '../../protocol/radius/values.ts'

/**
 * A request from JSON: attributes by name (`Vendor.Attr`), repeated ones as lists, in the order of writing. `Code` is its name
 * (`AccessRequest`); without it, it is an AccountingRequest. Throws InvalidText.
 */
export function radiusRequestOf(object: EventFields, dictionary: RadiusDictionary, secret: Buffer): Buffer {
  const { Code: code = 'AccountingRequest', ...attributes } = object
  const number = packetCodeOf(valueText(code))
  if (number === undefined) throw new InvalidText(`unsupported packet code name: <${valueText(code)}>`)
  const hiding = { secret, authenticator: randomBytes(16) }
  const octets = Object.entries(attributes).flatMap(([name, value]) => {
    const definition = attributeAt(dictionary, name)
    if (definition === undefined) throw new InvalidText(`attribute ${JSON.stringify(name)} is in no dictionary`)
    return ((Array.isArray(value) ? value : [value]) as readonly EventValue[]).map((each) =>
      attributeOctets(definition, encodeValue(definition, valueText(each), hiding, 1), dictionary),
    )
  })
  return encodeRequest(number, 1, hiding.authenticator, octets, secret, false)
}

/** What a packet says, one attribute a line. */
export function attributeLines(message: RadiusMessage): string[] {
  return message.attributes.map((attribute) => {
    const { definition, numbers } = attribute
    const name =
      definition === undefined
        ? numbers.join('.')
        : `${definition.vendor === undefined ? '' : `${definition.vendor.name}.`}${definition.name}`
    const value = message.value(attribute)
    if (value === undefined) return `${name} cannot be read: 0x${attribute.value.toString('hex')}`
    // The zeros that fill a password are told apart from what is in it.
    if (typeof value === 'string') return `${name} ${hasControl(value) ? JSON.stringify(value) : value}`
    const text = octetText(value)
    // Octets that are plain text are shown as such.
    return `${name} ${/^[ -~]+$/.test(text) ? text : `0x${value.toString('hex')}`}`
  })
}

function hasControl(text: string): boolean {
  return [...text].some((char) => char < ' ')
}
