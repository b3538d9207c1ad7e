import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { type Gateway, ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

const gateway = await startGateway(
  accountFolder(t, {
    sessions: { store_session_costs: true },
    cdrs: { ees_conns: [], online_cdr_exports: [], chargers_conns: ['*internal'], rals_conns: ['*internal'] },
  }),
  join(ROOT, 'test/fixtures/05-cdrs'),
)
t.teardown(() => stopGateway(gateway))

const OK = '"OK"'
const EVENT = {
  ToR: '*sms',
  Category: 'one',
  RequestType: '*postpaid',
  RunID: '*default',
  Destination: '1002',
  SetupTime: '2024-03-05T12:00:00Z',
  AnswerTime: '2024-03-05T12:00:00Z',
}
type Balances = Record<string, number>

/** The result of a call as JSON text, or the error. */
async function call(method: string, argument: object): Promise<string> {
  const { result, error } = JSON.parse(await callText(gateway, method, argument)) as { result: unknown; error: string }
  return error ?? JSON.stringify(result)
}

async function setBalance(
  account: string,
  type: string,
  id: string,
  value: number,
  weight = 10,
  more = {},
): Promise<void> {
  const balance = { ID: id, Weight: weight, ...more }
  await call('APIerSv1.SetBalance', { Account: account, BalanceType: type, Value: value, Balance: balance })
}

async function balances(account: string): Promise<Balances> {
  const { BalanceMap: map } = JSON.parse(await call('APIerSv2.GetAccount', { Account: account })) as {
    BalanceMap: Record<string, { ID: string; Value: number }[]>
  }
  return Object.fromEntries(Object.values(map).flatMap((list) => list.map(({ ID: id, Value: value }) => [id, value])))
}

type FoundCdr = {
  RunID: string
  Usage: number
  Cost: number
  CostSource: string
  ExtraInfo: string
  CostDetails: object | null
}

async function cdrs(originId: string): Promise<FoundCdr[]> {
  return JSON.parse(await call('CDRsV1.GetCDRs', { OriginIDs: [originId] })) as FoundCdr[]
}

const brief = ({ Usage, Cost, CostSource }: FoundCdr) => [Usage, Cost, CostSource]

function process(fields: object, flags: string[], version = 1): Promise<string> {
  const argument = {
    Flags: ['*chargers:false', ...flags],
    Tenant: 'cgrates.org',
    ID: 'e',
    Event: { ...EVENT, ...fields },
  }
  return call(`CDRsV${version}.ProcessEvent`, argument)
}

const rate = (originId: string, ...flags: string[]) =>
  call('CDRsV1.RateCDRs', { Flags: ['*chargers:false', ...flags], OriginIDs: [originId], OrderBy: 'AnswerTime' })

t.test('05 W23: a duplicate is refused, *rerate gives back and rates anew', async (t) => {
  await setBalance('w23', '*voice', 'A', 120e9, 20)
  await setBalance('w23', '*voice', 'B', 180e9, 10)
  const event = { Account: 'w23', OriginID: 'w23', ToR: '*voice', RequestType: '*pseudoprepaid', Usage: '3m' }
  t.equal(await process(event, ['*rals']), OK)
  t.same(await balances('w23'), { A: 0, B: 120e9 })
  t.equal(await process(event, ['*rals']), 'EXISTS')
  t.same(await balances('w23'), { A: 0, B: 120e9 })
  for (const time of ['once', 'again, and nothing is given back or taken twice']) {
    t.equal(await process({ ...event, Usage: '1m' }, ['*rals', '*rerate']), OK, time)
    t.same(await balances('w23'), { A: 60e9, B: 180e9 }, time)
    t.same((await cdrs('w23')).map(brief), [[60e9, 0, '*cdrs']], time)
  }
})

t.test('05 W24: a stored session cost of another usage', async (t) => {
  await setBalance('w24', '*monetary', 'M', 125.3)
  const event = {
    Account: 'w24',
    OriginID: 'w24',
    ToR: '*voice',
    Category: 'call',
    Subject: '1001',
    RequestType: '*prepaid',
  }
  const cost = await sessionCost('w24', 2.3, 180e9, 'w24', '*voice')
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: cost, CheckDuplicate: true }), OK)
  t.same(await balances('w24'), { M: 123 })
  t.equal(await process({ ...event, Usage: '123m' }, ['*rals']), OK)
  t.same(await balances('w24'), { M: 124.0454 }, '123 + 2.3 - 7380 x 0.00017')
  t.same((await cdrs('w24')).map(brief), [[7380e9, 1.2546, 'CDRs']])
})

t.test('05 9.5: stored session costs that fit', async (t) => {
  await setBalance('sc', '*monetary', 'M', 100)
  for (const originId of ['sc-1', 'sc-2', 'sc-leg-1', 'sc-leg-2'])
    t.equal(await call('CDRsV2.StoreSessionCost', { Cost: await sessionCost('sc', 2, 2, originId) }), OK, originId)
  t.same(await balances('sc'), { M: 92 })
  const event = { Account: 'sc', RequestType: '*prepaid' }
  t.equal(await process({ ...event, OriginID: 'sc-1', Usage: 2 }, ['*rals']), OK)
  t.same((await cdrs('sc-1')).map(brief), [[2, 2, 'X']], 'equal usage')
  t.equal(await process({ ...event, OriginID: 'sc-2', Usage: 0, LastUsed: 2 }, ['*rals']), OK)
  t.same((await cdrs('sc-2')).map(brief), [[2, 2, 'X']], 'no usage of its own')
  t.same(await balances('sc'), { M: 92 })
  t.equal(await process({ ...event, OriginID: 'sc-leg', OriginIDPrefix: 'sc-leg-', Usage: 2 }, ['*rals']), OK)
  t.same((await cdrs('sc-leg-1')).map(brief), [[2, 2, 'X']])
  t.same((await cdrs('sc-leg-2')).map(brief), [[2, 2, 'X']], 'each of several costs makes a CDR')
  t.same(await balances('sc'), { M: 92 })
  t.equal(await rate('sc-1', '*rerate'), OK)
  t.same((await cdrs('sc-1')).map(brief), [[2, 2, '*cdrs']], 'rated again: the stored cost is ignored')
  t.same(await balances('sc'), { M: 92 })
  t.equal(await process({ ...event, OriginID: 'sc-none', Usage: 3 }, ['*rals']), OK)
  t.same(await balances('sc'), { M: 89 }, 'no stored cost: debited')
})

t.test('05 9.2: StoreSessionCost', async (t) => {
  await setBalance('ssc', '*monetary', 'M', 10)
  const cost = await sessionCost('ssc', 1, 1, 'ssc')
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: cost, CheckDuplicate: true }), OK)
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: cost, CheckDuplicate: true }), 'SERVER_ERROR: EXISTS')
  t.equal(await call('CDRsV2.StoreSessionCost', { Cost: cost, CheckDuplicate: true }), 'SERVER_ERROR: EXISTS')
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: cost, CheckDuplicate: false }), OK)
  const missing = 'mandatory information missing'
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: { ...cost, CGRID: '' } }), `${missing}: CGRID`)
  t.equal(await call('CDRsV1.StoreSessionCost', { Cost: { ...cost, CostDetails: null } }), `${missing}: CostDetails`)
})

t.test('05 9.2: CDRsV2.StoreSessionCost rounds as the tariff says', async (t) => {
  await setBalance('r', '*monetary', 'M', 10)
  const cost = await sessionCost('r', 0.00017, 1, 'r')
  t.same(await balances('r'), { M: 9.99983 })
  const { CostDetails: details } = cost
  const charges = details.Charges.map((charge) => ({ ...charge, RatingID: 'x' }))
  const rating = { RoundingMethod: '*up', RoundingDecimals: 2, RatesID: 'y' }
  const rounded = {
    ...details,
    Charges: charges,
    Rating: { x: rating },
    Rates: { y: [{ RateUnit: 1, RateIncrement: 1 }] },
  }
  t.equal(await call('CDRsV2.StoreSessionCost', { Cost: { ...cost, CostDetails: rounded } }), OK)
  t.same(await balances('r'), { M: 9.99 })
})

t.test('05 W25: refund only', async (t) => {
  await setBalance('w25', '*monetary', 'M', 125.3)
  const { CostDetails: details } = await sessionCost('w25', 2.3, 1, 'w25-paid')
  t.same(await balances('w25'), { M: 123 })
  const event = { Account: 'w25', OriginID: 'w25', Usage: 1 }
  t.equal(await process(event, ['*refund']), 'PARTIALLY_EXECUTED', 'neither CostDetails nor a CDR')
  t.equal(await process({ ...event, CostDetails: details }, ['*refund']), OK)
  t.same(await balances('w25'), { M: 125.3 })
  t.same((await cdrs('w25')).map(brief), [[1, -1, '']])
  t.equal(await process({ ...event, CostDetails: details }, ['*refund']), 'EXISTS', 'not a second time')
  t.same(await balances('w25'), { M: 125.3 })
})

t.test('05 9.1: a CDR that was made gives its cost back once', async (t) => {
  await setBalance('back', '*monetary', 'M', 10)
  const event = { Account: 'back', OriginID: 'back', Usage: 4 }
  t.equal(await process(event, ['*rals']), OK)
  t.same(await balances('back'), { M: 6 })
  t.equal(await process(event, ['*reprocess']), 'EXISTS')
  t.equal(
    await process({ ...event, Usage: 5 }, ['*reprocess', '*rals', '*store:false']),
    'EXISTS',
    'money moves with *rerate',
  )
  t.equal(await process(event, ['*reprocess', '*rals', '*store:false']), OK, 'what is paid covers it')
  t.same(await balances('back'), { M: 6 })
  t.equal(await process(event, ['*refund']), OK)
  t.same(await balances('back'), { M: 10 })
  t.equal(await process(event, ['*refund', '*store:false']), OK)
  t.same(await balances('back'), { M: 10 })
  t.same((await cdrs('back')).map(brief), [[4, -1, '']])
  t.equal(await process(event, ['*rerate', '*store:false']), OK)
  t.same(await balances('back'), { M: 6 })
  t.same((await cdrs('back')).map(brief), [[4, 4, '*cdrs']], 'what was charged is always on record')
  t.equal(await process(event, ['*rerate', '*refund:false']), OK)
  t.same(await balances('back'), { M: 2 }, 'the caller wants no refund')
})

t.test('05 W26: RateCDRs', async (t) => {
  await setBalance('w26', '*voice', 'FREE', 60e9)
  const event = { Account: 'w26', OriginID: 'w26', ToR: '*voice', Category: 'minute', Usage: '2m' }
  const answered = (time: string) => ({ SetupTime: `2021-02-02T${time}:00Z`, AnswerTime: `2021-02-02T${time}:00Z` })
  t.equal(await process({ ...event, RunID: 'run_1', ...answered('16:15') }, ['*rals']), OK)
  t.same(await balances('w26'), { FREE: 0, '*default': -0.6 })
  t.equal(await process({ ...event, RunID: 'run_2', ...answered('15:15') }, ['*rals']), OK)
  t.same(await balances('w26'), { FREE: 0, '*default': -1.8 })
  t.equal(await rate('w26'), 'SERVER_ERROR: EXISTS')
  t.same(await balances('w26'), { FREE: 0, '*default': -1.8 }, 'nothing was given back')
  for (const time of ['once', 'again']) {
    t.equal(await rate('w26', '*rerate'), OK, time)
    const costs = (await cdrs('w26')).map(({ RunID: run, Cost: cost }) => [run, cost])
    t.same(
      new Map(costs as [string, number][]),
      new Map([
        ['run_1', 1.2],
        ['run_2', 0.6],
      ]),
      time,
    )
    t.same(await balances('w26'), { FREE: 0, '*default': -1.8 }, time)
  }
  t.equal(await rate('nobody', '*rerate'), 'NOT_FOUND')
  t.equal(await call('CDRsV1.RateCDRs', { OriginIDs: ['w26'], OrderBy: 'zz' }), 'Invalid value : zz')
})

t.test('05 W26: a CDR that failed', async (t) => {
  const event = { Account: 'w26-new', OriginID: 'w26-new', ToR: '*voice', Category: 'two', Usage: '3s' }
  t.equal(await process(event, ['*rals']), OK)
  t.same(
    (await cdrs('w26-new')).map(({ Cost: cost, ExtraInfo: info }) => [cost, info]),
    [[-1, 'ACCOUNT_NOT_FOUND']],
  )
  await setBalance('w26-new', '*monetary', 'M', 10)
  t.equal(await rate('w26-new', '*rerate'), OK)
  t.same(
    (await cdrs('w26-new')).map(({ Cost: cost, ExtraInfo: info }) => [cost, info]),
    [[6, '']],
  )
  t.same(await balances('w26-new'), { M: 4 })
})

t.test('05 W26: the tariff has changed', async (t) => {
  const event = {
    Account: 'w26-t',
    OriginID: 'w26-t',
    ToR: '*voice',
    RequestType: '*rated',
    Category: 'changing',
    Usage: '2m',
  }
  const profile = (plan: string, time: string) => ({
    Tenant: 'cgrates.org',
    Category: 'changing',
    Subject: '*any',
    Overwrite: true,
    RatingPlanActivations: [{ ActivationTime: time, RatingPlanId: plan }],
  })
  t.equal(await call('APIerSv1.SetRatingProfile', profile('RP_MIN', '2014-01-01T00:00:00Z')), OK)
  t.equal(await process(event, ['*rals']), OK)
  t.same((await cdrs('w26-t')).map(brief), [[120e9, 1.2, '*cdrs']])
  t.equal(await call('APIerSv1.SetRatingProfile', profile('RP_TWO', '2014-01-02T00:00:00Z')), OK)
  t.equal(await rate('w26-t', '*rerate'), OK)
  t.same((await cdrs('w26-t')).map(brief), [[120e9, 240, '*cdrs']])
})

t.test('05 W22: forked again by chargers', async (t) => {
  await setBalance('w22', '*monetary', 'M', 10)
  const event = {
    ...EVENT,
    Account: 'w22',
    OriginID: 'w22',
    ToR: '*voice',
    Category: 'call',
    Subject: 'NEW22',
    RequestType: '*rated',
    Usage: '1m',
  }
  const argument = { Flags: ['*rals', '*chargers'], Tenant: 'cgrates.org', ID: 'e', Event: event }
  t.equal(await call('CDRsV1.ProcessEvent', argument), OK)
  const costs = async () =>
    Object.fromEntries((await cdrs('w22')).map(({ RunID: run, Cost: cost, ExtraInfo: info }) => [run, [cost, info]]))
  t.same(await costs(), {
    raw: [-1, ''],
    CustomerCharges: [-1, 'RATING_PLAN_NOT_FOUND'],
    SupplierCharges: [0.0102, ''],
  })
  const again = { OriginIDs: ['w22'], NotRunIDs: ['raw'], Flags: ['*chargers:true', '*rerate'] }
  t.equal(await call('CDRsV1.RateCDRs', again), OK)
  t.same(await costs(), { raw: [-1, ''], CustomerCharges: [0.0102, ''], SupplierCharges: [0.0102, ''] })
  t.same(await balances('w22'), { M: 10 })
  const one = { ...event, OriginID: 'w22-one', RunID: 'CustomerCharges' }
  t.equal(await process(one, ['*rals']), OK)
  const missing = { OriginIDs: ['w22-one'], Flags: ['*chargers:true', '*rerate'] }
  t.equal(await call('CDRsV1.RateCDRs', missing), 'SERVER_ERROR: PARTIALLY_EXECUTED', 'a run without a CDR')
})

t.test('05 W27: what CDRsV2.ProcessEvent answers', async (t) => {
  await setBalance('1001', '*monetary', 'M', 10)
  const event = {
    Account: '1001',
    Subject: '1001',
    AnswerTime: '2019-11-27T12:21:26Z',
    Category: 'call',
    Destination: '+4986517174963',
    OriginHost: 'OriginHost101',
    OriginID: 'test3_v2processEvent',
    RequestType: '*pseudoprepaid',
    RunID: 'testv1',
    SetupTime: '',
    ToR: '*voice',
    Usage: '2m',
  }
  const flags = ['*rals', '*attributes:false', '*export:false']
  const [first] = JSON.parse(await process(event, flags, 2)) as { Flags: string[]; Event: Record<string, unknown> }[]
  const { CostDetails: details, CGRID: cgrId, ...fields } = first?.Event ?? {}
  t.match(details, { Usage: 120000000000, Cost: 0.0204 })
  t.match(cgrId, /^[0-9a-f]{40}$/)
  t.equal(
    JSON.stringify({ Flags: first?.Flags, Event: fields }),
    '{"Flags":[],"Event":{"Account":"1001","AnswerTime":"2019-11-27T12:21:26Z","Category":"call","Cost":0.0204,' +
      '"CostSource":"*cdrs","Destination":"+4986517174963","ExtraInfo":"","OrderID":0,"OriginHost":"OriginHost101",' +
      '"OriginID":"test3_v2processEvent","Partial":false,"PreRated":false,"RequestType":"*pseudoprepaid","RunID":"testv1",' +
      '"SetupTime":"0001-01-01T00:00:00Z","Source":"","Subject":"1001","Tenant":"cgrates.org","ToR":"*voice",' +
      '"Usage":120000000000}}',
  )
  const again = JSON.parse(await process({ ...event, Usage: '1m' }, [...flags, '*rerate'], 2)) as (typeof first)[]
  t.match(again, [{ Flags: ['*refund'], Event: { Cost: 0.0102, Usage: 60000000000 } }])
  t.same(await balances('1001'), { M: 9.9898 })
  const plain = JSON.parse(
    await process({ OriginID: 'v2-none', Usage: 1, Extra: 5 }, ['*rals:false'], 2),
  ) as (typeof first)[]
  t.match(plain, [{ Flags: [], Event: { OriginID: 'v2-none', Usage: 1, Extra: 5 } }], 'as it came')
})

t.test('05 W28 and 04 W27: direct debit', async (t) => {
  const event = { RequestType: '*directdebit', Usage: 8, Cost: 8 }
  await setBalance('w28', '*monetary', 'M', 10)
  t.equal(await process({ ...event, Account: 'w28', OriginID: 'w28', ToR: '*data' }, ['*rals', '*store']), OK)
  t.same(await balances('w28'), { M: 2 })
  t.same((await cdrs('w28')).map(brief), [[8, 8, '*cdrs']])
  await setBalance('w27', '*monetary', 'A', 5, 21)
  await setBalance('w27', '*monetary', 'B', 5, 20)
  t.equal(await process({ ...event, Account: 'w27', OriginID: 'w27-two' }, ['*rals']), OK)
  t.same(await balances('w27'), { A: 0, B: 2 })
  await setBalance('w27-one', '*monetary', 'A', 5)
  t.equal(await process({ ...event, Account: 'w27-one', OriginID: 'w27-one' }, ['*rals']), OK)
  t.same(await balances('w27-one'), { A: 0, '*default': -3 })
  const again = { ...event, Account: 'w27-one', OriginID: 'w27-one', Cost: 1 }
  t.equal(await process(again, ['*rerate']), OK)
  t.same(await balances('w27-one'), { A: 4, '*default': 0 }, 'what it had cost is given back')
  t.equal(await rate('w27-one', '*rerate'), OK)
  t.same(await balances('w27-one'), { A: 4, '*default': 0 })
  t.equal(await process({ ...event, Account: 'w28', OriginID: 'w28-free', Cost: 0 }, ['*rals']), OK)
  t.same(await balances('w28'), { M: 2 })
  const { Cost: _, ...without } = event
  t.equal(await process({ ...without, Account: 'w28', OriginID: 'w28-0' }, ['*rals']), 'MANDATORY_IE_MISSING: [Cost]')
  t.equal(
    await process({ ...event, Account: 'w28', OriginID: 'w28-1', Cost: -1 }, ['*rals']),
    'MANDATORY_IE_MISSING: [Cost]',
  )
})

t.test('03 6: Responder.DebitMonetary', async (t) => {
  await setBalance('dm', '*monetary', 'A', 5, 21)
  await setBalance('dm', '*monetary', 'B', 5, 20)
  const cdr = { ...EVENT, Tenant: 'cgrates.org', Account: 'dm', OriginID: 'dm', Usage: 20, Cost: 8 }
  const {
    Cost: cost,
    RatedUsage: usage,
    Timespans: spans,
  } = JSON.parse(await call('Responder.DebitMonetary', cdr)) as {
    Cost: number
    RatedUsage: number
    Timespans: { Increments: { Duration: number; Cost: number }[] }[]
  }
  t.same([cost, usage], [8, 20])
  t.same(
    spans.map(({ Increments: each }) => each.map(({ Duration: d, Cost: c }) => [d, c])),
    [
      [
        [20, 5],
        [0, 3],
      ],
    ],
  )
  t.same(await balances('dm'), { A: 0, B: 2 })
  t.equal(await call('Responder.DebitMonetary', { ...cdr, Account: 'dm-none' }), 'ACCOUNT_NOT_FOUND')
  t.equal(await call('Responder.DebitMonetary', { ...cdr, Cost: -1 }), 'negative cost: -1')
  t.equal(await call('Responder.DebitMonetary', { ...cdr, Usage: -1 }), 'negative usage: -1ns')
  t.equal(await call('Responder.DebitMonetary', {}), 'MANDATORY_IE_MISSING: [Account]')
})

t.test('05 W31 and 04 W33: a refund to a balance that is gone', async (t) => {
  await setBalance('w31', '*voice', 'LONG', 3600e9, 10)
  const soon = new Date(Date.now() + 86_400_000).toISOString()
  await setBalance('w31', '*voice', 'SHORT', 1e9, 100, { ExpiryTime: soon })
  const event = { Account: 'w31', OriginID: 'w31', ToR: '*voice', Usage: '10s' }
  t.equal(await process(event, ['*rals']), OK)
  t.same(await balances('w31'), { LONG: 3591e9, SHORT: 0 })
  const short = { Account: 'w31', BalanceType: '*voice', Balance: { ID: 'SHORT' } }
  t.equal(await call('APIerSv1.RemoveBalances', short), OK)
  t.equal(await process({ ...event, Usage: '1s' }, ['*rerate']), OK)
  t.same(await balances('w31'), { LONG: 3599e9 }, '9 s come back, 1 s is taken')
})

t.test('04 W13: units by a factor come back', async (t) => {
  await setBalance('w13', '*sms', 'S', 10, 10, { Factors: { smsFactor: 4 } })
  await setBalance('w13', '*monetary', 'M', 5)
  const event = { Account: 'w13', OriginID: 'w13', Usage: 4, BalanceFactorID: 'smsFactor' }
  t.equal(await process(event, ['*rals']), OK)
  t.same(await balances('w13'), { S: 2, M: 3 })
  t.equal(await process(event, ['*refund']), OK)
  t.same(await balances('w13'), { S: 10, M: 5 })
})

t.test('05 9.2: ReprocessCDRs does what its flags say alone', async (t) => {
  await setBalance('again', '*monetary', 'M', 10)
  t.equal(await process({ Account: 'again', OriginID: 'again', Usage: 3 }, ['*rals']), OK)
  const again = (...flags: string[]) => call('CDRsV1.ReprocessCDRs', { Flags: flags, OriginIDs: ['again'] })
  for (const [flags, reply] of [
    [[], OK],
    [['*rals'], OK],
    [['*store'], 'SERVER_ERROR: EXISTS'],
    [['*rals', '*store'], 'SERVER_ERROR: EXISTS'],
    [['*rerate'], OK],
    [['*rerate', '*store'], OK],
  ] as const) {
    t.equal(await again(...flags), reply, flags.join())
    t.same(await balances('again'), { M: 7 }, flags.join())
    t.same((await cdrs('again')).map(brief), [[3, 3, '*cdrs']], flags.join())
  }
  t.equal(await call('CDRsV1.ReprocessCDRs', { OriginIDs: ['nobody'] }), 'NOT_FOUND')
})

t.test('05 9.1: what the event says was paid', async (t) => {
  await setBalance('paid', '*monetary', 'M', 100)
  const { CostDetails: details } = await sessionCost('paid', 2, 2, 'paid')
  t.same(await balances('paid'), { M: 98 })
  const event = { Account: 'paid', CostDetails: details }
  t.equal(await process({ ...event, OriginID: 'paid-1', Usage: 2 }, ['*rals']), OK)
  t.same((await cdrs('paid-1')).map(brief), [[2, 2, '']], 'it covers the usage')
  t.equal(await process({ ...event, OriginID: 'paid-2', Usage: 3 }, ['*rals']), OK)
  t.same((await cdrs('paid-2')).map(brief), [[3, 3, '*cdrs']])
  t.same(await balances('paid'), { M: 97 }, 'given back and debited')
  t.equal(
    await process({ ...event, CostDetails: JSON.stringify(details), OriginID: 'paid-3', Usage: 1 }, ['*rals']),
    OK,
  )
  t.same((await cdrs('paid-3')).map(brief), [[1, 2, '']], 'as text')
  t.equal(await process({ ...event, OriginID: 'paid-4', Usage: 1, RequestType: '*rated' }, ['*rals']), OK)
  t.same((await cdrs('paid-4')).map(brief), [[1, 1, '*cdrs']], 'not in a mode that takes money')
  t.equal(await process({ ...event, CostDetails: '{', OriginID: 'paid-5', Usage: 1 }, ['*rals']), 'PARTIALLY_EXECUTED')
  t.same(await balances('paid'), { M: 97 })
})

t.test('a tenant gives nothing back to another', async (t) => {
  await setBalance('mine', '*monetary', 'M', 10)
  const event = { Account: 'mine', OriginID: 'mine', Usage: 2 }
  t.equal(await process(event, ['*rals']), OK)
  const [{ CostDetails: details } = { CostDetails: null }] = await cdrs('mine')
  const theirs = { ...event, Tenant: 'other.org' }
  t.equal(await process(theirs, ['*refund']), 'EXISTS', 'the CDR is of another tenant')
  t.equal(await process(theirs, ['*rerate']), 'EXISTS')
  const forged = { ...theirs, OriginID: 'forged', CostDetails: details }
  t.equal(await process(forged, ['*refund']), 'PARTIALLY_EXECUTED', 'the account is of another tenant')
  t.same(await balances('mine'), { M: 8 })
})

t.test('05 6.17: the cost of a session waits for a CDR that comes over another way', async (t) => {
  await setBalance('ses', '*monetary', 'M', 10)
  const event = { ...EVENT, Account: 'ses', OriginID: 'ses', RequestType: '*prepaid', Usage: 3 }
  const session = { Tenant: 'cgrates.org', ID: 'e', Event: event }
  t.match(await call('SessionSv1.InitiateSession', { InitSession: true, ...session }), '"MaxUsage":3')
  t.equal(await call('SessionSv1.TerminateSession', { TerminateSession: true, ...session }), OK)
  const { M: left = 0 } = await balances('ses')
  t.ok(left < 10, 'it was paid by the session')
  t.equal(await process({ ...event, RunID: 'CustomerCharges' }, ['*rals']), OK)
  t.same((await cdrs('ses')).map(brief), [[3, 3, '*sessions']])
  t.same(await balances('ses'), { M: left }, 'and not again')
})

t.test('05 9.7: the filter of earlier versions', async (t) => {
  await setBalance('old', '*monetary', 'M', 100)
  for (const usage of [1, 2, 3])
    t.equal(
      await process({ Account: 'old', OriginID: `old-${usage}`, Usage: usage, RequestType: '*rated' }, ['*rals']),
      OK,
    )
  const found = async (filter: object) => {
    const reply = await call('APIerSv1.GetCDRs', { Accounts: ['old'], OrderBy: 'OrderID', ...filter })
    return reply === 'NOT_FOUND' ? [] : (JSON.parse(reply) as { Usage: string }[]).map(({ Usage: usage }) => usage)
  }
  t.same(await found({}), ['1', '2', '3'])
  t.same(await found({ ReqTypes: ['*rated'], TORs: ['*sms'], MediationRunIds: ['*default'], Limit: 2 }), ['1', '2'])
  t.same(await found({ CgrIds: ['zz'] }), [])
  t.same(await found({ SkipRated: true }), [], 'all are rated')
  t.same(await found({ SkipErrors: true, TimeEnd: '2024-03-05T12:00:01Z' }), ['1', '2', '3'])
  t.same(await found({ TimeStart: '2024-03-05T12:00:01Z' }), [])
  t.equal(await call('APIerSv1.GetCDRs', { OrderBy: 'zz' }), 'Invalid value : zz')
  t.equal(await call('APIerSv1.GetCDRs', { TimeStart: 'zz' }), 'SERVER_ERROR: Unsupported time format')
})

t.test('calls at once give the same cost back once', async (t) => {
  await setBalance('race', '*monetary', 'M', 100)
  const event = { Account: 'race', OriginID: 'race', Usage: 7 }
  t.equal(await process(event, ['*rals']), OK)
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? process(event, ['*rerate']) : rate('race', '*rerate'))),
  )
  t.same(new Set(replies), new Set([OK]))
  t.same(await balances('race'), { M: 93 })
  t.same((await cdrs('race')).map(brief), [[7, 7, '*cdrs']])
})

t.test('03 6: Responder.Shutdown', async (t) => {
  const other = await startGateway(accountFolder(t), null)
  t.equal(await callText(other, 'Responder.Shutdown', {}), '{"id":1,"result":"Done!","error":null}')
  t.equal(await ended(other), 0)
})

function ended({ process: child }: Gateway): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => child.once('exit', resolve))
}

type Details = { Rating: Record<string, object>; Charges: { RatingID: string }[] }

/** Debits an account directly: what a session would have paid. */
async function sessionCost(account: string, cost: number, usage: number, originId: string, toR = '*sms') {
  const paid = { Account: account, OriginID: `${originId}-paid`, RequestType: '*directdebit', Cost: cost }
  await process({ ...paid, Usage: usage, ToR: toR }, ['*rals'])
  const [cdr] = await cdrs(`${originId}-paid`)
  return {
    CGRID: createHash('sha1').update(originId).digest('hex'),
    RunID: '*default',
    OriginHost: '',
    OriginID: originId,
    CostSource: 'X',
    Usage: usage,
    CostDetails: cdr?.CostDetails as Details,
  }
}
