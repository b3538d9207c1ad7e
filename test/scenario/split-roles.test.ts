import t, { type Test } from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import {
  ask,
  balances,
  cdrCosts,
  connectGateway,
  type Gateway,
  rpcText,
  sampleFolder,
  startGateway,
  stopGateway,
  sumOf,
} from '../support/gateway.ts'
import { chargingFor, MIB, play, scriptsOf, taken, untilText, usageOf, wholeSession } from '../support/gy-scripts.ts'
import { startServer } from '../support/rpc-hosts.ts'
import { startCharging, startFor } from '../support/two-processes.ts'

const OFF = { enabled: false }

/** The folder of a process that has Diameter and sessions, and asks others for the rest. */
function sessionsFolder(t: Test, rpcConns: object, sessions: object, more: object = {}): string {
  return sampleFolder(t, {
    general: { node_id: 'sessions' },
    rpc_conns: rpcConns,
    sessions,
    diameter_agent: { sessions_conns: ['*birpc_internal'] },
    rals: OFF,
    chargers: OFF,
    cdrs: { enabled: false, ees_conns: [], online_cdr_exports: [] },
    ees: OFF,
    schedulers: OFF,
    apiers: OFF,
    ...more,
  })
}

const ALL_IN_CORE = { chargers_conns: ['core'], rals_conns: ['core'], cdrs_conns: ['core'] }

/** Waits until what is sent later is there: so many CDRs, and as much taken as they have cost. */
async function settled(gateway: Gateway, count: number): Promise<string> {
  for (;;) {
    const { balance, cdrs, count: found } = await taken(gateway)
    if (found === count && balance === cdrs) return balance
  }
}

t.test('10 B1: sessions here, chargers, RALs and CDRs in another process, over every transport', async (t) => {
  const alone = await startGateway(sampleFolder(t))
  t.teardown(() => stopGateway(alone, 'SIGKILL'))
  const client = await connectGateway(alone.diameterPort)
  await wholeSession(t, client, 'alone', MIB / 2n)
  await client.close()
  const expected = await settled(alone, 1)
  const charging = await chargingFor(t)
  const host = (address: string, transport: string) => ({ conns: [{ address, transport, reply_timeout: '20s' }] })
  const pools = {
    core: host(charging.json, '*json'),
    gob: host(charging.gob, '*gob'),
    http: host(`http://${charging.http}/jsonrpc`, '*http_jsonrpc'),
  }
  const front = await startFor(t, sessionsFolder(t, pools, ALL_IN_CORE))
  const peer = await connectGateway(front.diameterPort)
  let sum = Decimal.ZERO
  for (const [i, id] of Object.keys(pools).entries()) {
    const conns = { chargers_conns: [id], rals_conns: [id], cdrs_conns: [id] }
    t.match(await rpcText(front.httpPort, 'ConfigSv1.SetConfig', { Config: { sessions: conns } }), '"result":"OK"', id)
    await wholeSession(t, peer, id, MIB / 2n)
    sum = sum.plus(Decimal.parse(expected))
    t.equal(await settled(charging.process, i + 1), sum.toString(), `${id}: costs what it costs in one process`)
  }
  t.match(await rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {}), /"Usage":786432,/, 'what was used')
  t.match(await rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {}), /"CostSource":"\*sessions"/)
  await peer.close()
})

t.test('a charge that nothing takes up is given back; what is refused is told', async (t) => {
  const charging = await chargingFor(t)
  const { httpPort } = charging.process
  const second = { ID: 'second', RunID: 'second', AttributeIDs: ['*constant:*req.Account:nobody'], Weight: 1 }
  t.match(await rpcText(httpPort, 'APIerSv1.SetChargerProfile', second), '"OK"')
  const front = await startFor(t, sessionsFolder(t, { core: { conns: [{ address: charging.json }] } }, ALL_IN_CORE))
  const client = await connectGateway(front.diameterPort)
  const refused = await ask(client, 'two runs', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  t.match(refused.groups, [{ resultCode: 5030 }], 'the account of the second run is not there')
  await untilText(async () => (await balances(httpPort, '1001'))['MONEY'] ?? '', /^10$/)
  t.match(await rpcText(front.httpPort, 'SessionSv1.GetActiveSessionsCount', {}), '"result":0')
  const removed = await rpcText(httpPort, 'APIerSv1.RemoveChargerProfile', { ID: 'second' })
  t.match(removed, '"OK"')
  const none = await rpcText(front.httpPort, 'SessionSv1.AuthorizeEvent', {
    GetMaxUsage: true,
    Tenant: 'elsewhere.org',
    Event: { Account: '1001', RequestType: '*prepaid', Usage: 1 },
  })
  t.match(none, '"error":"CHARGERS_ERROR:NOT_FOUND"')
  await stopGateway(charging.process, 'SIGKILL')
  const authorize = {
    GetMaxUsage: true,
    Event: { Account: '1001', RequestType: '*prepaid', ToR: '*data', Destination: 'rg1', Usage: 1 },
  }
  t.match(
    await rpcText(front.httpPort, 'SessionSv1.AuthorizeEvent', authorize),
    /"error":"CHARGERS_ERROR:dial tcp .*: connect: connection refused"/,
  )
  await client.close()
})

t.test('10 D7: a debit whose reply is lost is not made twice, and what it took is told', async (t) => {
  const charging = await chargingFor(t)
  const host = { address: charging.json, reply_timeout: '1s' }
  const front = await startFor(t, sessionsFolder(t, { core: { conns: [host] } }, ALL_IN_CORE))
  const client = await connectGateway(front.diameterPort)
  await ask(client, 's', 1, 0, [{ ratingGroup: 1, requested: MIB }])
  charging.process.process.kill('SIGSTOP')
  const lost = await ask(client, 's', 2, 1, [{ ratingGroup: 1, requested: MIB, used: MIB }])
  t.match(lost.groups, [{ resultCode: 5031 }], 'refused as templated')
  charging.process.process.kill('SIGCONT')
  const toldOf = async () => `${front.output()}${await rpcText(front.httpPort, 'CoreSv1.Ping', {})}`
  await untilText(toldOf, /it stays unknown whether a charge was made/)
  t.match(front.output(), /"Responder\.MaxDebit"/)
  await client.close()
})

t.test('10 D6: CDRs wait for another engine, over kill -9 of both', async (t) => {
  let charging = await startCharging(t)
  t.teardown(() => stopGateway(charging.process, 'SIGKILL'))
  const pools = { core: { idempotent: true, conns: [{ address: charging.json, reply_timeout: '20s' }] } }
  const folder = sessionsFolder(
    t,
    pools,
    { cdrs_conns: ['core'], store_session_costs: true, ...IN_PROCESS },
    MONEY_HERE,
  )
  let front = await startGateway(folder)
  t.teardown(() => stopGateway(front, 'SIGKILL'))
  const client = await connectGateway(front.diameterPort)
  await wholeSession(t, client, 'first', MIB / 2n)
  await untilText(() => rpcText(charging.process.httpPort, 'CDRsV1.GetCDRsCount', {}), /"result":1/)
  await stopGateway(charging.process, 'SIGKILL')
  await wholeSession(t, client, 'second', MIB / 2n)
  await wholeSession(t, client, 'third', MIB / 2n)
  t.match(await cdrlog(front.httpPort), '"OK"', '04 11.6: *cdrlog over schedulers.cdrs_conns')
  client.destroy()
  await stopGateway(front, 'SIGKILL')
  charging = { ...charging, process: await startGateway(charging.folder, null) }
  front = await startGateway(folder, null)
  const all = () => rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {})
  await untilText(() => rpcText(charging.process.httpPort, 'CDRsV1.GetCDRsCount', {}), /"result":4/)
  t.match(await all(), /"RunID":"\*topup".*"Source":"\*cdrlog".*"Cost":5,/)
  const costs = sumOf(await cdrCosts(charging.process.httpPort, { NotRunIDs: ['*topup'] }))
  const left = Decimal.parse((await balances(front.httpPort, '1001'))['MONEY'] ?? '0')
  t.equal(Decimal.of(15).minus(left).toString(), costs.toString(), 'charged here, as the CDRs there say')
  t.match(await rpcText(front.httpPort, 'CDRsV1.GetCDRsCount', {}), /find service|"result":0/, 'none is made here')
  await untilText(async () => String((await balances(charging.process.httpPort, '1001'))['MONEY']), /^10$/)
})

const IN_PROCESS = { chargers_conns: ['*internal'], rals_conns: ['*internal'] }
const ON = { enabled: true }
const MONEY_HERE = { rals: ON, chargers: ON, apiers: ON, schedulers: { enabled: true, cdrs_conns: ['core'] } }

function cdrlog(httpPort: number): Promise<string> {
  const added = { Account: '1001', BalanceType: '*monetary', Value: 5, Balance: { ID: 'MONEY' }, Cdrlog: true }
  return rpcText(httpPort, 'APIerSv1.AddBalance', added)
}

t.test('05 9.1.8: exporters of another engine', async (t) => {
  const sent: unknown[] = []
  const isSent = Promise.withResolvers<void>()
  const answers = {
    'EeSv1.ProcessEvent': (argument: unknown) => {
      sent.push(argument)
      isSent.resolve()
      return { csv: { NumberOfEvents: sent.length } }
    },
  }
  const exporters = await startServer(t, answers)
  const folder = sampleFolder(t, {
    rpc_conns: { ees: { conns: [{ address: exporters.address }] } },
    ees: OFF,
    cdrs: { ees_conns: ['ees'], online_cdr_exports: ['csv'] },
    apiers: { ees_conns: ['ees'] },
  })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const client = await connectGateway(gateway.diameterPort)
  await wholeSession(t, client, 'exported', MIB / 2n)
  await client.close()
  await isSent.promise
  t.match(sent[0], { EeIDs: ['csv'], Event: { OriginID: 'exported_1', RunID: '*default', CostSource: '*sessions' } })
  const told = await rpcText(gateway.httpPort, 'APIerSv1.ExportCDRs', { ExporterIDs: ['csv'], Verbose: true })
  t.match(told, '"result":{"csv":{"NumberOfEvents":2}}', 'CDRs that are asked for, too')
  t.match(sent[1], { EeIDs: ['csv'], Event: { OriginID: 'exported_1' } })
})

const SESSIONS = 10
const UPDATES = 4

t.test(
  '10 D2, D7: kill -9 of sessions, and of those who charge for them: all that is charged is in a CDR',
  async (t) => {
    let charging = await startCharging(t)
    t.teardown(() => stopGateway(charging.process, 'SIGKILL'))
    const host = { address: charging.json, reply_timeout: '60s', max_reconnect_interval: '100ms' }
    const folder = sessionsFolder(t, { core: { idempotent: true, conns: [host] } }, ALL_IN_CORE)
    let front = await startGateway(folder, null)
    t.teardown(() => stopGateway(front, 'SIGKILL'))
    const scripts = scriptsOf(SESSIONS)
    for (const killed of ['charging', 'front', 'charging', 'front', 'nobody'] as const) {
      const client = await connectGateway(front.diameterPort)
      let answers = 0
      let restarted: Promise<void> | undefined
      await play(client, scripts, UPDATES, () => {
        if (killed === 'nobody' || ++answers < 9) return
        restarted ??= (async () => {
          await stopGateway(killed === 'charging' ? charging.process : front, 'SIGKILL')
          if (killed === 'charging') charging = { ...charging, process: await startGateway(charging.folder, null) }
          else front = await startGateway(folder, null)
          // The rest is for the next life.
          if (killed === 'charging') client.destroy()
        })()
      })
      await restarted
      client.destroy()
    }
    t.ok(scripts.every(({ done }) => done))
    await settled(charging.process, SESSIONS)
    const found = JSON.parse(await rpcText(charging.process.httpPort, 'CDRsV1.GetCDRs', {})) as {
      result: { Usage: number }[]
    }
    const expected = usageOf(UPDATES)
    t.same([...new Set(found.result.map(({ Usage }) => Usage))], [expected], 'every update counted once')
    t.match(await rpcText(front.httpPort, 'SessionSv1.GetActiveSessions', {}), '"error":"NOT_FOUND"')
  },
)
