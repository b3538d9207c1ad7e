import t, { type Test } from 'tap'
import { Avp, Command, CommandFlag, type DiameterMessage } from '../../../src/protocol/diameter/message.ts'
import type { MessageWriter } from '../../../src/protocol/diameter/writer.ts'
import { balances, type Gateway, rpcText, sampleFolder, startGateway, stopGateway } from '../../support/gateway.ts'
import { RawPeer, request } from '../../support/raw-peer.ts'

const CREDIT_CONTROL = 4

/** A CCR-I that is in order, but for what the row adds. */
function ccr(flags = 0): MessageWriter {
  return request(Command.CREDIT_CONTROL, CREDIT_CONTROL, CommandFlag.REQUEST | CommandFlag.PROXIABLE | flags)
    .text(Avp.SESSION_ID, 'bad;1')
    .text(Avp.ORIGIN_HOST, 'pgw')
    .text(Avp.ORIGIN_REALM, 'operator.example')
    .text(Avp.DESTINATION_REALM, 'tollgate.example')
    .unsigned32(Avp.AUTH_APPLICATION_ID, CREDIT_CONTROL)
    .text(461, '32251@3gpp.org')
    .unsigned32(Avp.CC_REQUEST_TYPE, 1)
    .unsigned32(Avp.CC_REQUEST_NUMBER, 0)
}

/** A CCR without the AVP of that code. */
function without(code: number): Buffer {
  const whole = ccr()
  const bytes = whole.finish()
  const parts = [bytes.subarray(0, 20)]
  for (let at = 20; at < bytes.length; ) {
    const padded = (bytes.readUIntBE(at + 5, 3) + 3) & ~3
    if (bytes.readUInt32BE(at) !== code) parts.push(bytes.subarray(at, at + padded))
    at += padded
  }
  const shorter = Buffer.concat(parts)
  shorter.writeUIntBE(shorter.length, 1, 3)
  return shorter
}

/** A CCR whose bytes from `at` on are others. */
function patched(at: number, hex: string, message = ccr().finish()): Buffer {
  message.write(hex, at, 'hex')
  return message
}

/** A CCR with an AVP written by hand behind the others. */
function withAvp(hex: string): Buffer {
  const message = Buffer.concat([ccr().finish(), Buffer.from(hex, 'hex')])
  message.writeUIntBE(message.length, 1, 3)
  return message
}

type Row = {
  name: string
  bytes: Buffer
  resultCode: number
  failedAvp?: string
  message?: RegExp
  strict?: true
  closes?: true
}

const ROWS: readonly Row[] = [
  {
    name: '3001 unknown command',
    bytes: request(999, CREDIT_CONTROL).text(Avp.SESSION_ID, 's').finish(),
    resultCode: 3001,
  },
  {
    name: '3002 Destination-Host',
    bytes: ccr().text(Avp.DESTINATION_HOST, 'other.example').finish(),
    resultCode: 3002,
    strict: true,
  },
  {
    name: '3003 Destination-Realm',
    bytes: elsewhere(),
    resultCode: 3003,
    strict: true,
  },
  { name: '3005 own Route-Record', bytes: ccr().text(282, 'ocs.tollgate.example').finish(), resultCode: 3005 },
  { name: '3007 unknown application', bytes: request(Command.CREDIT_CONTROL, 77).finish(), resultCode: 3007 },
  { name: '3008 a request with the E bit', bytes: ccr(CommandFlag.ERROR).finish(), resultCode: 3008 },
  {
    name: '3009 reserved bits of an AVP',
    bytes: withAvp('0000019f5000000c00000001'),
    resultCode: 3009,
    failedAvp: '0000019f5000000c00000001',
  },
  {
    name: '5001 unknown AVP with M',
    bytes: withAvp('0001869f4000000c00000001'),
    resultCode: 5001,
    failedAvp: '0001869f4000000c00000001',
    strict: true,
  },
  {
    name: '5004 enumeration out of range',
    bytes: withAvp('000001b44000000c00000009'),
    resultCode: 5004,
    failedAvp: '000001b44000000c00000009',
    strict: true,
  },
  { name: '5005 no Session-Id', bytes: without(Avp.SESSION_ID), resultCode: 5005, failedAvp: '0000010740000008' },
  {
    name: '5005 no CC-Request-Type',
    bytes: without(Avp.CC_REQUEST_TYPE),
    resultCode: 5005,
    failedAvp: '000001a04000000c00000000',
  },
  {
    name: '5005 no CC-Request-Number',
    bytes: without(Avp.CC_REQUEST_NUMBER),
    resultCode: 5005,
    failedAvp: '0000019f4000000c00000000',
  },
  {
    name: '5005 no Service-Context-Id',
    bytes: without(461),
    resultCode: 5005,
    failedAvp: '000001cd40000008',
    strict: true,
  },
  {
    name: '5008 an AVP of answers',
    bytes: ccr().unsigned32(Avp.RESULT_CODE, 2001).finish(),
    resultCode: 5008,
    failedAvp: '0000010c4000000c000007d1',
    strict: true,
  },
  {
    name: '5009 CC-Request-Number twice',
    bytes: ccr().unsigned32(Avp.CC_REQUEST_NUMBER, 1).finish(),
    resultCode: 5009,
    failedAvp: '0000019f4000000c00000001',
  },
  { name: '5011 version 2', bytes: patched(0, '02'), resultCode: 5011, closes: true },
  {
    name: '5012 a mandatory field of the template is not there',
    bytes: anonymous(),
    resultCode: 5012,
    message: /NOT_FOUND:Account/,
  },
  { name: '5013 reserved header bits', bytes: ccr(0x01).finish(), resultCode: 5013 },
  {
    name: '5014 Unsigned32 of 8 octets',
    bytes: withAvp('0000019f400000100000000000000001'),
    resultCode: 5014,
    failedAvp: '0000019f400000100000000000000001',
  },
  {
    name: '5014 length beyond the message',
    bytes: withAvp('0000019f4000ffff00000001'),
    resultCode: 5014,
    failedAvp: '0000019f40000008',
  },
  {
    name: '5014 length below its header',
    bytes: withAvp('0000019f4000000400000001'),
    resultCode: 5014,
    failedAvp: '0000019f40000008',
  },
  { name: '5014 a member beyond its group', bytes: withAvp('000001c840000010000001b0400000ff'), resultCode: 5014 },
  { name: '5015 message length no multiple of 4', bytes: patched(1, '000103'), resultCode: 5015, closes: true },
  { name: '5015 message length below the header', bytes: patched(1, '000010'), resultCode: 5015, closes: true },
]

/** A CCR for another realm. */
function elsewhere(): Buffer {
  const bytes = ccr().finish()
  bytes.write('tollgate.exampel', bytes.indexOf('tollgate.example'), 'latin1')
  return bytes
}

/** A CCR for a rating group, without the subscriber that the template wants. */
function anonymous(): Buffer {
  return ccr().openGroup(456).unsigned32(432, 1).closeGroup().finish()
}

/** The AVP inside Failed-AVP, in hex; undefined when there is none. */
function failedAvpOf(answer: DiameterMessage): string | undefined {
  const failed = answer.find(Avp.FAILED_AVP)
  return failed && answer.data(failed).toString('hex')
}

async function check(t: Test, gateway: Gateway, { bytes, resultCode, failedAvp, message, closes }: Row): Promise<void> {
  const peer = await RawPeer.open(gateway.diameterPort)
  t.teardown(() => peer.destroy())
  peer.send(bytes)
  const answer = await peer.next()
  if (answer === undefined) {
    t.fail('closed without an answer')
    return
  }
  t.equal(answer.unsigned32(Avp.RESULT_CODE), resultCode)
  t.equal((answer.flags & CommandFlag.ERROR) !== 0, resultCode < 4000, 'the E bit is for protocol errors only')
  t.equal(answer.flags & CommandFlag.REQUEST, 0)
  t.equal(answer.text(Avp.ORIGIN_HOST), 'ocs.tollgate.example')
  t.equal(answer.hopByHopId, 7)
  t.equal(answer.endToEndId, 9)
  if (failedAvp !== undefined) t.equal(failedAvpOf(answer), failedAvp, 'Failed-AVP')
  if (message !== undefined) t.match(answer.text(Avp.ERROR_MESSAGE), message)
  if (closes) {
    await peer.closed
    t.pass('nothing after it can be trusted: the connection is closed')
    return
  }
  peer.send(
    request(Command.DEVICE_WATCHDOG, 0)
      .text(Avp.ORIGIN_HOST, 'pgw')
      .text(Avp.ORIGIN_REALM, 'operator.example')
      .finish(),
  )
  const watchdog = await peer.next()
  t.equal(watchdog?.unsigned32(Avp.RESULT_CODE), 2001, 'the connection goes on')
}

t.test(
  '07 2.11: bad messages are answered with their Result-Code and Failed-AVP, and nothing is charged',
  async (t) => {
    for (const strict of [false, true]) {
      const overrides = { general: { log_level: 3 }, diameter_agent: { strict, origin_realm: 'tollgate.example' } }
      const gateway = await startGateway(sampleFolder(t, overrides))
      t.teardown(() => stopGateway(gateway, 'SIGKILL'))
      for (const row of ROWS.filter((each) => strict || !each.strict)) {
        await t.test(`${row.name}${strict ? ', strict' : ''}`, (t) => check(t, gateway, row))
      }
      t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], '10')
      t.match(await rpcText(gateway.httpPort, 'SessionSv1.GetActiveSessions', {}), 'NOT_FOUND')
      t.equal(gateway.process.exitCode, null)
    }
  },
)
