import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Dictionary, DictionaryError, readDictionaryFolder } from '../../../src/protocol/diameter/dictionary.ts'
import { DiameterMessage } from '../../../src/protocol/diameter/message.ts'
import { decodeAvp, encodeAvp } from '../../../src/protocol/diameter/types.ts'
import { MessageWriter } from '../../../src/protocol/diameter/writer.ts'
import { ROOT } from '../../support/gateway.ts'

const files = readDictionaryFolder(join(ROOT, 'dictionaries/diameter'))
const dictionary = new Dictionary(files)

/** RFC 6733 4.5, RFC 8506 8, TS 32.299 7.2, TS 29.061 16a. */
const KNOWN: readonly [name: string, code: number, vendorId: number, type: string][] = [
  ['Session-Id', 263, 0, 'UTF8String'],
  ['Origin-Host', 264, 0, 'DiameterIdentity'],
  ['Host-IP-Address', 257, 0, 'Address'],
  ['Failed-AVP', 279, 0, 'Grouped'],
  ['Event-Timestamp', 55, 0, 'Time'],
  ['CC-Request-Type', 416, 0, 'Enumerated'],
  ['CC-Total-Octets', 421, 0, 'Unsigned64'],
  ['Multiple-Services-Credit-Control', 456, 0, 'Grouped'],
  ['Final-Unit-Indication', 430, 0, 'Grouped'],
  ['Subscription-Id-Extension', 659, 0, 'Grouped'],
  ['QoS-Final-Unit-Indication', 669, 0, 'Grouped'],
  ['Service-Information', 873, 10415, 'Grouped'],
  ['PS-Information', 874, 10415, 'Grouped'],
  ['IMS-Information', 876, 10415, 'Grouped'],
  ['SMS-Information', 2000, 10415, 'Grouped'],
  ['Recipient-Address', 1201, 10415, 'Grouped'],
  ['Address-Data', 897, 10415, 'UTF8String'],
  ['Quota-Holding-Time', 871, 10415, 'Unsigned32'],
  ['Reporting-Reason', 872, 10415, 'Enumerated'],
  ['SGSN-Address', 1228, 10415, 'Address'],
  ['Node-Functionality', 862, 10415, 'Enumerated'],
  ['Calling-Party-Address', 831, 10415, 'UTF8String'],
  ['Change-Time', 2038, 10415, 'Time'],
  ['3GPP-User-Location-Info', 22, 10415, 'OctetString'],
  ['TGPP-User-Location-Info', 22, 10415, 'OctetString'],
]

t.test('the AVPs of credit control', async (t) => {
  for (const [name, code, vendorId, type] of KNOWN) {
    const found = dictionary.byName(4, name)
    t.match(found, { code, vendorId, type }, name)
    t.equal(dictionary.byCode(4, code, vendorId), found, `${name} by its code`)
  }
  t.equal(dictionary.byName(4, 'No-Such-AVP'), undefined)
  t.equal(dictionary.byCode(4, 421, 10415), undefined, 'a code belongs to its vendor')
  t.ok(dictionary.avpsOf(4).size > 400)
})

t.test('no dictionary defines a name or a code twice', async (t) => {
  for (const { path, text } of files) {
    const definitions = [...text.matchAll(/<avp name="([^"]+)" code="(\d+)"[^>]*?(?: vendor-id="(\d+)")?>/g)]
    const names = definitions.map(([, name]) => name)
    const codes = definitions.map(([, , code, vendorId]) => `${vendorId}:${code}`)
    t.equal(new Set(names).size, names.length, `${path}: names`)
    t.equal(new Set(codes).size, codes.length, `${path}: codes`)
  }
})

t.test('every AVP of a rule is defined', async (t) => {
  for (const { id } of [...dictionary.applications, { id: 0 }]) {
    for (const code of [257, 258, 272, 274, 275, 280, 282]) {
      const command = dictionary.command(id, code)
      for (const { name } of [...(command?.request ?? []), ...(command?.answer ?? [])])
        t.not(dictionary.byName(id, name), undefined, `${command?.name} of application ${id}: ${name}`)
    }
  }
})

const BAD: readonly [name: string, text: string, error: RegExp][] = [
  ['no XML', 'diameter', /x\.xml: no <diameter> element/],
  [
    'an unknown type',
    '<diameter><application id="4"><avp name="A" code="1"><data type="Unsigned16"/></avp></application></diameter>',
    /x\.xml: AVP A: Unsupported data type: Unsigned16/,
  ],
  [
    'no code',
    '<diameter><application id="4"><avp name="A"><data type="Unsigned32"/></avp></application></diameter>',
    /x\.xml: A: attribute code=undefined, expected a whole number/,
  ],
  [
    'an id that is none',
    '<diameter><application id="four"/></diameter>',
    /attribute id="four", expected a whole number/,
  ],
]

t.test('a wrong dictionary names its file and what is wrong', async (t) => {
  for (const [name, text, error] of BAD) t.throws(() => new Dictionary([{ path: 'x.xml', text }]), error, name)
  t.throws(() => readDictionaryFolder('/no/such/folder'), DictionaryError)
})

/** A value of the type as text, as templates write it. */
function textOf(type: string): fc.Arbitrary<string> | undefined {
  switch (type) {
    case 'UTF8String':
    case 'DiameterIdentity':
      return fc.string({ unit: 'grapheme', maxLength: 90 })
    case 'Unsigned32':
      return fc.nat(0xffffffff).map(String)
    case 'Integer32':
    case 'Enumerated':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String)
    case 'Unsigned64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    case 'Integer64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
    case 'Address':
      return fc.oneof(
        fc.ipV4(),
        fc.ipV6().filter((address) => !address.includes('.')),
      )
    default:
      return undefined
  }
}

t.test('RFC 6733 4: what is written from text is read back, whatever stands around it', async (t) => {
  const plain = [...dictionary.avpsOf(4).values()].filter(({ type }) => textOf(type) !== undefined)
  const written = fc
    .constantFrom(...plain)
    .chain((definition) => (textOf(definition.type) ?? fc.constant('')).map((text) => ({ definition, text })))
  const unknown = fc.record({
    code: fc.integer({ min: 60_000, max: 70_000 }),
    octets: fc.uint8Array({ maxLength: 40 }),
  })
  const roundTrip = fc.property(
    fc.array(written, { maxLength: 12 }),
    unknown,
    fc.nat(3),
    (values, { code, octets }, depth) => {
      const header = { flags: 0x80, commandCode: 272, applicationId: 4, hopByHopId: 1, endToEndId: 2 }
      const writer = new MessageWriter(32).begin(header)
      for (let i = 0; i < depth; i++) writer.openGroup(456)
      for (const { definition, text } of values) {
        if (!encodeAvp(writer, definition.type, definition.code, definition.vendorId, text)) return false
      }
      writer.octets(code, Buffer.from(octets))
      const message = new DiameterMessage(writer.finish())
      let avps = message.avps
      for (let i = 0; i < depth; i++) avps = avps[0] === undefined ? [] : message.group(avps[0])
      const last = avps.at(-1)
      if (avps.length !== values.length + 1 || last === undefined || !message.data(last).equals(Buffer.from(octets)))
        return false
      return values.every(({ definition: { type, code: own, vendorId }, text }, i) => {
        const avp = avps[i]
        if (avp === undefined || avp.code !== own || avp.vendorId !== vendorId) return false
        const value = String(decodeAvp(type, message.bytes, avp.dataStart, avp.dataEnd))
        if (type !== 'Address') return value === text
        const again = new MessageWriter(64).begin(header)
        encodeAvp(again, type, own, vendorId, value)
        const copy = new DiameterMessage(again.finish())
        return copy.avps[0] !== undefined && copy.data(copy.avps[0]).equals(message.data(avp))
      })
    },
  )
  t.doesNotThrow(() => fc.assert(roundTrip, { numRuns: 2_000 }))
})
