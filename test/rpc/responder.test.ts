import t from 'tap'
import { balances, startGateway, stopGateway } from '../support/gateway.ts'
import {
  accountFolder,
  callText,
  RATED_TARIFF,
  ratedGateway,
  recordedSteps,
  runSteps,
  type Step,
} from '../support/rpc-steps.ts'

const EMPTY = ['GetCost', 'Debit', 'MaxDebit', 'GetMaxSessionTime', 'RefundIncrements', 'RefundRounding'] as const

const REFUSED: readonly Step[] = [
  ...EMPTY.map((name) => ({
    name: '01 7.1: an empty argument',
    call: `Responder.${name}`,
    params: {},
    error: 'MANDATORY_IE_MISSING: [CallDescriptor]',
  })),
  {
    name: '01 7.1: no argument',
    call: 'Responder.GetCost',
    params: null,
    error: 'MANDATORY_IE_MISSING: [CallDescriptor]',
  },
  {
    name: 'an end before the start',
    call: 'Responder.GetCost',
    params: { Subject: '1001', TimeStart: '2024-03-05T12:01:00Z', TimeEnd: '2024-03-05T12:00:00Z' },
    error: 'negative usage: -1m0s',
  },
  {
    name: '01 7.1: an empty argument',
    call: 'APIerSv1.GetMaxUsage',
    params: {},
    error: 'MANDATORY_IE_MISSING: [Account]',
  },
  ...['DebitUsage', 'DebitUsageWithOptions'].map((name) => ({
    name: '01 7.1: an empty argument',
    call: `APIerSv1.${name}`,
    params: {},
    error: 'MANDATORY_IE_MISSING: [Account Destination Usage]',
  })),
]

const debit = (name: string, params: object) => ({ call: `Responder.${name}`, params })
const TEN_SECONDS = {
  Category: 'call',
  Account: '1001',
  Destination: '1003',
  TimeStart: '2024-03-05T12:00:00Z',
  TimeEnd: '2024-03-05T12:00:10Z',
  DurationIndex: 10_000_000_000,
}

t.test('Responder rates and debits as the reference engine does', async (t) => {
  const gateway = await ratedGateway(t)
  await runSteps(t, gateway, recordedSteps('responder'))
  await runSteps(t, gateway, REFUSED)
})

t.test('usage records and cost queries are answered as by the reference engine', async (t) => {
  const gateway = await ratedGateway(t)
  await runSteps(t, gateway, recordedSteps('usage'))
})

t.test('plans and accounts of routes are tried in order, as by the reference engine', async (t) => {
  const gateway = await ratedGateway(t)
  await runSteps(t, gateway, recordedSteps('routes'))
})

t.test('a refund gives back what paid, rounding takes', async (t) => {
  const gateway = await ratedGateway(t)
  const result = async ({ call, params }: { call: string; params: object }) =>
    (JSON.parse(await callText(gateway, call, params)) as { result: Record<string, unknown> }).result
  const left = () => balances(gateway.httpPort, '1001')
  const set = (BalanceType: string, Value: number, Balance: object) =>
    callText(gateway, 'APIerSv1.SetBalance', { Account: '1001', BalanceType, Value, Balance })
  await set('*monetary', 5, { ID: 'money', Weight: 10 })
  await set('*voice', 4_000_000_000, { ID: 'min', Weight: 20 })
  const { Timespans: spans } = await result(debit('MaxDebit', TEN_SECONDS))
  t.same(await left(), { money: '4.94', min: '0' }, 'four seconds of minutes, six of money')
  const increments = (spans as { Increments: object[] }[]).flatMap(({ Increments }) => Increments)
  const account = await result(debit('RefundIncrements', { Account: '1001', ToR: '*voice', Increments: increments }))
  t.same(await left(), { money: '5', min: '4000000000' }, '04 6: each balance has its own again')
  t.equal(account['ID'], 'cgrates.org:1001', '04 6: the reply is the account')
  await result(debit('RefundRounding', { Account: '1001', Increments: increments.slice(-1) }))
  t.same(await left(), { money: '4.94', min: '4000000000' }, '04 6: a positive cost takes money')
})

t.test('costs by plan, of an account and of a CDR', async (t) => {
  const gateway = await ratedGateway(t)
  const text = (call: string, params: object) => callText(gateway, call, params)
  const byPlan = (Destination: string, RatingPlanIDs: string[]) =>
    text('RALsV1.GetRatingPlansCost', { RatingPlanIDs, Destination, SetupTime: '2024-03-05T12:00:00Z', Usage: '1h' })
  t.match(
    await byPlan('1002', ['NOPE', 'RP_1001']),
    /"Usage":3600000000000,"Cost":6\.5118,.*"RatingPlanID":"RP_1001"}/,
    '03 A3',
  )
  t.match(await byPlan('1003', ['RP_1001']), /"Cost":36,.*"RatingPlanID":"RP_1001"}/, '03 A4')
  t.match(await byPlan('1009', ['RP_1001', 'RP_D']), /"RatingPlanID":"RP_D"}/, '03 A5: the next plan is tried')
  await text('APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 5, Balance: { ID: 'money' } })
  const event = {
    ToR: '*voice',
    OriginID: 'o1',
    RequestType: '*postpaid',
    Account: '1001',
    Category: 'call',
    Destination: '1003',
    SetupTime: '2024-03-05T12:00:00Z',
    AnswerTime: '2024-03-05T12:00:00Z',
    Usage: '10s',
  }
  t.match(await text('APIerSv1.GetAccountCost', { Event: event }), /"Usage":10000000000,"Cost":0\.1,/)
  t.same(await balances(gateway.httpPort, '1001'), { money: '5' }, '03 6: nothing is debited')
  await text('CDRsV1.ProcessEvent', { Flags: ['*rals', '*chargers:false'], Event: { ...event, CGRID: 'cg1' } })
  t.match(
    await text('APIerSv1.GetEventCost', { CgrId: 'cg1' }),
    /"CGRID":"cg1","RunID":"\*default",.*"Usage":10000000000,"Cost":0\.1,/,
  )
})

t.test('04 5.3: debits of one account at the same time never take the same money', async (t) => {
  const gateway = await ratedGateway(t)
  const Balance = { ID: 'money' }
  await callText(gateway, 'APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 0.1, Balance })
  const fourSeconds = { ...TEN_SECONDS, TimeEnd: '2024-03-05T12:00:04Z', DurationIndex: 4_000_000_000 }
  const replies = await Promise.all([1, 2, 3, 4].map(() => callText(gateway, 'Responder.MaxDebit', fourSeconds)))
  const usages = replies.map((reply) => Number(/"RatedUsage":(\d+)/.exec(reply)?.[1]) / 1e9)
  t.same(usages.sort(), [0, 2, 4, 4])
  t.same(await balances(gateway.httpPort, '1001'), { money: '0' })
})

t.test('a debit that was answered is there after a crash', async (t) => {
  const folder = accountFolder(t, { data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } } })
  const first = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(first))
  const Balance = { ID: 'money' }
  await callText(first, 'APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 5, Balance })
  await callText(first, 'Responder.Debit', TEN_SECONDS)
  await callText(first, 'APIerSv1.DebitUsage', { Account: '1001', Destination: '1003', Usage: '5s' })
  await stopGateway(first, 'SIGKILL')
  const second = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(second))
  t.same(await balances(second.httpPort, '1001'), { money: '4.85' })
})

t.test(
  '10 D2: calls that come again under their key take effect once, over restarts, and get the first answer',
  async (t) => {
    const folder = accountFolder(t, { data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } } })
    let gateway = await startGateway(folder, RATED_TARIFF)
    t.teardown(() => stopGateway(gateway, 'SIGKILL'))
    const Balance = { ID: 'money' }
    await callText(gateway, 'APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 1, Balance })
    const left = async () => (await balances(gateway.httpPort, '1001'))['money']
    const { result } = JSON.parse(await callText(gateway, 'Responder.MaxDebit', TEN_SECONDS)) as {
      result: { Timespans: { Increments: object[] }[] }
    }
    const paid = { Account: '1001', Increments: result.Timespans.flatMap(({ Increments }) => Increments) }
    const event = {
      ...{ OriginID: 'keyed', ToR: '*voice', RequestType: '*postpaid', Usage: '10s' },
      ...{ Account: '1001', Category: 'call', Destination: '1003', AnswerTime: '2024-03-05T12:00:00Z' },
    }
    const ofEvents = { Flags: ['*rals', '*chargers:false'] }
    const calls: readonly [method: string, params: object, left: string, error?: string][] = [
      ['Responder.MaxDebit', TEN_SECONDS, '0.8'],
      ['Responder.Debit', TEN_SECONDS, '0.7'],
      ['Responder.DebitMonetary', { Account: '1001', Cost: 0.2, Usage: 1 }, '0.5'],
      ['Responder.RefundIncrements', paid, '0.6'],
      ['Responder.RefundRounding', paid, '0.5'],
      ['Responder.MaxDebit', { ...TEN_SECONDS, Account: 'nobody' }, '0.5', 'ACCOUNT_NOT_FOUND'],
      ['CDRsV1.ProcessEvent', { ...ofEvents, Event: event }, '0.4'],
      ['CDRsV1.ProcessEvents', { ...ofEvents, CGREvents: [{ Event: { ...event, OriginID: 'k2' } }] }, '0.3'],
      ['CDRsV1.ProcessEvent', { ...ofEvents, Event: event }, '0.3', 'EXISTS'],
    ]
    const keyed = (i: number, params: object) => ({ ...params, APIOpts: { '*idempotencyKey': `k${i}` } })
    const answers: string[] = []
    for (const [i, [call, params, expected, error]] of calls.entries()) {
      const answer = await callText(gateway, call, keyed(i, params))
      answers.push(answer)
      t.match(answer, error === undefined ? '"error":null' : `"error":"${error}"`, call)
      t.equal(await callText(gateway, call, keyed(i, params)), answer, `${call}: the first answer`)
      t.equal(await left(), expected, `${call}: once`)
    }
    t.match(
      await callText(gateway, 'Responder.Debit', keyed(0, TEN_SECONDS)),
      '"error":"IDEMPOTENCY_KEY_REUSED: used before for Responder.MaxDebit cgrates.org:1001"',
    )
    await stopGateway(gateway, 'SIGKILL')
    gateway = await startGateway(folder, null)
    for (const [i, [call, params]] of calls.entries())
      t.equal(await callText(gateway, call, keyed(i, params)), answers[i], `${call}: after a crash`)
    t.equal(await left(), '0.3')
  },
)
