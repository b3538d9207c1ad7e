import t, { type Test } from 'tap'
import { Avp, Command, CommandFlag, type DiameterMessage } from '../../../src/protocol/diameter/message.ts'
import { MessageWriter } from '../../../src/protocol/diameter/writer.ts'
import { type Gateway, rpcText, sampleFolder, startGateway, stopGateway } from '../../support/gateway.ts'
import { RawPeer, request } from '../../support/raw-peer.ts'
import { until } from '../../support/until.ts'

const DESTINATION_HOST = 293
const DESTINATION_REALM = 283
const [INITIAL, UPDATE, TERMINATION] = [1, 2, 3]

function ccr(sessionId: string, type: number, number: number, endToEndId: number, destinationHost = 'CGR-DA'): Buffer {
  const writer = request(Command.CREDIT_CONTROL, 4, CommandFlag.REQUEST | CommandFlag.PROXIABLE)
    .text(Avp.SESSION_ID, sessionId)
    .text(Avp.ORIGIN_HOST, 'pgw')
    .text(Avp.ORIGIN_REALM, 'operator.example')
    .text(DESTINATION_REALM, 'tollgate.example')
  if (destinationHost !== '') writer.text(DESTINATION_HOST, destinationHost)
  const bytes = writer
    .unsigned32(Avp.AUTH_APPLICATION_ID, 4)
    .text(461, '32251@3gpp.org')
    .unsigned32(Avp.CC_REQUEST_TYPE, type)
    .unsigned32(Avp.CC_REQUEST_NUMBER, number)
    .openGroup(443)
    .unsigned32(450, 0)
    .text(444, '1001')
    .closeGroup()
    .openGroup(456)
    .openGroup(437)
    .unsigned64(421, 1_048_576n)
    .closeGroup()
    .unsigned32(432, 1)
    .closeGroup()
    .finish()
  bytes.writeUInt32BE(endToEndId, 16)
  return bytes
}

/** The answer of a peer to a request of ours. */
function answerTo(
  { commandCode, applicationId, hopByHopId, endToEndId }: DiameterMessage,
  resultCode?: number,
): Buffer {
  const writer = new MessageWriter().begin({ flags: 0, commandCode, applicationId, hopByHopId, endToEndId })
  if (resultCode !== undefined) writer.unsigned32(Avp.RESULT_CODE, resultCode)
  return writer.text(Avp.ORIGIN_HOST, 'pgw').text(Avp.ORIGIN_REALM, 'operator.example').finish()
}

async function start(t: Test, agent: object): Promise<Gateway> {
  const folder = sampleFolder(t, {
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
    ees: { enabled: false },
    cdrs: { ees_conns: [], online_cdr_exports: [] },
    diameter_agent: agent,
  })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway))
  return gateway
}

async function open(t: Test, { diameterPort }: Gateway): Promise<RawPeer> {
  const peer = await RawPeer.open(diameterPort)
  t.teardown(() => peer.destroy())
  return peer
}

async function next(peer: RawPeer): Promise<DiameterMessage> {
  const message = await peer.next()
  if (message === undefined) throw new Error('the gateway has closed')
  return message
}

async function call({ httpPort }: Gateway, method: string, argument: object): Promise<unknown> {
  const reply = JSON.parse(await rpcText(httpPort, method, argument)) as { result: unknown; error: unknown }
  return reply.error ?? reply.result
}

const textsOf = (message: DiameterMessage) =>
  message.avps.map((avp) => {
    const data = message.data(avp)
    return [avp.code, data.length === 4 ? data.readUInt32BE(0) : data.toString()]
  })

t.test('07 2.8: a session that is ended by force becomes an ASR, a changed one an RAR', async (t) => {
  const gateway = await start(t, { forced_disconnect: '*asr', asr_template: '*asr', rar_template: '*rar' })
  const peer = await open(t, gateway)
  peer.send(ccr('pgw;1', INITIAL, 0, 1))
  t.equal((await next(peer)).unsigned32(Avp.RESULT_CODE), 2001)

  for (const [resultCode, wanted] of [
    [2001, 'OK'],
    [2002, 'OK'],
    [5012, 'PARTIALLY_EXECUTED'],
    [undefined, 'PARTIALLY_EXECUTED'],
  ] as const) {
    const altered = call(gateway, 'SessionSv1.AlterSessions', { Event: { Plan: 'gold' } })
    const rar = await next(peer)
    t.same([rar.commandCode, rar.applicationId, rar.flags], [258, 4, 0xc0])
    t.same(textsOf(rar), [
      [263, 'pgw;1'],
      [264, 'CGR-DA'],
      [296, 'tollgate.example'],
      [283, 'operator.example'],
      [293, 'pgw'],
      [258, 4],
      [285, 0],
    ])
    peer.send(answerTo(rar, resultCode))
    t.equal(await altered, wanted, `answered ${resultCode}`)
  }

  t.equal(await call(gateway, 'SessionSv1.ForceDisconnect', { Event: { DisconnectCause: 'ADMIN' } }), 'OK')
  const asr = await next(peer)
  t.same([asr.commandCode, asr.applicationId, asr.flags, asr.sessionId], [274, 4, 0xc0, 'pgw;1'])
  peer.send(answerTo(asr, 2001))
  peer.send(ccr('pgw;1', TERMINATION, 1, 2))
  t.equal((await next(peer)).commandCode, 272, 'the answer to an ASR is not answered, the last request is')
  t.equal(await call(gateway, 'SessionSv1.GetActiveSessionsCount', {}), 0)
})

t.test('07 2.8: the notice goes to another connection of the same peer when its own is lost', async (t) => {
  const gateway = await start(t, { forced_disconnect: '*rar', rar_template: '*rar' })
  const first = await open(t, gateway)
  first.send(ccr('pgw;2', INITIAL, 0, 1))
  await next(first)
  first.send(ccr('pgw;2', UPDATE, 1, 2))
  await next(first)
  const second = await open(t, gateway)
  first.destroy()
  await call(gateway, 'SessionSv1.ForceDisconnect', {})
  t.same([(await next(second)).commandCode], [258])
})

t.test('07 2.8: what cannot be sent', async (t) => {
  const gateway = await start(t, { forced_disconnect: '*asr', asr_template: '*asr' })
  const peer = await open(t, gateway)
  peer.send(ccr('pgw;3', INITIAL, 0, 1, ''))
  await next(peer)
  t.equal(await call(gateway, 'SessionSv1.AlterSessions', {}), 'PARTIALLY_EXECUTED', 'no template of an RAR')
  t.equal(
    await call(gateway, 'SessionSv1.ForceDisconnect', {}),
    'OK',
    'a template that fails ends the session all the same',
  )
  await until(() => gateway.output().includes('SERVER_ERROR: NOT_FOUND:OriginHost'))
  const named = { OriginHost: 'pgw', OriginRealm: 'operator.example', RemoteAddr: '' }
  for (const [peer, why] of [
    [{ ...named, DisconnectCause: 3 }, 'a cause that is none'],
    [{ ...named, OriginHost: 'other', DisconnectCause: 0 }, 'a peer that is none'],
  ] as const)
    t.equal(await call(gateway, 'SessionSv1.DisconnectPeer', peer), 'PARTIALLY_EXECUTED', why)
})

t.test('07 2.8: a peer is disconnected once it agrees', async (t) => {
  const gateway = await start(t, {})
  const peer = await open(t, gateway)
  const named = { OriginHost: 'pgw', OriginRealm: 'operator.example', RemoteAddr: '', DisconnectCause: 2 }
  const disconnected = call(gateway, 'SessionSv1.DisconnectPeer', named)
  const dpr = await next(peer)
  t.same([dpr.commandCode, dpr.applicationId], [282, 0])
  t.same(textsOf(dpr), [
    [264, 'ocs.tollgate.example'],
    [296, 'tollgate.example'],
    [273, 2],
  ])
  peer.send(answerTo(dpr, 2001))
  t.equal(await disconnected, 'OK')
  await peer.closed
})

t.test('07 1.10: sessions of another process call the agent over the connection that it uses', async (t) => {
  const charging = await startGateway(
    sampleFolder(t, {
      listen: { birpc_json: '127.0.0.1:0' },
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      ees: { enabled: false },
      cdrs: { ees_conns: [], online_cdr_exports: [] },
      diameter_agent: { enabled: false },
    }),
  )
  t.teardown(() => stopGateway(charging))
  const address = /^BiRPC +([\d.]+:\d+)/m.exec(charging.output())?.[1]
  const gateway = await startGateway(
    sampleFolder(t, {
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      ees: { enabled: false },
      cdrs: { ees_conns: [], online_cdr_exports: [] },
      rpc_conns: { charging: { conns: [{ address, transport: '*birpc_json' }] } },
      diameter_agent: {
        sessions_conns: ['charging'],
        forced_disconnect: '*asr',
        asr_template: '*asr',
        rar_template: '*rar',
      },
    }),
    null,
  )
  t.teardown(() => stopGateway(gateway))
  const peer = await open(t, gateway)
  peer.send(ccr('pgw;9', INITIAL, 0, 1))
  t.equal((await next(peer)).unsigned32(Avp.RESULT_CODE), 2001)
  t.equal(await call(charging, 'SessionSv1.GetActiveSessionsCount', {}), 1)
  const altered = call(charging, 'SessionSv1.AlterSessions', {})
  const rar = await next(peer)
  t.same([rar.commandCode, rar.sessionId], [258, 'pgw;9'])
  peer.send(answerTo(rar, 2001))
  t.equal(await altered, 'OK')
  t.equal(await call(charging, 'SessionSv1.ForceDisconnect', {}), 'OK')
  const asr = await next(peer)
  t.same([asr.commandCode, asr.sessionId], [274, 'pgw;9'])
})

t.test('a template of a request that no dictionary has stops the start', async (t) => {
  const folder = sampleFolder(t, {
    diameter_agent: { asr_template: 'abort' },
    templates: { abort: [{ tag: 'X', path: '*diamreq.No-Such-AVP', type: '*constant', value: '1' }] },
  })
  await t.rejects(startGateway(folder), /templates\.abort|AVP "No-Such-AVP" is in no dictionary/)
  const unknown = sampleFolder(t, { diameter_agent: { rar_template: 'nowhere' } })
  await t.rejects(startGateway(unknown), /no template with id: <nowhere>/)
})
