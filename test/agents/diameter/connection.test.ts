import t, { type Test } from 'tap'
import { Avp, Command, CommandFlag } from '../../../src/protocol/diameter/message.ts'
import { type Gateway, sampleFolder, startGateway, stopGateway } from '../../support/gateway.ts'
import { capabilities, RawPeer, request } from '../../support/raw-peer.ts'

async function gatewayOf(t: Test, overrides: object = {}): Promise<Gateway> {
  const gateway = await startGateway(sampleFolder(t, overrides))
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}

const ANSWER = (command: number, id: number) =>
  request(command, 0, 0)
    .unsigned32(Avp.RESULT_CODE, 2001)
    .text(Avp.ORIGIN_HOST, 'pgw')
    .text(Avp.ORIGIN_REALM, 'operator.example')
    .finish()
    .fill(id, 12, 16)

/** A CER with other applications. */
function offering(...applications: readonly { auth?: number; acct?: number; vendor?: number }[]): Buffer {
  const writer = request(Command.CAPABILITIES_EXCHANGE, 0).text(Avp.ORIGIN_HOST, 'pgw').text(Avp.ORIGIN_REALM, 'r')
  for (const { auth, acct, vendor } of applications) {
    if (vendor !== undefined) writer.openGroup(Avp.VENDOR_SPECIFIC_APPLICATION_ID).unsigned32(Avp.VENDOR_ID, vendor)
    if (auth !== undefined) writer.unsigned32(Avp.AUTH_APPLICATION_ID, auth)
    if (acct !== undefined) writer.unsigned32(Avp.ACCT_APPLICATION_ID, acct)
    if (vendor !== undefined) writer.closeGroup()
  }
  return writer.finish()
}

const CERS: readonly { name: string; cer: Buffer; resultCode: number }[] = [
  { name: 'credit control', cer: offering({ auth: 4 }), resultCode: 2001 },
  { name: 'credit control of a vendor', cer: offering({ vendor: 10415, auth: 4 }), resultCode: 2001 },
  { name: 'one known of several', cer: offering({ auth: 16777999 }, { acct: 77 }, { auth: 4 }), resultCode: 2001 },
  { name: 'a relay', cer: offering({ auth: 0xffffffff }), resultCode: 2001 },
  { name: 'none in common', cer: offering({ auth: 16777999 }), resultCode: 5010 },
  { name: 'none at all', cer: offering(), resultCode: 5010 },
  { name: 'no security', cer: capabilities().unsigned32(Avp.INBAND_SECURITY_ID, 0).finish(), resultCode: 2001 },
  {
    name: 'TLS inside the connection',
    cer: capabilities().unsigned32(Avp.INBAND_SECURITY_ID, 1).finish(),
    resultCode: 5017,
  },
  {
    name: 'no Origin-Host',
    cer: request(Command.CAPABILITIES_EXCHANGE, 0)
      .text(Avp.ORIGIN_REALM, 'r')
      .unsigned32(Avp.AUTH_APPLICATION_ID, 4)
      .finish(),
    resultCode: 5012,
  },
]

t.test('07 2.2: CER and CEA', async (t) => {
  const gateway = await gatewayOf(t, { general: { log_level: 3 } })
  for (const { name, cer, resultCode } of CERS) {
    const peer = await RawPeer.connect(gateway.diameterPort)
    peer.send(cer)
    const answer = await peer.next()
    t.equal(answer?.unsigned32(Avp.RESULT_CODE), resultCode, name)
    t.equal(((answer?.flags ?? 0) & CommandFlag.ERROR) !== 0, resultCode !== 2001)
    const offered = answer?.avps.filter(({ code }) => code === Avp.AUTH_APPLICATION_ID).length ?? 0
    t.equal(offered > 0, resultCode === 2001, 'applications are offered to an accepted peer only')
    if (resultCode !== 2001) await peer.closed
    peer.destroy()
  }
})

t.test('RFC 6733 5.6: before the CER nothing is answered; without one the connection is closed', async (t) => {
  const gateway = await gatewayOf(t, { general: { log_level: 3 }, diameter_agent: { cer_timeout: '300ms' } })
  const peer = await RawPeer.connect(gateway.diameterPort)
  peer.send(request(Command.CREDIT_CONTROL, 4).text(Avp.SESSION_ID, 's').finish())
  t.equal(await peer.next(), undefined)
  const late = await RawPeer.connect(gateway.diameterPort)
  late.send(request(Command.CREDIT_CONTROL, 4).text(Avp.SESSION_ID, 's').finish())
  late.send(capabilities().finish())
  t.equal((await late.next())?.commandCode, Command.CAPABILITIES_EXCHANGE, 'a later CER is taken')
  late.destroy()
})

t.test('RFC 3539 3.4.1: a silent peer is asked, then given up; one that answers stays', async (t) => {
  const gateway = await gatewayOf(t, { diameter_agent: { watchdog_interval: '200ms' } })
  const silent = await RawPeer.open(gateway.diameterPort)
  t.equal((await silent.next())?.commandCode, Command.DEVICE_WATCHDOG)
  t.equal(await silent.next(), undefined, 'no second question')
  t.match(gateway.output(), 'watchdog: the peer is silent')
  const alive = await RawPeer.open(gateway.diameterPort)
  for (let i = 0; i < 5; i++) {
    const asked = await alive.next()
    t.equal(asked?.commandCode, Command.DEVICE_WATCHDOG)
    t.ok(asked?.isRequest)
    alive.send(ANSWER(Command.DEVICE_WATCHDOG, 0))
  }
  alive.destroy()
})

t.test('RFC 6733 5.4: SIGTERM tells the peers to go and waits for their DPA', async (t) => {
  const gateway = await gatewayOf(t)
  const peer = await RawPeer.open(gateway.diameterPort)
  const left = stopGateway(gateway)
  const asked = await peer.next()
  t.equal(asked?.commandCode, Command.DISCONNECT_PEER)
  t.equal(asked?.unsigned32(Avp.DISCONNECT_CAUSE), 0, 'REBOOTING')
  peer.send(request(Command.CREDIT_CONTROL, 4).text(Avp.SESSION_ID, 'late').finish())
  const refused = await peer.next()
  t.equal(refused?.unsigned32(Avp.RESULT_CODE), 3004, 'what comes now goes elsewhere')
  peer.send(ANSWER(Command.DISCONNECT_PEER, 0))
  await peer.closed
  peer.destroy()
  t.equal(await left, 0)
})

t.test('RFC 6733 5.4: a peer that goes gets its DPA, and no DPR', async (t) => {
  const gateway = await gatewayOf(t)
  const peer = await RawPeer.open(gateway.diameterPort)
  peer.send(
    request(Command.DISCONNECT_PEER, 0)
      .text(Avp.ORIGIN_HOST, 'pgw')
      .text(Avp.ORIGIN_REALM, 'r')
      .unsigned32(Avp.DISCONNECT_CAUSE, 0)
      .finish(),
  )
  const answer = await peer.next()
  t.equal(answer?.commandCode, Command.DISCONNECT_PEER)
  t.equal(answer?.unsigned32(Avp.RESULT_CODE), 2001)
  t.equal(await peer.next(), undefined)
  peer.destroy()
})

/** The Result-Codes of ten requests that come at once. */
async function codesOfTen(t: Test, overrides: object): Promise<(number | undefined)[]> {
  const gateway = await gatewayOf(t, overrides)
  const peer = await RawPeer.open(gateway.diameterPort)
  t.teardown(() => peer.destroy())
  const requests = Array.from({ length: 10 }, (_, i) => {
    const writer = request(Command.CREDIT_CONTROL, 4).text(Avp.SESSION_ID, `flight;${i}`).text(Avp.ORIGIN_HOST, 'pgw')
    writer.text(Avp.ORIGIN_REALM, 'r').unsigned32(Avp.AUTH_APPLICATION_ID, 4).unsigned32(Avp.CC_REQUEST_TYPE, 1)
    writer.unsigned32(Avp.CC_REQUEST_NUMBER, 0).openGroup(443).unsigned32(450, 0).text(444, '1001').closeGroup()
    return writer
      .openGroup(456)
      .openGroup(437)
      .unsigned64(421, 1000n)
      .closeGroup()
      .unsigned32(432, 1)
      .closeGroup()
      .finish()
  })
  peer.send(Buffer.concat(requests))
  const codes: (number | undefined)[] = []
  for (let i = 0; i < 10; i++) codes.push((await peer.next())?.unsigned32(Avp.RESULT_CODE))
  return codes
}

for (const { name, overrides, served } of [
  {
    name: '07 2.3: beyond max_inflight a peer gets 3004',
    overrides: { diameter_agent: { max_inflight: 2 } },
    served: 2,
  },
  { name: '10 B10: beyond cores.caps, too', overrides: { cores: { caps: 3 } }, served: 3 },
  {
    name: '10 B10: or it waits for its turn',
    overrides: { cores: { caps: 3, caps_strategy: '*queue' } },
    served: 10,
  },
])
  t.test(name, async (t) => {
    const codes = await codesOfTen(t, overrides)
    t.equal(codes.filter((code) => code === 2001).length, served)
    t.equal(codes.filter((code) => code === 3004).length, 10 - served)
  })
