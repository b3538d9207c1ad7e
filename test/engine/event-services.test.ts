import t, { type Test } from 'tap'
import { engineOf } from '../support/engine.ts'
import { sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

const SET = 'APIerSv1.SetStatQueueProfile'
const CONNECTED = {
  stats: { enabled: true },
  cdrs: { stats_conns: ['*internal'] },
  sessions: { stats_conns: ['*internal'] },
}

function queue(ID: string, filter: string, ...metrics: string[]) {
  return { ID, FilterIDs: [filter], Weight: 10, Metrics: metrics.map((MetricID) => ({ MetricID })) }
}

const cdr = (OriginID: string, more: object = {}) => ({
  Tenant: 'cgrates.org',
  ID: OriginID,
  Event: {
    OriginID,
    RequestType: '*none',
    Account: '1001',
    Usage: '1m',
    Cost: 0.5,
    AnswerTime: '2026-01-01T10:00:00Z',
    ...more,
  },
})

async function connected(t: Test, overrides: object = CONNECTED) {
  const started = await engineOf(t, sampleFolder(t, overrides))
  t.teardown(() => started.engine.close())
  await started.call('APIerSv1.SetChargerProfile', { ID: 'C', RunID: '*default', AttributeIDs: ['*none'] })
  await started.call(SET, queue('Q', '*string:~*req.Account:1001', '*sum#1', '*tcc', '*tcd', '*sum#~*req.Extra'))
  const texts = () => started.call('StatSv1.GetQueueStringMetrics', { ID: 'Q' })
  return { ...started, texts }
}

t.test('05 9.1: CDRs feed statistics with all their fields, unless their flags or options say otherwise', async (t) => {
  const { call, texts } = await connected(t)
  t.equal(await call('CDRsV1.ProcessEvent', cdr('a', { Extra: '7' })), '"OK"')
  t.equal(await texts(), '{"*sum#1":"1","*sum#~*req.Extra":"7","*tcc":"0.5","*tcd":"1m0s"}')
  t.equal(await call('CDRsV1.ProcessEvent', { ...cdr('b'), Flags: ['*stats:false'] }), '"OK"')
  t.equal(await call('CDRsV1.ProcessEvent', { ...cdr('c'), APIOpts: { '*statS': false } }), '"OK"')
  t.equal(await call('SessionSv1.ProcessCDR', cdr('d')), '"OK"')
  t.match(await texts(), '"*sum#1":"2"')
  t.equal(await call('CDRsV1.ReprocessCDRs', { OriginIDs: ['b'], Flags: ['*stats'] }), '"OK"', 'told later')
  t.match(await texts(), '"*sum#1":"3"')
})

t.test('05 7: calls of sessions feed statistics that they name, and tell who took the event', async (t) => {
  const { call, texts } = await connected(t)
  await call(SET, queue('OTHER', '*string:~*req.Account:1001', '*sum#1'))
  const event = { Tenant: 'cgrates.org', ID: 'm', Event: { Account: '1001', OriginID: 'm' } }
  const message = (more: object) => call('SessionSv1.ProcessMessage', { ...event, ProcessStats: true, ...more })
  t.equal(await message({}), '{"StatQueueIDs":["OTHER","Q"]}')
  t.equal(await message({ StatIDs: ['Q'] }), '{"StatQueueIDs":["Q"]}')
  t.equal(await message({ StatIDs: ['NONE'] }), '{"StatQueueIDs":null}')
  t.match(await texts(), '"*sum#1":"2"')
  t.equal(await message({ APIOpts: { '*stsProfileIDs': 'Q' } }), 'PARTIALLY_EXECUTED')
  t.equal(await message({ ProcessThresholds: true }), 'PARTIALLY_EXECUTED', 'nobody is connected: nothing is done')
  t.match(await texts(), '"*sum#1":"2"')
  const flagged = (Flags: string[]) => call('SessionSv1.ProcessEvent', { ...event, Flags })
  t.equal(await flagged(['*stats:*ids:Q']), '{"StatQueueIDs":{"*raw":["Q"]}}')
  t.equal(await flagged(['*stats', '*stats:false']), '{}')
  const authorize = {
    ...event,
    Event: { ...event.Event, RequestType: '*none', Usage: '1m', SetupTime: '2026-01-01T10:00:00Z' },
    GetMaxUsage: true,
    ProcessStats: true,
    StatIDs: ['Q', 'OTHER'],
  }
  t.equal(await call('SessionSv1.AuthorizeEvent', authorize), '{"MaxUsage":60000000000,"StatQueueIDs":["OTHER","Q"]}')
  t.match(await call('SessionSv1.AuthorizeEventWithDigest', authorize), '"Thresholds":null,"StatQueues":"OTHER,Q"}')
  t.equal(
    await call('SessionSv1.AuthorizeEvent', { ...authorize, GetMaxUsage: false }),
    'MANDATORY_IE_MISSING: [Subsystems]',
  )
})

t.test('statistics of another process are fed over connections; one that does not answer costs no CDR', async (t) => {
  const other = await startGateway(sampleFolder(t, { stats: { enabled: true } }))
  t.teardown(() => stopGateway(other))
  const conns = [{ address: `127.0.0.1:${other.rpcPort}`, transport: '*json' }]
  const { engine, call, texts } = await connected(t, {
    stats: { enabled: true },
    rpc_conns: { far: { conns } },
    cdrs: { stats_conns: ['far'] },
  })
  const far = engine.remote.client(['far'])
  await far.call(SET, queue('FAR', '*string:~*req.Account:1001', '*tcc'))
  t.equal(await call('CDRsV1.ProcessEvent', cdr('a')), '"OK"')
  t.same(await far.call('StatSv1.GetQueueStringMetrics', { ID: 'FAR' }), { '*tcc': '0.5' })
  t.match(await texts(), '"*sum#1":"0"')
  await far.call('APIerSv1.RemoveStatQueueProfile', { Tenant: 'cgrates.org', ID: 'FAR' })
  t.equal(await call('CDRsV1.ProcessEvent', cdr('b')), '"OK"', 'no queue took it')
  await stopGateway(other)
  t.equal(await call('CDRsV1.ProcessEvent', cdr('c')), 'PARTIALLY_EXECUTED')
  t.equal(await call('APIerSv2.CountCDRs', { OriginIDs: ['c'] }), '1')
})
