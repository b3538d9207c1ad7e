import fc from 'fast-check'
import t from 'tap'
import { isCapture, PcapError, readCapture, tcpStreams } from '../../src/protocol/pcap.ts'
import { ipv4, ipv6, pcap, pcapng } from '../support/captures.ts'

const hello = Buffer.from('hello ')
const world = Buffer.from('world')
const ethernet = (type: string, packet: Buffer) =>
  Buffer.concat([Buffer.from(`${'00'.repeat(12)}${type}`, 'hex'), packet])

const links: readonly [name: string, link: number, frame: (packet: Buffer) => Buffer][] = [
  ['Ethernet', 1, (packet) => ethernet('0800', packet)],
  ['Ethernet with a VLAN', 1, (packet) => ethernet('810000050800', packet)],
  ['raw IP', 101, (packet) => packet],
  ['loopback', 0, (packet) => Buffer.concat([Buffer.from('02000000', 'hex'), packet])],
  ['Linux cooked', 113, (packet) => Buffer.concat([Buffer.from(`${'00'.repeat(14)}0800`, 'hex'), packet])],
  ['Linux cooked 2', 276, (packet) => Buffer.concat([Buffer.from(`0800${'00'.repeat(18)}`, 'hex'), packet])],
]
for (const [name, link, frame] of links) {
  for (const [format, write] of [
    ['pcap', pcap],
    ['pcapng', pcapng],
  ] as const) {
    t.test(`${format} over ${name}`, async (t) => {
      const bytes = write(link, [frame(ipv4(100, hello))])
      t.ok(isCapture(bytes))
      const [segment] = readCapture(bytes)
      t.same(
        { ...segment, payload: segment?.payload.toString() },
        { protocol: 'tcp', source: '10.0.0.1:40000', destination: '10.0.0.2:3868', sequence: 100, payload: 'hello ' },
      )
    })
  }
}

t.test('streams are put in order, and what was sent twice counts once', async (t) => {
  const whole = (packets: readonly Buffer[]) => tcpStreams(readCapture(pcap(101, packets)))[0]?.bytes.toString()
  t.equal(whole([ipv4(100, hello), ipv4(106, world)]), 'hello world')
  t.equal(whole([ipv4(106, world), ipv4(100, hello), ipv4(106, world)]), 'hello world')
  t.equal(whole([ipv4(100, hello), ipv4(103, Buffer.from('lo world'))]), 'hello world', 'an overlap')
  t.equal(whole([ipv4(0xfffffffd, hello), ipv4(3, world)]), 'hello world', 'the numbers wrap')
  t.equal(whole([ipv4(100, hello), ipv4(120, world)]), 'hello ', 'a gap ends it')
})

t.test('IPv6', async (t) => {
  const [segment] = readCapture(pcap(101, [ipv6(1, hello)]))
  t.equal(segment?.destination, '[2001:db8::2]:3868')
  t.equal(segment?.payload.toString(), 'hello ')
})

t.test('a capture that is cut short is refused', async (t) => {
  t.throws(() => readCapture(pcap(101, [ipv4(1, hello)]).subarray(0, -1)), PcapError)
  t.throws(() => readCapture(pcapng(101, [ipv4(1, hello)]).subarray(0, -1)), PcapError)
})

t.test('any octets are read or refused', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 40, maxLength: 200 }),
      fc.constantFrom(0, 1, 12, 101, 113, 276, 9),
      (noise, link) => {
        for (const bytes of [pcap(link, [Buffer.from(noise)]), pcapng(link, [Buffer.from(noise)])])
          tcpStreams(readCapture(bytes))
      },
    ),
  )
})
