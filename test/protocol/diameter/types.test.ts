import fc from 'fast-check'
import t from 'tap'
import { scanAvps } from '../../../src/protocol/diameter/avp.ts'
import { DATA_TYPES, type DataType, decodeAvp, encodeAvp, FIXED_SIZES } from '../../../src/protocol/diameter/types.ts'
import { MessageWriter } from '../../../src/protocol/diameter/writer.ts'

const header = { flags: 0x80, commandCode: 272, applicationId: 4, hopByHopId: 1, endToEndId: 2 }

/** Data of an AVP as the encoder writes it, in hexadecimal; undefined when it refuses the text. */
function encoded(type: DataType, text: string): string | undefined {
  const writer = new MessageWriter(64).begin(header)
  if (!encodeAvp(writer, type, 999, 0, text)) return undefined
  const bytes = writer.finish()
  const { avps, fault } = scanAvps(bytes, 20, bytes.length)
  const [avp] = avps
  if (fault !== undefined || avp === undefined || avps.length !== 1 || bytes.length % 4 !== 0) return 'damaged'
  return bytes.toString('hex', avp.dataStart, avp.dataEnd)
}

function decoded(type: DataType, hex: string): unknown {
  const data = Buffer.from(hex, 'hex')
  return decodeAvp(type, data, 0, data.length)
}

const both: { type: DataType; hex: string; text: string; value?: unknown }[] = [
  { type: 'Unsigned32', hex: '00000000', text: '0', value: 0 },
  { type: 'Unsigned32', hex: 'ffffffff', text: '4294967295', value: 4294967295 },
  { type: 'Integer32', hex: '80000000', text: '-2147483648', value: -2147483648 },
  { type: 'Integer32', hex: '7fffffff', text: '2147483647', value: 2147483647 },
  { type: 'Enumerated', hex: '00000004', text: '4', value: 4 },
  { type: 'Unsigned64', hex: '0000000000000000', text: '0', value: 0n },
  { type: 'Unsigned64', hex: 'ffffffffffffffff', text: '18446744073709551615', value: 18446744073709551615n },
  { type: 'Integer64', hex: '8000000000000000', text: '-9223372036854775808', value: -9223372036854775808n },
  { type: 'Integer64', hex: 'ffffffffffffffff', text: '-1', value: -1n },
  { type: 'Float32', hex: '3f000000', text: '0.5', value: 0.5 },
  { type: 'Float32', hex: '3dcccccd', text: '0.10000000149011612', value: 0.10000000149011612 },
  { type: 'Float64', hex: '3fb999999999999a', text: '0.1', value: 0.1 },
  { type: 'UTF8String', hex: '4bc3b66c6e', text: 'Köln' },
  { type: 'DiameterIdentity', hex: '7067772e6578616d706c65', text: 'pgw.example' },
  { type: 'DiameterURI', hex: '6161613a2f2f68', text: 'aaa://h' },
  { type: 'IPFilterRule', hex: '7065726d6974206f7574206970', text: 'permit out ip' },
  { type: 'QoSFilterRule', hex: '', text: '' },
  { type: 'Time', hex: '83aa7e80', text: '1970-01-01T00:00:00Z' },
  { type: 'Time', hex: '80000000', text: '1968-01-20T03:14:08Z' },
  { type: 'Time', hex: 'ffffffff', text: '2036-02-07T06:28:15Z' },
  { type: 'Time', hex: '00000000', text: '2036-02-07T06:28:16Z' },
  { type: 'Time', hex: '7fffffff', text: '2104-02-26T09:42:23Z' },
  { type: 'Address', hex: '00017f000001', text: '127.0.0.1' },
  { type: 'Address', hex: '000220010db8000000000000000000000001', text: '2001:db8::1' },
  { type: 'Address', hex: '000200000000000000000000000000000000', text: '::' },
  { type: 'Address', hex: '000220010db8000000000001000000000001', text: '2001:db8::1:0:0:1' },
  { type: 'Address', hex: '000200000000000000000000ffff0a000001', text: '::ffff:10.0.0.1' },
  { type: 'Address', hex: '0008343931373031323334', text: '49170' + '1234' },
  { type: 'IPv4', hex: '0a010203', text: '10.1.2.3' },
  { type: 'IPv6', hex: '00010002000300040005000600070008', text: '1:2:3:4:5:6:7:8' },
]

t.test('RFC 6733, 4.2 and 4.3: each type both ways', async (t) => {
  for (const { type, hex, text, value = text } of both) {
    t.equal(encoded(type, text), hex, `${type} of ${text}`)
    t.strictSame(decoded(type, hex), value, `${type} from ${hex}`)
  }
  t.strictSame(decoded('OctetString', '00ff80'), Buffer.from('00ff80', 'hex'), 'octets are octets')
  t.equal(encoded('OctetString', 'abc'), '616263')
})

t.test('reference 07, 2.4: text that is none of the type is refused', async (t) => {
  const refused: [DataType, string[]][] = [
    ['Unsigned32', ['', '-1', '+1', '1.5', '4294967296', '0x10', '2.048µs', ' 1']],
    ['Integer32', ['', '-2147483649', '2147483648', '--1', '1e3']],
    ['Enumerated', ['INITIAL_REQUEST', '2147483648']],
    ['Unsigned64', ['18446744073709551616', '-1', '9'.repeat(60)]],
    ['Integer64', ['9223372036854775808', '-9223372036854775809']],
    ['Float32', ['', 'x', '1e39', 'Infinity', '.']],
    ['Float64', ['1e400', 'NaN', '0x1']],
    ['Time', ['', 'yesterday', '1968-01-20T03:14:07Z', '2104-02-26T09:42:24Z', '2024-02-30T00:00:00Z', '+1h']],
    ['Address', ['', '256.0.0.1', '1.2.3', 'host', '1234567890123456', 'fe80::1%eth0', '1::2::3']],
    ['IPv4', ['::1', '4917']],
    ['IPv6', ['10.0.0.1', ':::']],
    ['Grouped', ['{}', '']],
  ]
  for (const [type, texts] of refused)
    for (const text of texts) t.equal(encoded(type, text), undefined, `${type} of ${JSON.stringify(text)}`)
})

t.test('RFC 6733, 7.1.5 (5014): data of another length than the type has', async (t) => {
  for (const type of DATA_TYPES) {
    const size = FIXED_SIZES[type]
    if (size === undefined) continue
    for (const wrong of [0, size - 1, size + 1])
      t.equal(decoded(type, '00'.repeat(wrong)), undefined, `${type}, ${wrong}`)
  }
  for (const hex of ['', '00', '0001', '00017f0000', '00017f00000101', '00020102030405', '00030102', '00084f']) {
    t.equal(decoded('Address', hex), undefined, `Address from "${hex}"`)
  }
  t.equal(decoded('Grouped', ''), undefined)
})

t.test('what is encoded is read back: any value of a type', async () => {
  const numbers: [DataType, fc.Arbitrary<bigint>][] = [
    ['Unsigned32', fc.bigInt(0n, 2n ** 32n - 1n)],
    ['Integer32', fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n)],
    ['Enumerated', fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n)],
    ['Unsigned64', fc.bigInt(0n, 2n ** 64n - 1n)],
    ['Integer64', fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)],
  ]
  for (const [type, values] of numbers) {
    fc.assert(
      fc.property(values, (value) => String(decoded(type, encoded(type, String(value)) ?? '')) === String(value)),
    )
  }
  for (const [type, values] of [
    ['IPv4', fc.ipV4()],
    ['Address', fc.ipV4()],
    ['UTF8String', fc.string({ unit: 'grapheme' })],
  ] as const) {
    fc.assert(fc.property(values, (value) => decoded(type, encoded(type, value) ?? '00') === value))
  }
  // An IPv6 address has several texts: what is read is the canonical one, and stands for the same octets.
  fc.assert(
    fc.property(fc.ipV6(), (value) => {
      const hex = encoded('IPv6', value) ?? ''
      return hex.length === 32 && encoded('IPv6', String(decoded('IPv6', hex))) === hex
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: -61_505_152, max: 4_233_462_143 }), (seconds) => {
      const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
      return decoded('Time', encoded('Time', text) ?? '') === text
    }),
  )
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      Object.is(decoded('Float64', encoded('Float64', Object.is(value, -0) ? '-0' : String(value)) ?? ''), value),
    ),
  )
})

t.test('random octets never throw', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...DATA_TYPES), fc.uint8Array({ maxLength: 24 }), (type, octets) => {
      const data = Buffer.from(octets)
      decodeAvp(type, data, 0, data.length)
    }),
    { numRuns: 2000 },
  )
})
