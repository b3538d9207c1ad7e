import { InvalidText } from '../../core/errors.ts'
import { octetText, textOctets } from '../../core/octet-text.ts'
import type { AttributeDefinition } from './dictionary.ts'
import { ascendSecret, hidePassword, hideSalted, revealPassword, revealSalted } from './hidden-values.ts'
import { decodeData, encodeData, isNumber, numberSize } from './types.ts'

/** What hides values: the secret of the client, and the Request Authenticator. */
export type Hiding = { secret: Buffer; authenticator: Buffer }

/** The largest tag; a first octet above it belongs to the value. RFC 2868, 3.1. */
const LAST_TAG = 0x1f

/**
 * Text of an attribute's value: in clear where it came hidden, by its name where a number has one, `:tag:value` where it has a tag.
 * Octets stay octets. Undefined: it cannot be read. Reference 07, 3.3.
 */
export function decodeValue(
  definition: AttributeDefinition,
  octets: Buffer,
  hiding: Hiding,
): string | Buffer | undefined {
  const { tag, data } = untagged(definition, octets)
  const clear = revealed(definition, data, hiding)
  const value = clear === undefined ? undefined : namedValue(definition, clear)
  if (value === undefined || tag === 0) return value
  return `:${tag}:${typeof value === 'string' ? value : octetText(value)}`
}

/**
 * Octets of a text for an attribute. salt: 15 bits of chance, for values that are hidden with one. Throws InvalidText for a text that
 * is no value of its type.
 */
export function encodeValue(definition: AttributeDefinition, text: string, hiding: Hiding, salt: number): Buffer {
  const [, tagText, value = ''] = (definition.hasTag ? /^:(\d{1,2}):(.*)$/s.exec(text) : undefined) ?? ['', '0', text]
  const tag = Number(tagText)
  if (tag > LAST_TAG) throw new InvalidText(`attribute ${definition.name}: tag ${tag}, expected 0 to ${LAST_TAG}`)
  const clear = encodeData(definition.type, definition.valueOfName.get(value) ?? value)
  const { size } = definition
  if (size !== undefined && clear.length !== size)
    throw new InvalidText(`attribute ${definition.name}: ${clear.length} octets, expected ${size}`)
  return tagged(definition, tag, hidden(definition, clear, hiding, salt))
}

function namedValue({ type, nameOfValue }: AttributeDefinition, data: Buffer): string | Buffer | undefined {
  const value = decodeData(type, data)
  return typeof value === 'string' && nameOfValue.size > 0 && isNumber(type) ? (nameOfValue.get(value) ?? value) : value
}

function untagged({ hasTag, type, encryption }: AttributeDefinition, octets: Buffer): { tag: number; data: Buffer } {
  const tag = octets[0] ?? 0
  if (!hasTag) return { tag: 0, data: octets }
  // The tag takes the first octet of a whole number. RFC 2868, 3.1.
  if (numberSize(type) === 4 && octets.length >= 4)
    return { tag, data: Buffer.concat([Buffer.from([0]), octets.subarray(1)]) }
  return tag <= LAST_TAG || encryption === 2 ? { tag, data: octets.subarray(1) } : { tag: 0, data: octets }
}

function tagged({ hasTag, type, encryption, name }: AttributeDefinition, tag: number, data: Buffer): Buffer {
  if (!hasTag) return data
  if (numberSize(type) === 4) {
    if (data[0] !== 0) throw new InvalidText(`attribute ${name}: beside its tag a number has 24 bits`)
    return Buffer.concat([Buffer.from([tag]), data.subarray(1)])
  }
  return tag === 0 && encryption !== 2 && (data[0] ?? 0) > LAST_TAG ? data : Buffer.concat([Buffer.from([tag]), data])
}

function revealed(
  { encryption }: AttributeDefinition,
  data: Buffer,
  { secret, authenticator }: Hiding,
): Buffer | undefined {
  switch (encryption) {
    case 0:
      return data
    case 1:
      return data.length > 0 && data.length % 16 === 0 ? revealPassword(data, secret, authenticator) : undefined
    case 2:
      return revealSalted(data, secret, authenticator)
    case 3:
      return data.length === 16 ? ascendSecret(data, secret, authenticator) : undefined
  }
}

const LONGEST_PASSWORD = 128
const LONGEST_SALTED = 239

function hidden(
  { encryption, name }: AttributeDefinition,
  clear: Buffer,
  { secret, authenticator }: Hiding,
  salt: number,
): Buffer {
  const within = (most: number) => {
    if (clear.length > most) throw new InvalidText(`attribute ${name}: ${clear.length} octets to hide, at most ${most}`)
    return clear
  }
  switch (encryption) {
    case 0:
      return clear
    case 1:
      return hidePassword(within(LONGEST_PASSWORD), secret, authenticator)
    case 2:
      return hideSalted(within(LONGEST_SALTED), secret, authenticator, salt)
    case 3:
      return ascendSecret(within(16), secret, authenticator)
  }
}

/** The secret of a client as octets. */
export function secretOctets(secret: string): Buffer {
  return textOctets(secret)
}
