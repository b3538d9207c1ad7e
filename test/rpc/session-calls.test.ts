import t from 'tap'
import { balances, cdrCosts, rpcText, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { error, value } from '../support/replies.ts'

const DATA = {
  ToR: '*data',
  Account: '1001',
  Destination: 'rg1',
  Category: 'data',
  RequestType: '*prepaid',
  SetupTime: '2026-01-05T18:30:59Z',
  AnswerTime: '2026-01-05T18:31:05Z',
}
const MIB = 1 << 20

type Step = { name: string; call: string; argument: object | null; reply: string }

const event = (fields: object) => ({ Tenant: 'cgrates.org', ID: 'e', Event: { ...DATA, ...fields } })

/** One story: each step goes on from the one before. */
const STEPS: readonly Step[] = [
  {
    name: '05 7.1: authorising debits nothing',
    call: 'AuthorizeEvent',
    argument: { GetMaxUsage: true, ...event({ OriginID: 'o1', Usage: MIB }) },
    reply: value(`{"MaxUsage":${MIB}}`),
  },
  {
    name: '05 7.1: with digest, in seconds',
    call: 'AuthorizeEventWithDigest',
    argument: { GetMaxUsage: true, ...event({ OriginID: 'o1', Usage: 300_000_000_000, RequestType: '*postpaid' }) },
    reply: value(
      '{"AttributesDigest":null,"AllocatedIP":null,"ResourceAllocation":null,"MaxUsage":300,"RoutesDigest":null,"Thresholds":null,"StatQueues":null}',
    ),
  },
  {
    name: '05 7.2: initiate grants',
    call: 'InitiateSession',
    argument: { InitSession: true, ...event({ OriginID: 'o1', Usage: MIB, EventName: 'TEST_EVENT' }) },
    reply: value(`{"MaxUsage":${MIB}}`),
  },
  {
    name: '05 7.2: a session that is open',
    call: 'InitiateSession',
    argument: { InitSession: true, ...event({ OriginID: 'o1', Usage: MIB }) },
    reply: error('EXISTS'),
  },
  {
    name: '05 7.2: an account that is not there',
    call: 'InitiateSession',
    argument: { InitSession: true, ...event({ OriginID: 'o2', Usage: MIB, Account: 'nobody' }) },
    reply: error('RALS_ERROR:ACCOUNT_NOT_FOUND'),
  },
  {
    name: '05 7.2: a usage that is none',
    call: 'InitiateSession',
    argument: { InitSession: true, ...event({ OriginID: 'o2', Usage: 'x' }) },
    reply: error('RALS_ERROR:time: invalid duration "x"'),
  },
  {
    name: '05 7.9: a run as it is listed',
    call: 'GetActiveSessions',
    argument: { Filters: ['*string:~*req.Account:1001'] },
    reply: value(
      '[{"CGRID":"a473a8c1ab29e55e40e14f2c8d0fe078ad9920ad","RunID":"*default","ToR":"*data","OriginID":"o1","OriginHost":"",' +
        '"Source":"SessionS_TEST_EVENT","RequestType":"*prepaid","Tenant":"cgrates.org","Category":"data","Account":"1001",' +
        '"Subject":"","Destination":"rg1","SetupTime":"2026-01-05T18:30:59Z","AnswerTime":"2026-01-05T18:31:05Z",' +
        '"Usage":1048576,"ExtraFields":{"EventName":"TEST_EVENT"},"NodeID":"node1","LoopIndex":1,"DurationIndex":1048576,' +
        '"MaxRate":0,"MaxRateUnit":0,"MaxCostSoFar":0.01008,"DebitInterval":0,"NextAutoDebit":"0001-01-01T00:00:00Z"}]',
    ),
  },
  {
    name: '05 7.9: a filter that nothing passes',
    call: 'GetActiveSessions',
    argument: { Filters: ['*string:~*req.Account:9'] },
    reply: error('NOT_FOUND'),
  },
  {
    name: '05 6.18: an inline filter of an unknown type matches nothing',
    call: 'GetActiveSessionsCount',
    argument: { Filters: ['*wrong:~*req.Account:1'] },
    reply: value('0'),
  },
  {
    name: '05 6.18: an unknown filter id matches everything',
    call: 'GetActiveSessionsCount',
    argument: { Filters: ['FLTR_X'] },
    reply: value('1'),
  },
  { name: '05 7.9: null is no filter', call: 'GetActiveSessionsCount', argument: null, reply: value('1') },
  {
    name: '05 6.18: a text for the filters',
    call: 'GetActiveSessions',
    argument: { Filters: 'x' },
    reply: error('json: cannot unmarshal string into Go struct field SessionFilter.Filters of type []string'),
  },
  { name: '05 7.9: no passive sessions', call: 'GetPassiveSessions', argument: {}, reply: error('NOT_FOUND') },
  {
    name: '05 7.3: update settles and grants',
    call: 'UpdateSession',
    argument: { UpdateSession: true, ...event({ OriginID: 'o1', Usage: MIB, LastUsed: MIB }) },
    reply: value(`{"MaxUsage":${MIB}}`),
  },
  {
    name: '05 7.4: no OriginID',
    call: 'TerminateSession',
    argument: { TerminateSession: true, ...event({}) },
    reply: error('MANDATORY_IE_MISSING: [OriginID]'),
  },
  {
    name: '05 7.4: terminate settles',
    call: 'TerminateSession',
    argument: { TerminateSession: true, ...event({ OriginID: 'o1', Usage: MIB }) },
    reply: value('"OK"'),
  },
  { name: '05 7.6: the CDR', call: 'ProcessCDR', argument: event({ OriginID: 'o1' }), reply: value('"OK"') },
  { name: '05 7.6: a second CDR', call: 'ProcessCDR', argument: event({ OriginID: 'o1' }), reply: error('EXISTS') },
  {
    name: '05 7.5: a message is charged at once',
    call: 'ProcessMessage',
    argument: {
      Debit: true,
      ...event({ OriginID: 'm1', ToR: '*sms', Category: 'sms', Destination: '+40123', Usage: 5 }),
    },
    reply: value('{"MaxUsage":5}'),
  },
  { name: '05 7.5: an empty message', call: 'ProcessMessage', argument: event({ OriginID: 'm2' }), reply: value('{}') },
  {
    name: '05 7: nothing asked for',
    call: 'InitiateSession',
    argument: event({ OriginID: 'o3' }),
    reply: error('MANDATORY_IE_MISSING: [Subsystems]'),
  },
  {
    name: '05 1.1: no envelope',
    call: 'InitiateSession',
    argument: { InitSession: true },
    reply: error('MANDATORY_IE_MISSING: [CGREvent]'),
  },
  {
    name: '05 1.1: no event',
    call: 'InitiateSession',
    argument: { InitSession: true, Tenant: 'cgrates.org' },
    reply: error('MANDATORY_IE_MISSING: [Event]'),
  },
  {
    name: '05 1.1: no envelope for a CDR',
    call: 'ProcessCDR',
    argument: {},
    reply: error('MANDATORY_IE_MISSING: [Event]'),
  },
  {
    name: '05 7: attributes that are not connected',
    call: 'AuthorizeEvent',
    argument: { GetAttributes: true, GetMaxUsage: true, ...event({ OriginID: 'o3' }) },
    reply: error('ATTRIBUTES_ERROR:NOT_CONNECTED: AttributeS'),
  },
  {
    name: '05 7: resources that are not connected',
    call: 'InitiateSession',
    argument: { AllocateResources: true, InitSession: true, ...event({ OriginID: 'o3' }) },
    reply: error('NOT_CONNECTED: ResourceS'),
  },
  {
    name: 'stats that are not connected: nothing moves',
    call: 'InitiateSession',
    argument: { ProcessStats: true, InitSession: true, ...event({ OriginID: 'o3', Usage: MIB }) },
    reply: error('PARTIALLY_EXECUTED'),
  },
  {
    name: '05 7.7: an event opens a session by its flags',
    call: 'ProcessEvent',
    argument: { Flags: ['*rals:*initiate', '*rals:*cost'], ...event({ OriginID: 'p1', Usage: MIB }) },
    reply: value(`{"MaxUsage":{"*raw":${MIB}},"Cost":{"*raw":0.01008}}`),
  },
  {
    name: '05 7.7: sub flags joined by & are one unknown flag',
    call: 'ProcessEvent',
    argument: { Flags: ['*rals:*terminate&*update'], ...event({ OriginID: 'p1' }) },
    reply: value('{}'),
  },
  {
    name: '05 7.7: end and CDR are one unit',
    call: 'ProcessEvent',
    argument: { Flags: ['*rals:*terminate', '*cdrs'], ...event({ OriginID: 'p1', Usage: 0 }) },
    reply: value('{}'),
  },
  {
    name: '05 7.8: a price that is not there',
    call: 'GetCost',
    argument: event({ Category: 'nothing', Usage: 1 }),
    reply: error('RATING_PLAN_NOT_FOUND'),
  },
  {
    name: '05 7.9: a session to be disconnected',
    call: 'InitiateSession',
    argument: { InitSession: true, ...event({ OriginID: 'd1', Usage: 10 * MIB }) },
    reply: value(`{"MaxUsage":${10 * MIB}}`),
  },
  {
    name: '05 7.9: disconnect makes its CDR',
    call: 'ForceDisconnect',
    argument: { Filters: ['*string:~*req.OriginID:d1'] },
    reply: value('"OK"'),
  },
  { name: '05 7.9: nothing to disconnect', call: 'ForceDisconnect', argument: {}, reply: error('NOT_FOUND') },
  {
    name: '05 7.9: the text of a duration is refused',
    call: 'Sleep',
    argument: { Duration: '1ms' },
    reply: error('json: cannot unmarshal string into Go struct field DurationArgs.Duration of type time.Duration'),
  },
  { name: '05 7.9: sleep', call: 'Sleep', argument: { Duration: 1_000_000 }, reply: value('"OK"') },
]

t.test('05 7: sessions over RPC, step by step', async (t) => {
  const folder = sampleFolder(t, {
    general: { node_id: 'node1' },
    data_db: { db_type: '*internal' },
    stor_db: { db_type: '*internal' },
  })
  const gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway))
  for (const { name, call, argument, reply } of STEPS) {
    const text = await rpcText(gateway.httpPort, `SessionSv1.${call}`, argument as object)
    t.equal(text.trimEnd(), reply, name)
  }
  // 1 MiB, 5 messages, nothing, 10 MiB: what the CDRs say is what the account paid.
  const costs = (await cdrCosts(gateway.httpPort)).map(String)
  t.same(costs, ['0.0101', '0', '0.1008'], 'each ended session has its CDR')
  t.same(await balances(gateway.httpPort, '1001'), { MONEY: '9.6391' })
})

t.test('10 D2: a call with an idempotency key takes effect once, over kill -9', async (t) => {
  const folder = sampleFolder(t)
  let gateway = await startGateway(folder)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  const ask = async (method: string, argument: object) =>
    (await rpcText(gateway.httpPort, `SessionSv1.${method}`, argument)).trimEnd()
  const call = (method: string, flag: string, key: string, fields: object) =>
    ask(method, {
      ...(flag === '' ? {} : { [flag]: true }),
      ...event({ OriginID: 'once', ...fields }),
      APIOpts: { '*idempotencyKey': key },
    })
  const initiate = () => call('InitiateSession', 'InitSession', 'k0', { Usage: MIB })
  const update = (usage: number, key = 'k1') => call('UpdateSession', 'UpdateSession', key, { Usage: usage })
  const replies = await Promise.all([initiate(), initiate()])
  t.same(replies, [value(`{"MaxUsage":${MIB}}`), value(`{"MaxUsage":${MIB}}`)], 'no EXISTS for the second')
  t.equal(await update(MIB), value(`{"MaxUsage":${MIB}}`))
  const before = (await balances(gateway.httpPort, '1001'))['MONEY']
  const refused = () => call('InitiateSession', 'InitSession', 'k2', { OriginID: 'x', Account: 'late', Usage: MIB })
  t.equal(await refused(), error('RALS_ERROR:ACCOUNT_NOT_FOUND'))
  await stopGateway(gateway, 'SIGKILL')
  gateway = await startGateway(folder)
  t.equal(await update(MIB), value(`{"MaxUsage":${MIB}}`))
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], before, 'nothing was taken again')
  await rpcText(gateway.httpPort, 'APIerSv1.SetBalance', {
    Account: 'late',
    BalanceType: '*monetary',
    Balance: { ID: 'B', Value: 10 },
  })
  t.equal(await refused(), error('RALS_ERROR:ACCOUNT_NOT_FOUND'), 'the first outcome, although it would be another now')
  t.match(
    await call('TerminateSession', 'TerminateSession', 'k1', { LastUsed: 0 }),
    /IDEMPOTENCY_KEY_REUSED: used before for UpdateSession/,
  )
  t.match(await update(MIB, 'k3'), `"MaxUsage":${MIB}`)
  t.not((await balances(gateway.httpPort, '1001'))['MONEY'], before, 'another key is another call')
  for (const [method, flag] of [
    ['TerminateSession', 'TerminateSession'],
    ['ProcessCDR', ''],
  ] as const) {
    t.equal(await call(method, flag, `end${method}`, { LastUsed: MIB }), value('"OK"'))
    t.equal(await call(method, flag, `end${method}`, { LastUsed: MIB }), value('"OK"'), `${method} again`)
  }
  t.equal((await cdrCosts(gateway.httpPort)).length, 1)
  const flags = {
    Flags: ['*rals:*cost', '*rals:*initiate'],
    ...event({ OriginID: 'pe', Usage: MIB }),
    APIOpts: { '*idempotencyKey': 'pe' },
  }
  const first = await ask('ProcessEvent', flags)
  t.match(first, /^\{"id":1,"result":\{"MaxUsage":\{"\*raw":1048576\},"Cost":\{"\*raw":0\.0\d+\}\},"error":null\}$/)
  t.equal(await ask('ProcessEvent', flags), first, 'amounts as well')
})
