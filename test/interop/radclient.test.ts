import t from 'tap'
import { attributeOctets } from '../../src/protocol/radius/attribute-octets.ts'
import { hasRightMessageAuthenticator, isAuthentic } from '../../src/protocol/radius/authenticators.ts'
import { encodeReply } from '../../src/protocol/radius/encode-packet.ts'
import { RadiusMessage } from '../../src/protocol/radius/message.ts'
import { PacketCode } from '../../src/protocol/radius/packet.ts'
import { encodeValue } from '../../src/protocol/radius/values.ts'
import { radclient } from '../support/radclient.ts'
import { packetOf, shippedDictionary } from '../support/radius.ts'

const dictionary = shippedDictionary()
const SECRET = 'testing 123'

/** Attributes of a reply by name and text, hidden as the request wants it. */
function replyTo(
  request: Buffer,
  code: number,
  attributes: readonly (readonly [name: string, text: string])[],
): Buffer {
  const packet = packetOf(request)
  const hiding = { secret: Buffer.from(SECRET), authenticator: packet.authenticator }
  const octets = attributes.map(([name, text], i) => {
    const [vendor = '', inner] = name.split('.')
    const of = inner === undefined ? dictionary.byName(name) : dictionary.byVendorName(vendor, inner)
    if (of === undefined) throw new Error(`${name} is in no dictionary`)
    return attributeOctets(of, encodeValue(of, text, hiding, i + 1), dictionary)
  })
  return encodeReply(code, packet, octets, hiding.secret, code !== PacketCode.ACCOUNTING_RESPONSE)
}

t.test('what radclient sends is read, and what it gets is what was meant', async (t) => {
  const { request, output } = await radclient(
    'auth',
    [
      'User-Name = "alice"',
      'User-Password = "a password of more than sixteen octets"',
      'NAS-IP-Address = 10.0.0.9',
      'Framed-IPv6-Prefix = 2001:db8:1::/48',
      'NAS-IPv6-Address = 2001:db8::9',
      'Framed-Interface-Id = 0001:0002:0003:0004',
      'Tunnel-Type:1 = L2TP',
      'Tunnel-Client-Endpoint:1 = "10.0.0.1"',
      'MS-Service-Class = "gold"',
      'EAP-Message = 0x0201000901616c696365',
      'Frag-Status = 1',
      'Message-Authenticator = 0x00',
    ],
    SECRET,
    (request) =>
      replyTo(request, PacketCode.ACCESS_ACCEPT, [
        ['Reply-Message', 'welcome'],
        ['Framed-IP-Address', '10.1.2.3'],
        ['Session-Timeout', '3600'],
        ['Framed-IPv6-Prefix', '2001:db8:2::/48'],
        ['Tunnel-Password', ':1:open sesame'],
        ['Microsoft.MS-MPPE-Send-Key', 'sixteen octets!!'],
        ['Class', 'a'],
        ['Class', 'b'],
      ]),
  )
  const packet = packetOf(request)
  t.equal(hasRightMessageAuthenticator(packet, Buffer.from(SECRET)), true)
  t.equal(hasRightMessageAuthenticator(packet, Buffer.from('other')), false)
  const message = new RadiusMessage(packet, dictionary, Buffer.from(SECRET))
  const read = message.attributes
    .filter(({ definition }) => definition?.name !== 'Message-Authenticator')
    .map((attribute) => {
      const value = message.value(attribute)
      return `${attribute.definition?.name} ${typeof value === 'string' ? value.replace(/\0+$/, '') : value?.toString('hex')}`
    })
  t.same(read.toSorted(), [
    'EAP-Message 0201000901616c696365',
    'Frag-Status 1',
    'Framed-IPv6-Prefix 2001:db8:1::/48',
    'Framed-Interface-Id 0001:0002:0003:0004',
    'MS-Service-Class gold',
    'NAS-IP-Address 10.0.0.9',
    'NAS-IPv6-Address 2001:db8::9',
    'Tunnel-Client-Endpoint :1:10.0.0.1',
    'Tunnel-Type :1:3',
    'User-Name alice',
    'User-Password a password of more than sixteen octets',
  ])
  t.match(output, /Received Access-Accept/, 'the Response Authenticator and the Message-Authenticator are right')
  for (const line of [
    'Reply-Message = "welcome"',
    'Framed-IP-Address = 10.1.2.3',
    'Session-Timeout = 3600',
    'Framed-IPv6-Prefix = 2001:db8:2::/48',
    'Tunnel-Password:1 = "open sesame"',
    `MS-MPPE-Send-Key = 0x${Buffer.from('sixteen octets!!').toString('hex')}`,
    'Class = 0x61',
    'Class = 0x62',
  ])
    t.ok(output.includes(line), line)
})

t.test('an Accounting-Request of radclient is signed, and its response is accepted', async (t) => {
  const { request, output } = await radclient(
    'acct',
    ['Acct-Status-Type = Interim-Update', 'Acct-Session-Id = "5F2A"', 'Event-Timestamp = 1778433729'],
    SECRET,
    (request) => replyTo(request, PacketCode.ACCOUNTING_RESPONSE, []),
  )
  t.ok(isAuthentic(packetOf(request), Buffer.from(SECRET)))
  t.notOk(isAuthentic(packetOf(request), Buffer.from('other')))
  t.match(output, /Received Accounting-Response/)
})
