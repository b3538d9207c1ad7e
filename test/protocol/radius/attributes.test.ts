import fc from 'fast-check'
import t from 'tap'
import { attributeOctets } from '../../../src/protocol/radius/attribute-octets.ts'
import type { AttributeDefinition } from '../../../src/protocol/radius/dictionary.ts'
import { encodeRequest } from '../../../src/protocol/radius/encode-packet.ts'
import { RadiusMessage } from '../../../src/protocol/radius/message.ts'
import { decodePacket, PacketCode } from '../../../src/protocol/radius/packet.ts'
import { receivedAttributes } from '../../../src/protocol/radius/received-attributes.ts'
import { packetFault } from '../../../src/protocol/radius/validate.ts'
import { encodeValue } from '../../../src/protocol/radius/values.ts'
import { octets, packetOf, shippedDictionary } from '../../support/radius.ts'

const dictionary = shippedDictionary(
  'ATTRIBUTE T-Time 240 time',
  'ATTRIBUTE T-Date 239 date',
  'ATTRIBUTE T-Byte 238 byte',
  'ATTRIBUTE T-Signed 237 signed',
  'ATTRIBUTE T-Bool 236 bool',
  'ATTRIBUTE T-Ether 235 ether',
  'ATTRIBUTE T-Combo 234 combo-ip',
  'ATTRIBUTE T-Binary 233 abinary',
  'ATTRIBUTE T-Ascend 232 string encrypt=3',
  'VENDOR Acme 12345',
  'BEGIN-VENDOR Acme',
  'ATTRIBUTE Acme-Name 1 string',
  'ATTRIBUTE Acme-Kind 2 integer has_tag',
  'ATTRIBUTE Acme-Box 3 tlv',
  'ATTRIBUTE Acme-Inner 3.1 string',
  'ATTRIBUTE Acme-Number 3.2 short',
  'VALUE Acme-Kind Good 5',
  'END-VENDOR Acme',
  'VENDOR Usr 429 format=4,0',
  'BEGIN-VENDOR Usr',
  'ATTRIBUTE Usr-Index 0x9843 integer',
  'END-VENDOR Usr',
  'VENDOR Lucent 4846 format=2,1',
  'BEGIN-VENDOR Lucent',
  'ATTRIBUTE Lucent-Wide 300 string',
  'END-VENDOR Lucent',
  'VENDOR Wimax 24757 format=1,1,c',
  'BEGIN-VENDOR Wimax',
  'ATTRIBUTE Wimax-Long 1 octets',
  'END-VENDOR Wimax',
  'BEGIN-VENDOR Acme format=Extended-Vendor-Specific-1',
  'ATTRIBUTE Acme-Extended 4 string',
  'END-VENDOR Acme',
  'BEGIN-VENDOR Acme format=Extended-Vendor-Specific-5',
  'ATTRIBUTE Acme-Endless 5 octets',
  'END-VENDOR Acme',
)
const SECRET = Buffer.from('secret')
const AUTHENTICATOR = Buffer.alloc(16, 7)
const HIDING = { secret: SECRET, authenticator: AUTHENTICATOR }

function definition(name: string): AttributeDefinition {
  const [vendor, inner] = name.split('.')
  const found = inner === undefined ? dictionary.byName(name) : dictionary.byVendorName(vendor ?? '', inner)
  if (found === undefined) throw new Error(`${name} is in no dictionary`)
  return found
}

/** A request of attributes that are whole. */
function messageOf(...attributes: Buffer[]): RadiusMessage {
  const bytes = encodeRequest(PacketCode.ACCESS_REQUEST, 1, AUTHENTICATOR, attributes, SECRET, false)
  return new RadiusMessage(packetOf(bytes), dictionary, SECRET)
}

function written(name: string, text: string): Buffer {
  const of = definition(name)
  return attributeOctets(of, encodeValue(of, text, HIDING, 0x1234), dictionary)
}

// Attribute, its text, and its octets by hand from the RFC that is named.
const VALUES = [
  ['User-Name', 'nemo', '01066e656d6f', 'RFC 2865, 5.1'],
  ['NAS-IP-Address', '192.168.1.16', '0406c0a80110', 'RFC 2865, 5.4'],
  ['NAS-Port', '4294967295', '0506ffffffff', 'RFC 2865, 5.5'],
  ['Acct-Status-Type', 'Alive', '280600000003', 'RFC 2866, 5.1, by name'],
  ['Event-Timestamp', '1497106115', '3706593c06c3', 'RFC 2869, 5.3'],
  ['Tunnel-Type', ':1:3', '400601000003', 'RFC 2868, 3.1, a number with tag'],
  ['Tunnel-Type', '3', '400600000003', 'RFC 2868, 3.1, without'],
  ['Tunnel-Client-Endpoint', ':2:a', '42040261', 'RFC 2868, 3.3'],
  ['Tunnel-Client-Endpoint', 'a', '420361', 'RFC 2868, 3.3, without tag'],
  ['NAS-IPv6-Address', '2001:db8::1', '5f1220010db8000000000000000000000001', 'RFC 3162, 2.1'],
  ['Framed-Interface-Id', '0001:0002:0003:0004', '600a0001000200030004', 'RFC 3162, 2.2'],
  ['Framed-IPv6-Prefix', '2001:db8::/32', '6108002020010db8', 'RFC 3162, 2.3'],
  ['Framed-IPv6-Prefix', '::/0', '61040000', 'RFC 3162, 2.3, no prefix'],
  ['PMIP6-Home-IPv4-HoA', '10.1.0.0/16', '9b0800100a010000', 'RFC 6572, 4.12'],
  ['MIP6-Feature-Vector', '18446744073709551615', '7c0affffffffffffffff', 'RFC 5447, 4.2.5'],
  ['PKM-SAID', '513', '8d040201', 'RFC 5904, 3.5'],
  ['T-Time', '2026-05-10T17:22:09Z', 'f0066a00bec1', 'seconds since 1970'],
  ['T-Date', '2026-05-10T17:22:09Z', 'ef066a00bec1', 'seconds since 1970'],
  ['T-Byte', '255', 'ee03ff', 'one octet'],
  ['T-Signed', '-2', 'ed06fffffffe', "two's complement"],
  ['T-Bool', 'yes', 'ec0301', 'one octet'],
  ['T-Ether', '00:1b:44:11:3a:b7', 'eb08001b44113ab7', 'six octets'],
  ['T-Combo', '10.0.0.1', 'ea060a000001', 'IPv4'],
  ['T-Combo', '2001:db8::1', 'ea1220010db8000000000000000000000001', 'IPv6'],
  ['Frag-Status', '1', 'f1070100000001', 'RFC 6929, 2.1'],
  ['SAML-Protocol', 'ab', 'f50602006162', 'RFC 6929, 2.2'],
  ['IPv6-6rd-IPv4MaskLen', '8', 'ad08010600000008', 'RFC 6930, 4.1, a TLV'],
  ['Acme.Acme-Name', 'x', '1a0900003039010378', 'RFC 2865, 5.26'],
  ['Acme.Acme-Kind', ':1:Good', '1a0c000030390206 01000005', "a vendor's, with tag and name"],
  ['Acme.Acme-Inner', 'x', '1a0b0000303903050103 78', 'a TLV of a vendor'],
  ['Usr.Usr-Index', '7', '1a0e000001ad0000984300000007', 'type of 4 octets, no length'],
  ['Lucent.Lucent-Wide', 'x', '1a0a000012ee012c0478', 'type of 2 octets'],
  ['Wimax.Wimax-Long', 'x', '1a0a000060b501040078', 'with an octet of continuation'],
  ['Acme.Acme-Extended', 'x', 'f1091a000030390478', 'RFC 6929, 2.4'],
] as const

t.test('values are written and read as the RFCs draw them', async (t) => {
  for (const [name, text, hex, source] of VALUES) {
    const bytes = octets(hex)
    t.same(written(name, text), bytes, `${source}: ${name} is written`)
    const read = messageOf(bytes).read(definition(name), 0)
    t.equal(read instanceof Buffer ? read.toString() : read, text, `${source}: ${name} is read`)
  }
})

t.test('a text that is none of its type is an error that says so', async (t) => {
  const rows = [
    ['NAS-Port', 'abc', 'strconv.Atoi: parsing "abc": invalid syntax'],
    ['NAS-Port', '', 'strconv.Atoi: parsing "": invalid syntax'],
    ['NAS-Port', '4294967296', '"4294967296" is no value of type integer'],
    ['T-Byte', '-1', '"-1" is no value of type byte'],
    ['T-Signed', '2147483648', '"2147483648" is no value of type signed'],
    ['T-Bool', 'maybe', '"maybe" is no value of type bool'],
    ['NAS-IP-Address', '10.0.0', '"10.0.0" is no value of type ipaddr'],
    ['NAS-IPv6-Address', '10.0.0.1', '"10.0.0.1" is no value of type ipv6addr'],
    ['Framed-IPv6-Prefix', '2001:db8::/129', '"2001:db8::/129" is no value of type ipv6prefix'],
    ['Framed-Interface-Id', '1:2:3', '"1:2:3" is no value of type ifid'],
    ['T-Ether', '00:1b:44', '"00:1b:44" is no value of type ether'],
    ['T-Date', 'yesterday', 'Unsupported time format'],
    ['Vendor-Specific', 'x', '"x" is no value of type vsa'],
    ['Microsoft.MS-CHAP2-Response', 'short', 'attribute MS-CHAP2-Response: 5 octets, expected 50'],
    ['Tunnel-Type', ':32:3', 'attribute Tunnel-Type: tag 32, expected 0 to 31'],
    ['Tunnel-Preference', ':1:16777216', 'attribute Tunnel-Preference: beside its tag a number has 24 bits'],
    ['User-Name', 'x'.repeat(254), 'attribute User-Name: a value of 254 octets, at most 253'],
    ['Acme.Acme-Name', 'x'.repeat(248), 'attribute Acme-Name: a value of 254 octets, at most 253'],
    ['User-Password', 'x'.repeat(129), 'attribute User-Password: 129 octets to hide, at most 128'],
  ] as const
  for (const [name, text, message] of rows)
    t.throws(() => written(name, text), { message }, `${name} ${text.slice(0, 20)}`)
})

t.test('hidden values come back', async (t) => {
  for (const name of ['User-Password', 'Tunnel-Password', 'Microsoft.MS-MPPE-Send-Key', 'T-Ascend']) {
    const bytes = written(name, 'arctangent')
    t.notOk(bytes.includes('arctangent'), `${name} is hidden`)
    const read = messageOf(bytes).read(definition(name), 0)
    const text = read instanceof Buffer ? read.toString() : read
    const filled = name === 'User-Password' || name === 'T-Ascend' ? `arctangent${'\0'.repeat(6)}` : 'arctangent'
    t.equal(text, filled, name)
  }
  const tagged = messageOf(written('Tunnel-Password', ':1:open sesame'))
  t.equal(tagged.read(definition('Tunnel-Password'), 0), ':1:open sesame')
  t.equal(tagged.packet.bytes[22], 1, 'the tag is in clear')
  t.equal((tagged.packet.bytes[23] ?? 0) & 0x80, 0x80, 'RFC 2868, 3.5: the first bit of a salt is set')
  const broken = messageOf(octets('4512 00 8001 00000000000000000000000000'))
  t.equal(broken.read(definition('Tunnel-Password'), 0), undefined, 'what cannot be revealed is not there')
})

t.test('long values go on in the next attribute', async (t) => {
  const long = 'x'.repeat(600)
  for (const [name, sizes] of [
    ['EAP-Message', [255, 255, 96]],
    ['SAML-Assertion', [255, 255, 102]],
    ['Wimax.Wimax-Long', [255, 255, 117]],
    ['Acme.Acme-Endless', [255, 255, 107]],
  ] as const) {
    const message = messageOf(written(name, long))
    t.same(
      message.packet.attributes.map(({ value }) => value.length + 2),
      sizes,
      name,
    )
    t.equal(String(message.read(definition(name), 0)), long, name)
    t.equal(message.attributes.length, 1, name)
  }
  const cut = messageOf(octets('f505 01 80 61'), octets('f505 02 00 62'))
  t.same(
    cut.attributes.map(({ numbers, value }) => `${numbers.join('.')}=${value}`),
    ['245.2=b'],
    'RFC 6929, 2.3: a fragment whose end never comes',
  )
})

t.test('one Vendor-Specific may hold several, and one that cannot be divided stays whole', async (t) => {
  const list = (hex: string) =>
    messageOf(octets(hex)).attributes.map(
      ({ definition, numbers, value, at }) => `${definition?.name ?? numbers.join('.')}=${value.toString('hex')}@${at}`,
    )
  t.same(list('1a0f 00003039 010378 020601000005'), ['Acme-Name=78@26', 'Acme-Kind=01000005@29'])
  t.same(list('1a0a 00003039 010378 02'), ['26.12345=01037802@20'])
  t.same(list('1a0a 00003039 01ff 7802'), ['26.12345=01ff7802@20'])
  t.same(list('1a0a 00003039 0102 0103'), ['26.12345=01020103@20'], 'an empty one')
  t.same(list('1a09 00003040 010378'), ['26.12352.1=78@26'], 'a vendor that nobody knows')
  t.same(list('1a0c 00003039 0306 0103 ff 02'), ['Acme-Box=0103ff02@26'], 'TLVs that do not add up')
})

t.test('reference 07, 3.2: the first of several is read, or the one of an index', async (t) => {
  const message = messageOf(
    written('Class', 'a'),
    written('User-Name', 'u'),
    written('Class', 'b'),
    written('Class', 'c'),
  )
  const at = (index: number) => message.read(definition('Class'), index)?.toString()
  t.same([0, 1, 2, 3, -1, -3, -4].map(at), ['a', 'b', 'c', undefined, 'c', 'a', undefined])
})

const NAMES = VALUES.map(([name]) => name)

t.test('any values of any attributes come back in their order', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.uint8Array({ minLength: 1, maxLength: 200 })), { maxLength: 12 }),
      (pairs) => {
        const sent = pairs.map(([name, value]) => ({ of: definition(name), value: Buffer.from(value) }))
        const message = messageOf(...sent.map(({ of, value }) => attributeOctets(of, value, dictionary)))
        const found = message.attributes
        return (
          found.length === sent.length &&
          sent.every(({ of, value }, i) => found[i]?.definition === of && found[i].value.equals(value))
        )
      },
    ),
  )
})

t.test('octets, hidden or not, come back as they were', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom('Class', 'Microsoft.MS-MPPE-Recv-Key', 'Acme.Acme-Endless', 'Tunnel-Password'),
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      (name, value) => {
        const of = definition(name)
        const text = Buffer.from(value).toString('latin1')
        const read = messageOf(written(name, text)).read(of, 0)
        return read?.toString() === text
      },
    ),
  )
})

const anyPacket = fc.oneof(
  fc.uint8Array({ maxLength: 120 }).map((octets) => Buffer.from(octets)),
  // Packets whose header is right, of attributes that are nearly so.
  fc
    .array(
      fc.tuple(
        fc.constantFrom(1, 2, 3, 26, 26, 26, 40, 64, 69, 79, 80, 173, 241, 245, 245, 246),
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.uint8Array({ maxLength: 30 }).map((octets) => Uint8Array.of(0, 0, 0x30, 0x39, 3, ...octets)),
          fc
            .uint8Array({ maxLength: 30 })
            .map((octets) => Uint8Array.of(0, 0, 0x60, 0xb5, 1, octets.length + 2, ...octets)),
        ),
        fc.integer({ min: -1, max: 1 }),
      ),
      { maxLength: 12 },
    )
    .map((attributes) => {
      const body = attributes.map(([type, value, more]) =>
        Buffer.concat([Buffer.from([type, Math.max(0, value.length + 2 + more)]), value]),
      )
      const packet = Buffer.concat([Buffer.from([1, 1, 0, 0]), AUTHENTICATOR, ...body])
      packet.writeUInt16BE(packet.length, 2)
      return packet
    }),
)

t.test('whatever comes is read or is a fault with its octet: nothing throws', async () => {
  fc.assert(
    fc.property(anyPacket, (bytes) => {
      const decoded = decodePacket(bytes)
      if (!decoded.ok) return decoded.fault.at >= 0 && decoded.fault.at <= bytes.length && decoded.fault.reason !== ''
      const { packet } = decoded
      const fault = packetFault(packet, dictionary)
      if (fault !== undefined && (fault.at < 20 || fault.at >= packet.bytes.length)) return false
      const message = new RadiusMessage(packet, dictionary, SECRET)
      for (const attribute of message.attributes) message.value(attribute)
      const octetsInside = receivedAttributes(packet, dictionary).reduce((sum, { value }) => sum + value.length, 0)
      return octetsInside <= packet.bytes.length
    }),
    { numRuns: 5000 },
  )
})
