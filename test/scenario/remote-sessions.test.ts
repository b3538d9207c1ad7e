import t from 'tap'
import { gyRequest, readGyAnswer, retransmission } from '../../src/commands/gy-gateway.ts'
import { Avp, Command } from '../../src/protocol/diameter/message.ts'
import { ask, connectGateway, rpcText, startGateway, stopGateway } from '../support/gateway.ts'
import { chargingFor, MIB, play, scriptsOf, taken, untilText, usageOf, wholeSession } from '../support/gy-scripts.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { freeAddresses, gatewayFolder, startCharging, startFor } from '../support/two-processes.ts'

t.test('01 3.2, 3.3: sessions of another process over every transport, by every strategy', async (t) => {
  const charging = await chargingFor(t)
  const [dead = ''] = await freeAddresses(1)
  const host = (address: string, transport = '*json') => ({ address, transport, reply_timeout: '20s' })
  const gone = { address: dead, connect_attempts: 1 }
  const transports = {
    json: host(charging.json),
    gob: host(charging.gob, '*gob'),
    http: host(`http://${charging.http}/jsonrpc`, '*http_jsonrpc'),
    birpc: host(charging.birpc, '*birpc_json'),
  }
  const answering = ['*first', '*next', '*random', '*first_positive', '*first_positive_async', '*broadcast']
  const pools = {
    ...Object.fromEntries(Object.entries(transports).map(([id, each]) => [id, { conns: [each] }])),
    ...Object.fromEntries(
      answering.map((strategy) => [strategy.slice(1), { strategy, conns: [gone, transports.json] }]),
    ),
    broadcast_sync: { strategy: '*broadcast_sync', conns: [transports.json] },
    parallel: { strategy: '*parallel', conns: [transports.gob] },
    none: { conns: [gone] },
    async: { strategy: '*async', conns: [gone, transports.json] },
    broadcast_async: { strategy: '*broadcast_async', conns: [transports.json] },
  }
  const gateway = await startFor(t, gatewayFolder(t, pools, ['json']))
  const client = await connectGateway(gateway.diameterPort)
  const use = async (...conns: string[]) => {
    const config = { diameter_agent: { sessions_conns: conns } }
    t.match(await rpcText(gateway.httpPort, 'ConfigSv1.SetConfig', { Config: config }), '"result":"OK"', conns.join())
  }
  const waiting = Object.keys(pools).filter((id) => !['none', 'async', 'broadcast_async'].includes(id))
  for (const id of waiting) {
    await use(id)
    await wholeSession(t, client, id)
  }
  await use('none', 'gob')
  await wholeSession(t, client, 'the next id of the list')
  const { balance, cdrs, count } = await taken(charging.process)
  t.equal(balance, cdrs, 'what was taken is what the CDRs have cost')
  t.equal(count, waiting.length + 1)
  for (const id of ['async', 'broadcast_async']) {
    await use(id)
    const initial = await ask(client, id, 1, 0, [{ ratingGroup: 1, requested: MIB }])
    t.match(initial.groups, [{ resultCode: 4012 }], `${id}: nothing was granted, nobody has answered`)
    const active = () => rpcText(charging.process.httpPort, 'SessionSv1.GetActiveSessions', {})
    t.match(await untilText(active, new RegExp(`"OriginID":"${id}_1"`)), id, 'the other process has it all the same')
  }
  await use('none')
  const refused = await ask(client, 'nobody', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  t.match(refused.groups, [{ resultCode: 5031 }], '07 1.8: an API that cannot be called is answered as templated')
  await client.close()
})

t.test('what the other process refuses, and a session that its end does not name', async (t) => {
  const charging = await chargingFor(t)
  const gateway = await startFor(t, gatewayFolder(t, { ocs: { conns: [{ address: charging.json }] } }, ['ocs']))
  const client = await connectGateway(gateway.diameterPort)
  const unknown = await ask(client, 'u', 1, 0, [{ ratingGroup: 1, requested: MIB }], '4999')
  t.match(unknown.groups, [{ resultCode: 5030 }])
  const groups = [1, 2].map((ratingGroup) => ({ ratingGroup, requested: MIB }))
  t.match((await ask(client, 's', 1, 0, groups)).groups, [{ granted: MIB }, { granted: MIB }])
  await ask(client, 's', 3, 1, [{ ratingGroup: 1, used: MIB }])
  t.match(await rpcText(charging.process.httpPort, 'SessionSv1.GetActiveSessionsCount', {}), '"result":0')
  const { balance, cdrs, count } = await taken(charging.process)
  t.equal(count, 2, 'the other group has its CDR, too')
  t.equal(balance, cdrs)
  const first = gyRequest(client, { sessionId: 'r', type: 1, number: 0, account: '1001', originHost: 'pgw', groups })
  const answers = await Promise.all([client.send(first), client.send(retransmission(first, 0x7ffffff0))])
  t.same(
    answers.map((answer) => readGyAnswer(answer).groups.map(({ resultCode }) => resultCode)),
    [
      [2001, 2001],
      [2001, 2001],
    ],
    'a repeat that comes while the first waits gets its answer',
  )
  await client.close()
})

t.test('a lost reply of a process that does not know calls again: nothing is sent twice', async (t) => {
  const charging = await chargingFor(t)
  // It stops before it answers: what it was asked may have been done.
  const conns = [
    { address: charging.json, reply_timeout: '1s' },
    { address: charging.gob, transport: '*gob' },
  ]
  const gateway = await startFor(t, gatewayFolder(t, { ocs: { conns } }, ['ocs']))
  const client = await connectGateway(gateway.diameterPort)
  await ask(client, 's', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  charging.process.process.kill('SIGSTOP')
  const groups = [{ ratingGroup: 1, requested: MIB, used: MIB }]
  const update = gyRequest(client, { sessionId: 's', type: 2, number: 1, account: '1001', originHost: 'pgw', groups })
  const lost = readGyAnswer(await client.send(update))
  t.match(lost.groups, [{ resultCode: 5031 }], 'answered as templated, neither repeated nor failed over')
  charging.process.process.kill('SIGCONT')
  const again = readGyAnswer(await client.send(retransmission(update, update.readUInt32BE(12) + 1000)))
  t.match(again.groups, [{ resultCode: 5031 }], 'a repeat gets the same answer')
  await ask(client, 's', 3, 2, [{ ratingGroup: 1, used: 0n }])
  const { balance, cdrs } = await taken(charging.process)
  t.equal(balance, cdrs)
  t.match(await rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {}), `"Usage":${MIB},`, 'used once')
  await client.close()
})

t.test('07 1.10: the other process ends a session over a bidirectional connection: the peer gets an ASR', async (t) => {
  const charging = await chargingFor(t)
  const conns = [{ address: charging.birpc, transport: '*birpc_json' }]
  const asr = [{ tag: 'SessionId', path: '*diamreq.Session-Id', value: '~*req.Session-Id' }]
  const gateway = await startFor(t, gatewayFolder(t, { ocs: { conns } }, ['ocs'], { asr }))
  const client = await connectGateway(gateway.diameterPort)
  const peer = await RawPeer.open(gateway.diameterPort)
  t.teardown(() => peer.destroy())
  const groups = [{ ratingGroup: 1, requested: MIB }]
  peer.send(gyRequest(client, { sessionId: 'asr', type: 1, number: 0, account: '1001', originHost: 'pgw', groups }))
  t.equal((await peer.next())?.unsigned32(Avp.RESULT_CODE), 2001)
  t.match(await rpcText(charging.process.httpPort, 'SessionSv1.ForceDisconnect', {}), '"result":"OK"')
  t.match(await peer.next(), { commandCode: Command.ABORT_SESSION, isRequest: true, sessionId: 'asr' })
  await client.close()
})

const SESSIONS = 20
const UPDATES = 6

t.test(
  '10 D2, D7: kill -9 of the process that charges, then of the gateway: every request is charged once',
  async (t) => {
    let charging = await startCharging(t)
    t.teardown(() => stopGateway(charging.process, 'SIGKILL'))
    const host = { address: charging.json, reply_timeout: '60s', max_reconnect_interval: '100ms' }
    const folder = gatewayFolder(t, { ocs: { idempotent: true, conns: [host] } }, ['ocs'])
    let gateway = await startGateway(folder, null)
    t.teardown(() => stopGateway(gateway, 'SIGKILL'))
    const scripts = scriptsOf(SESSIONS)
    for (const killed of ['charging', 'gateway', 'charging', 'nobody'] as const) {
      const client = await connectGateway(gateway.diameterPort)
      let answers = 0
      let restarted: Promise<void> | undefined
      await play(client, scripts, UPDATES, () => {
        if (killed === 'nobody' || ++answers < 25) return
        restarted ??= (async () => {
          await stopGateway(killed === 'charging' ? charging.process : gateway, 'SIGKILL')
          if (killed === 'charging') charging = { ...charging, process: await startGateway(charging.folder, null) }
          else gateway = await startGateway(folder, null)
          // The rest is for the next life.
          if (killed === 'charging') client.destroy()
        })()
      })
      await restarted
      client.destroy()
    }
    t.ok(scripts.every(({ done }) => done))
    const { balance, cdrs, count } = await taken(charging.process)
    t.equal(count, SESSIONS, 'one CDR per session')
    t.equal(balance, cdrs, 'initial - final balance = sum of the CDR costs')
    const found = JSON.parse(await rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {})) as {
      result: { Usage: number }[]
    }
    const expected = usageOf(UPDATES)
    t.same([...new Set(found.result.map(({ Usage }) => Usage))], [expected], 'every update counted once')
    t.match(await rpcText(charging.process.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  },
)
