import fc from 'fast-check'
import t from 'tap'
import { Framer, type FramingFault } from '../../../src/protocol/diameter/framing.ts'

/** DWR of 20 octets without AVPs, and one with 8 octets more. */
const SHORT = '01000014 80000118 00000000 00000001 00000001'
const LONGER = '0100001c 80000118 00000000 00000002 00000002 00000108 40000008'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

function cut(
  chunks: readonly Buffer[],
  maxMessageSize?: number,
): { frames: string[]; fault: FramingFault | undefined } {
  const framer = new Framer(maxMessageSize)
  const frames: string[] = []
  let fault: FramingFault | undefined
  for (const chunk of chunks) fault = framer.push(chunk, (frame) => frames.push(frame.toString('hex'))) ?? fault
  return { frames, fault }
}

t.test('RFC 6733, 3: messages are cut by their length', async (t) => {
  const stream = hex(`${SHORT} ${LONGER} ${SHORT}`)
  const frames = [SHORT, LONGER, SHORT].map((text) => hex(text).toString('hex'))
  t.strictSame(cut([stream]), { frames, fault: undefined }, 'three in one segment')
  const octets = Array.from(stream, (octet) => Buffer.from([octet]))
  t.strictSame(cut(octets), { frames, fault: undefined }, 'octet by octet')
  t.strictSame(cut([stream.subarray(0, 20), Buffer.alloc(0), stream.subarray(20)]).frames, frames, 'an empty segment')
})

t.test('a message within one segment is a view of it', async (t) => {
  const stream = hex(`${SHORT} ${LONGER}`)
  const views: Buffer[] = []
  new Framer().push(stream, (frame) => views.push(frame))
  t.ok(views.length === 2 && views.every((view) => view.buffer === stream.buffer))
})

t.test('any cutting of a stream gives the same messages', async () => {
  const stream = hex(`${LONGER} ${SHORT} ${SHORT} ${LONGER} ${LONGER}`)
  const whole = cut([stream]).frames
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (places) => {
      const cuts = [0, ...places.sort((a, b) => a - b), stream.length]
      const chunks = cuts.slice(1).map((end, i) => stream.subarray(cuts[i], end))
      return JSON.stringify(cut(chunks).frames) === JSON.stringify(whole)
    }),
  )
})

t.test('RFC 6733, 7.1.5: a stream that cannot be cut ends, with the header for the answer', async (t) => {
  const rows = [
    { name: 'version 2', header: '02000014 80000118 00000000 00000001 00000001', resultCode: 5011 },
    { name: 'length 16', header: '01000010 80000118 00000000 00000001 00000001', resultCode: 5015 },
    { name: 'length 0', header: '01000000 80000118 00000000 00000001 00000001', resultCode: 5015 },
    { name: 'length 22', header: '01000016 80000118 00000000 00000001 00000001', resultCode: 5015 },
    { name: 'length beyond the limit', header: '01000404 80000118 00000000 00000001 00000001', resultCode: 5015 },
  ]
  for (const { name, header, resultCode } of rows) {
    const bytes = hex(`${SHORT} ${header} ${SHORT}`)
    for (const chunks of [[bytes], Array.from(bytes, (octet) => Buffer.from([octet]))]) {
      const { frames, fault } = cut(chunks, 1024)
      t.strictSame(frames, [hex(SHORT).toString('hex')], `${name}: the message before it is delivered, none after it`)
      t.equal(fault?.resultCode, resultCode, name)
      t.equal(fault?.header.toString('hex'), hex(header).toString('hex'), name)
    }
  }
})

t.test('random octets never throw', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
      cut(chunks.map((chunk) => Buffer.from(chunk)))
    }),
    { numRuns: 500 },
  )
})
