import t from 'tap'
import { hasRightMessageAuthenticator, isAuthentic } from '../../../src/protocol/radius/authenticators.ts'
import { encodeReply, encodeRequest } from '../../../src/protocol/radius/encode-packet.ts'
import { RadiusMessage } from '../../../src/protocol/radius/message.ts'
import { decodePacket, PacketCode, packetCodeName, packetCodeOf } from '../../../src/protocol/radius/packet.ts'
import { packetFault } from '../../../src/protocol/radius/validate.ts'
import { octets, packetOf, shippedDictionary } from '../../support/radius.ts'

const dictionary = shippedDictionary()
const SECRET = Buffer.from('xyzzy5461')

/** What a packet says, by name. */
function read(bytes: Buffer): string[] {
  const message = new RadiusMessage(packetOf(bytes), dictionary, SECRET)
  return message.attributes.map((attribute) => {
    const value = message.value(attribute)
    const text = value instanceof Buffer ? `0x${value.toString('hex')}` : value
    return `${attribute.definition?.name ?? attribute.numbers.join('.')}=${text}`
  })
}

const TELNET = octets(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
  93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`)
const CHAP = octets(`01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79 03 13 16 e9 75
  57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10 05 06 00 00 00 14 06 06 00 00 00 02 07 06 00 00 00 01`)

t.test('RFC 2865, 7.1: a password is revealed, and the reply is signed', async (t) => {
  const packet = packetOf(TELNET)
  t.match(packet, { code: PacketCode.ACCESS_REQUEST, identifier: 0 })
  t.same(read(TELNET), [
    'User-Name=nemo',
    `User-Password=arctangent${'\0'.repeat(6)}`,
    'NAS-IP-Address=192.168.1.16',
    'NAS-Port=3',
  ])
  const reply = encodeReply(
    PacketCode.ACCESS_ACCEPT,
    packet,
    [octets('06 06 00 00 00 01'), octets('0f 06 00 00 00 00'), octets('0e 06 c0 a8 01 03')],
    SECRET,
    false,
  )
  t.same(
    reply,
    octets(`02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8
    01 03`),
  )
})

t.test('RFC 2865, 7.2: CHAP', async (t) => {
  t.same(read(CHAP), [
    'User-Name=flopsy',
    'CHAP-Password=0x16e97557c316185895f293ff6344077275',
    'NAS-IP-Address=192.168.1.16',
    'NAS-Port=20',
    'Service-Type=2',
    'Framed-Protocol=1',
  ])
  const attributes = [
    '06 06 00 00 00 02',
    '07 06 00 00 00 01',
    '08 06 ff ff ff fe',
    '0a 06 00 00 00 02',
    '0d 06 00 00 00 01',
  ]
  const reply = encodeReply(
    PacketCode.ACCESS_ACCEPT,
    packetOf(CHAP),
    [...attributes, '0c 06 00 00 05 dc'].map(octets),
    SECRET,
    false,
  )
  t.same(reply.subarray(4, 20), octets('15 ef bc 7d ab 26 cf a3 dc 34 d9 c0 3c 86 01 a4'))
})

t.test('RFC 5997, 6.1: Status-Server has a Message-Authenticator', async (t) => {
  const request =
    octets(`0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43
    82 20 97 c8 4f a3`)
  const packet = packetOf(request)
  t.equal(hasRightMessageAuthenticator(packet, SECRET), true)
  t.equal(hasRightMessageAuthenticator(packet, Buffer.from('xyzzy5462')), false)
  t.equal(hasRightMessageAuthenticator(packetOf(TELNET), SECRET), undefined)
  t.same(
    encodeReply(PacketCode.ACCESS_ACCEPT, packet, [], SECRET, false),
    octets('02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66'),
  )
  t.same(
    encodeRequest(PacketCode.STATUS_SERVER, 0xda, packet.authenticator, [], SECRET, true),
    request,
    'the same request, built',
  )
  const twice = Buffer.concat([request, request.subarray(20)])
  twice.writeUInt16BE(twice.length, 2)
  t.equal(hasRightMessageAuthenticator(packetOf(twice), SECRET), false, 'two of them')
})

t.test('RFC 2866, 3: an Accounting-Request is signed with the secret', async (t) => {
  const request = encodeRequest(
    PacketCode.ACCOUNTING_REQUEST,
    7,
    Buffer.alloc(16),
    [octets('28 06 00 00 00 01')],
    SECRET,
    false,
  )
  t.ok(isAuthentic(packetOf(request), SECRET))
  t.notOk(isAuthentic(packetOf(request), Buffer.from('other')))
  t.ok(isAuthentic(packetOf(TELNET), Buffer.from('other')), 'an Access-Request has a number of chance')
  request[25] = 2
  t.notOk(isAuthentic(packetOf(request), SECRET), 'one octet is another')
})

t.test('the Message-Authenticator of a reply goes first and counts the Request Authenticator', async (t) => {
  const reply = encodeReply(PacketCode.ACCESS_REJECT, packetOf(TELNET), [octets('12 04 6e 6f')], SECRET, true)
  t.same(reply.subarray(20, 22), octets('50 12'))
  // Read as a request whose authenticator is that of the telnet packet, it is right: RFC 3579, 3.2.
  const asRequest = Buffer.concat([reply.subarray(0, 4), TELNET.subarray(4, 20), reply.subarray(20)])
  t.equal(hasRightMessageAuthenticator(packetOf(asRequest), SECRET), true)
})

t.test('RFC 2865, 3 and 5: what is no packet is a fault with its octet', async (t) => {
  const header = (length: number) => octets(`04 01 ${length.toString(16).padStart(4, '0')} ${'00'.repeat(16)}`)
  const rows: [string, Buffer, number, string][] = [
    ['empty', Buffer.alloc(0), 0, 'a packet of 0 octets, its header has 20'],
    ['19 octets', header(20).subarray(0, 19), 19, 'a packet of 19 octets, its header has 20'],
    ['length below the header', header(19), 2, 'length 19, expected 20 to 4096'],
    [
      'length above the limit',
      Buffer.concat([header(4097), Buffer.alloc(4077)]),
      2,
      'length 4097, expected 20 to 4096',
    ],
    ['length behind the data', header(22), 2, 'length 22 of a packet of 20 octets'],
    [
      'attribute length 0',
      Buffer.concat([header(22), octets('2800')]),
      20,
      'attribute 40 of length 0, expected at least 2',
    ],
    [
      'attribute length 1',
      Buffer.concat([header(22), octets('2801')]),
      20,
      'attribute 40 of length 1, expected at least 2',
    ],
    [
      'one octet of an attribute',
      Buffer.concat([header(21), octets('28')]),
      20,
      'attribute 40 of length 0, expected at least 2',
    ],
    [
      'attribute behind the packet',
      Buffer.concat([header(26), octets('280761626364')]),
      20,
      'attribute 40 of length 7 where 6 octets are left',
    ],
  ]
  for (const [name, bytes, at, reason] of rows) t.same(decodePacket(bytes), { ok: false, fault: { at, reason } }, name)
  const padded = decodePacket(Buffer.concat([header(20), octets('ffff')]))
  t.ok(padded.ok && padded.packet.bytes.length === 20, 'octets behind the length are padding')
})

t.test('reference 07, 3.2, 1: attributes for which a packet is not answered', async (t) => {
  const fault = (...attributes: string[]) => {
    const body = octets(attributes.join(''))
    const head = octets(`01 01 ${(20 + body.length).toString(16).padStart(4, '0')} ${'00'.repeat(16)}`)
    return packetFault(packetOf(Buffer.concat([head, body])), dictionary)
  }
  const rows: [string, string, string | undefined][] = [
    ['empty value', '0102', 'attribute 1 has no value'],
    ['CHAP-Password of 16', `0312${'00'.repeat(16)}`, 'CHAP-Password of 16 octets, expected 17'],
    ['CHAP-Password of 17', `0313${'00'.repeat(17)}`, undefined],
    [
      'User-Password of 15',
      `0211${'00'.repeat(15)}`,
      'User-Password of 15 octets, expected a multiple of 16 up to 128',
    ],
    [
      'User-Password of 144',
      `0292${'00'.repeat(144)}`,
      'User-Password of 144 octets, expected a multiple of 16 up to 128',
    ],
    ['User-Password of 128', `0282${'00'.repeat(128)}`, undefined],
    ['integer of 3', '2805000001', 'Acct-Status-Type of type integer has 3 octets'],
    ['integer of 5, which is cut', '28070000000105', undefined],
    ['address of 3', '0405010203', 'NAS-IP-Address of type ipaddr has 3 octets'],
    ['Vendor-Specific of 4', '1a0600000137', 'Vendor-Specific of 4 octets, expected at least 5'],
    ['integer of a vendor of 3', '1a0b 00000137 0705 000001', 'MS-MPPE-Encryption-Policy of type integer has 3 octets'],
    ['an attribute that nobody knows', 'c804abcd', undefined],
  ]
  for (const [name, hex, reason] of rows) t.equal(fault(hex)?.reason, reason, name)
  t.equal(fault('01046162', '2805000001')?.at, 24, 'and where it stands')
})

t.test('reference 07, 3.2: names of codes', async (t) => {
  t.equal(packetCodeName(4), 'AccountingRequest')
  t.equal(packetCodeName(99), undefined)
  t.equal(packetCodeOf('AccessReject'), 3)
  t.equal(packetCodeOf('Reject'), undefined)
})

t.test('a packet of more than 4096 octets is refused', async (t) => {
  const attributes = Array.from({ length: 17 }, () => Buffer.concat([octets('12fd'), Buffer.alloc(251, 0x61)]))
  t.throws(() => encodeReply(PacketCode.ACCESS_REJECT, packetOf(TELNET), attributes, SECRET, false), {
    message: 'a packet of 4321 octets, at most 4096',
  })
})
