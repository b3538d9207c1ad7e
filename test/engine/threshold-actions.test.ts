import t, { type Test } from 'tap'
import { engineOf } from '../support/engine.ts'
import { ROOT, sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'
import { startServer } from '../support/rpc-hosts.ts'

const SET = 'APIerSv1.SetThresholdProfile'
const GET = 'ThresholdSv1.GetThreshold'
const TENANT = 'cgrates.org'
const INTERNAL = ['*internal']

type Told = [message: string, fields: Record<string, unknown>][]

async function engineWith(t: Test, more: object = {}) {
  const told: Told = []
  const folder = sampleFolder(t, {
    thresholds: { enabled: true, store_interval: '-1' },
    rals: { thresholds_conns: INTERNAL },
    ...more,
  })
  const { engine, call } = await engineOf(t, folder, (_, message, fields) => told.push([message, fields]))
  t.teardown(() => engine.close())
  await engine.tariff.load(`${ROOT}/config/samples/gy-data/tariff`)
  const actions = (ActionsId: string, ...Actions: object[]) =>
    call('APIerSv2.SetActions', {
      ActionsId,
      Overwrite: true,
      Actions: Actions.map((action, i) => ({ Weight: 90 - i, ...action })),
    })
  const hits = async (ID: string) => (JSON.parse(await call(GET, { ID })) as { Hits: number }).Hits
  const money = async (id: string) => {
    const balances = (await engine.account(TENANT, id))?.balances['*monetary'] ?? []
    return balances.map(({ value }) => String(value)).join()
  }
  return { engine, call, told, actions, hits, money }
}

const topUp = (Units: number) => ({
  Identifier: '*topup',
  BalanceType: '*monetary',
  BalanceId: 'MAIN',
  Units: String(Units),
})
const PUBLISH = { Identifier: '*publish_account' }
const CDRLOG = { Identifier: '*cdrlog' }

function threshold(ID: string, FilterIDs: string[], more: object = {}) {
  return { ID, FilterIDs, MaxHits: -1, MinHits: 1, Weight: 10, ...more }
}

const ofAccount = (id: string) => ['*string:~*opts.*eventType:AccountUpdate', `*string:~*req.AccountID:${id}`]

const debit = (id: string) => ({
  Tenant: TENANT,
  Category: 'data',
  ToR: '*data',
  Subject: id,
  Account: id,
  Destination: 'rg1',
  TimeStart: '2026-01-01T10:00:00Z',
  TimeEnd: '2026-01-01T10:00:00.010485760Z',
  DurationIndex: 10_485_760,
  PerformRounding: true,
})

/** Resolves when what was begun before has been done: it happens in memory, turn by turn. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await isSo()); turns++) {
    if (turns > 10_000) throw new Error('it is never so')
    await new Promise((next) => setImmediate(next))
  }
}

t.test('04 15: a low balance sets off a topup of the account whose debit has caused it', async (t) => {
  for (const Async of [false, true]) {
    const { call, actions, hits, money } = await engineWith(t)
    await actions('REFILL', topUp(50))
    const low = [...ofAccount('1003'), '*lt:~*asm.BalanceSummaries.MAIN.Value:0.95']
    await call(SET, threshold('LOW', low, { ActionIDs: ['REFILL'], Async }))
    await call('APIerSv1.AddBalance', { Account: '1003', BalanceType: '*monetary', Value: 1, Balance: { ID: 'MAIN' } })
    t.equal(await hits('LOW'), 0)
    t.match(await call('Responder.Debit', debit('1003')), '"AccountSummary"', 'the debit is answered')
    await until(async () => (await money('1003')) !== '0.8992')
    t.equal(await money('1003'), '50.8992')
    t.equal(await hits('LOW'), 1, 'the topup is no event')
  }
})

t.test('actions that publish the account again do not run for it: the chain ends', async (t) => {
  const { call, actions, hits, money } = await engineWith(t)
  await actions('REFILL', topUp(10), PUBLISH)
  await actions('ECHO', topUp(1), PUBLISH)
  await call(SET, threshold('A', ofAccount('1003'), { ActionIDs: ['REFILL'], Weight: 20 }))
  await call(SET, threshold('B', ofAccount('1003'), { ActionIDs: ['ECHO'], Async: true }))
  await call('APIerSv1.AddBalance', { Account: '1003', BalanceType: '*monetary', Value: 1, Balance: { ID: 'MAIN' } })
  // A runs, then B for what A has published; B runs, then A for what B has published.
  await until(async () => (await hits('A')) === 5 && (await hits('B')) === 5)
  await new Promise((next) => setImmediate(next))
  t.equal(await money('1003'), String(1 + 2 * 10 + 2 * 1))
  t.same([await hits('A'), await hits('B')], [5, 5])
})

t.test('CDRs that actions make do not set off the threshold again that has made them', async (t) => {
  const { call, actions, hits, money } = await engineWith(t, {
    cdrs: { enabled: true, thresholds_conns: INTERNAL },
    schedulers: { enabled: true, cdrs_conns: INTERNAL, thresholds_conns: INTERNAL },
  })
  await actions('BONUS', topUp(2), CDRLOG)
  await call(
    SET,
    threshold('C', ['*string:~*opts.*eventType:CDR', '*string:~*req.Account:1003'], { ActionIDs: ['BONUS'] }),
  )
  const cdr = {
    Tenant: TENANT,
    ID: 'c',
    Event: { OriginID: 'c', RequestType: '*none', Account: '1003', Usage: '1m', Cost: 1 },
  }
  await call('APIerSv1.SetChargerProfile', { ID: 'C', RunID: '*default', AttributeIDs: ['*none'] })
  t.equal(await call('CDRsV1.ProcessEvent', cdr), '"OK"')
  await until(async () => (await hits('C')) === 2)
  await new Promise((next) => setImmediate(next))
  t.equal(await money('1003'), '2')
  t.equal(await hits('C'), 2)
  await actions('RESET', { Identifier: '*reset_threshold', ExtraParameters: `${TENANT}:C` })
  t.equal(await call('APIerSv1.ExecuteAction', { ActionsId: 'RESET' }), '"OK"')
  t.equal(await hits('C'), 0)
})

t.test('a topup of the account of every debit: many at once lose none, and no hit', async (t) => {
  const { call, actions, hits, money } = await engineWith(t)
  await actions('REFILL', topUp(1))
  await call(SET, threshold('T', ofAccount('1003'), { ActionIDs: ['REFILL'] }))
  await call('APIerSv1.AddBalance', { Account: '1003', BalanceType: '*monetary', Value: 100, Balance: { ID: 'MAIN' } })
  await until(async () => (await money('1003')) === '101')
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      // Debits of one commit are one update of the account.
      for (let turn = 0; turn < i; turn++) await new Promise((next) => setImmediate(next))
      return call('Responder.Debit', debit('1003'))
    }),
  )
  t.ok(answers.every((answer) => answer.includes('"AccountSummary"')))
  await until(async () => (await money('1003')) === String(Number((100 - 20 * 0.1008 + (await hits('T'))).toFixed(4))))
  t.ok((await hits('T')) > 1)
})

t.test('06 6.4: *log tells the event', async (t) => {
  const { call, actions, told } = await engineWith(t)
  await actions('LOG', { Identifier: '*log' })
  await call(SET, threshold('L', ['*string:~*req.L:1'], { ActionIDs: ['LOG'] }))
  await call('ThresholdSv1.ProcessEvent', { ID: 'e', Event: { L: '1', Account: '1003' } })
  t.match(told, [
    [
      'account',
      {
        accountId: `${TENANT}:1003`,
        actionsId: 'LOG',
        threshold: `${TENANT}:L`,
        event: '{"L":"1","Account":"1003"}',
      },
    ],
  ])
})

t.test('06 E23: exporters behind a connection are told of a hit; no match there is no failure', async (t) => {
  const exported: unknown[] = []
  const answers = ['ok', 'none', 'failed']
  const server = await startServer(t, {
    'EeSv1.ProcessEvent': (argument) => {
      exported.push(argument)
      const answer = answers[exported.length - 1]
      return answer === 'ok' ? {} : new Error(answer === 'none' ? 'NOT_FOUND' : 'SERVER_ERROR: broken')
    },
  })
  const { call, hits } = await engineWith(t, {
    rpc_conns: { ees: { conns: [{ address: server.address, transport: '*json' }] } },
    thresholds: { enabled: true, ees_conns: ['ees'], ees_exporter_ids: ['DEFAULT'] },
    stats: { enabled: true, thresholds_conns: INTERNAL },
  })
  await call('APIerSv1.SetStatQueueProfile', {
    ID: 'SQ_1',
    FilterIDs: ['*string:~*req.Q:1'],
    Metrics: [{ MetricID: '*sum#1' }],
  })
  const filters = ['*string:~*req.StatID:SQ_1', '*eq:~*req.*sum#1:2']
  await call(SET, threshold('THD', filters, { EeIDs: ['EXP'] }))
  const process = () => call('StatSv1.ProcessEvent', { Tenant: TENANT, ID: 'e', Event: { Q: '1' } })
  t.equal(await process(), '["SQ_1"]')
  t.same(exported, [])
  t.equal(await process(), '["SQ_1"]')
  t.match(exported, [
    {
      Tenant: TENANT,
      EeIDs: ['EXP'],
      Event: {
        EventType: 'ThresholdHit',
        ID: 'THD',
        Hits: 1,
        Snooze: /^2\d{3}-/,
        Config: {
          FilterIDs: ['*eq:~*req.*sum#1:2', '*string:~*req.StatID:SQ_1'],
          ActivationInterval: null,
          MaxHits: -1,
          MinHits: 1,
          MinSleep: 0,
          Blocker: false,
          Weight: 10,
          ActionIDs: [],
          Async: false,
          EeIDs: ['EXP'],
        },
      },
      APIOpts: { '*eventType': 'ThresholdHit' },
    },
  ])
  await call(SET, threshold('PLAIN', ['*string:~*req.P:1']))
  const plain = () => call('ThresholdSv1.ProcessEvent', { ID: 'e', Event: { P: '1' } })
  t.equal(await plain(), '["PLAIN"]', 'no exporter is for it')
  t.match(exported[1], { EeIDs: ['DEFAULT'] })
  t.equal(await plain(), 'PARTIALLY_EXECUTED')
  t.equal(await hits('PLAIN'), 2)
  await call(SET, threshold('PLAIN', ['*string:~*req.P:1'], { EeIDs: ['*none'] }))
  t.equal(await plain(), '["PLAIN"]')
  t.equal(exported.length, 3)
})

t.test('thresholds of another process are told over connections', async (t) => {
  const other = await startGateway(sampleFolder(t, { thresholds: { enabled: true } }))
  t.teardown(() => stopGateway(other))
  const conns = [{ address: `127.0.0.1:${other.rpcPort}`, transport: '*json' }]
  const { engine, call } = await engineWith(t, {
    thresholds: { enabled: false },
    rpc_conns: { far: { conns } },
    rals: { thresholds_conns: ['far'] },
    sessions: { thresholds_conns: ['far'] },
    schedulers: { enabled: true, thresholds_conns: ['far'] },
  })
  const far = engine.remote.client(['far'])
  await far.call(SET, threshold('FAR', ['*string:~*req.Account:1003']))
  await far.call(SET, threshold('UPDATES', ofAccount('1003')))
  const message = { Tenant: TENANT, ID: 'm', Event: { Account: '1003', OriginID: 'm' }, ProcessThresholds: true }
  t.equal(await call('SessionSv1.ProcessMessage', message), '{"ThresholdIDs":["FAR"]}')
  const farHits = async (ID: string) => ((await far.call(GET, { Tenant: TENANT, ID })) as { Hits: number }).Hits
  t.equal(Number(await farHits('FAR')), 1)
  await call('APIerSv1.AddBalance', { Account: '1003', BalanceType: '*monetary', Value: 1 })
  while (Number(await farHits('UPDATES')) < 1);
  await call('APIerSv1.SetActions', {
    ActionsId: 'RESET',
    Actions: [{ Identifier: '*reset_threshold', ExtraParameters: `${TENANT}:FAR` }],
  })
  t.equal(await call('APIerSv1.ExecuteAction', { ActionsId: 'RESET' }), '"OK"')
  while (Number(await farHits('FAR')) > 0);
  t.equal(Number(await farHits('UPDATES')), 1)
})
