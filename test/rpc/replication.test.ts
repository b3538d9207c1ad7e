import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { Connections } from '../../src/rpc/client/connections.ts'
import { parseJson } from '../../src/rpc/shape.ts'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { hostSettings, poolsOf } from '../support/rpc-hosts.ts'
import { accountFolder, callText, RATED_TARIFF, ratedGateway } from '../support/rpc-steps.ts'

const OK = '{"id":1,"result":"OK","error":null}'
const error = (text: string) => JSON.stringify({ id: 1, result: null, error: text })
const keyed = (Arg: string) => ({ Arg, Tenant: 'cgrates.org' })

const PLAN = {
  Id: 'RP_SEC',
  Timings: { t: { ID: '*any', StartTime: '00:00:00' } },
  Ratings: {
    r: { RoundingMethod: '*up', RoundingDecimals: 4, Rates: [{ Value: 0.5, RateIncrement: 1e9, RateUnit: 1e9 }] },
  },
  DestinationRates: { '*any': [{ Timing: 't', Rating: 'r', Weight: 10 }] },
}

/** What cannot be used, with the answer; nothing changes then. */
const refusals: { name: string; method: string; argument: object; text: string }[] = [
  { name: 'an account without ID', method: 'SetAccount', argument: {}, text: 'MANDATORY_IE_MISSING: [ID]' },
  {
    name: 'an account without tenant',
    method: 'SetAccount',
    argument: { ID: '1001' },
    text: 'SERVER_ERROR: account ID "1001", expected tenant:account',
  },
  { name: 'a destination without Id', method: 'SetDestination', argument: {}, text: 'MANDATORY_IE_MISSING: [Id]' },
  {
    name: 'a timing that starts at no time',
    method: 'SetTiming',
    argument: { ID: 'T', StartTime: 'noon' },
    text: 'SERVER_ERROR: INVALID_TIME:noon',
  },
  {
    name: 'rates by a timing that is not there',
    method: 'SetRatingPlan',
    argument: { ...PLAN, Timings: {} },
    text: 'SERVER_ERROR: rating plan RP_SEC: *any names timing t, which is not in Timings',
  },
  {
    name: 'rates that are not there',
    method: 'SetRatingPlan',
    argument: { ...PLAN, Ratings: {} },
    text: 'SERVER_ERROR: rating plan RP_SEC: *any names rating r, which is not in Ratings',
  },
  {
    name: 'a rating without rates',
    method: 'SetRatingPlan',
    argument: { ...PLAN, Ratings: { r: {} } },
    text: 'SERVER_ERROR: rating plan RP_SEC: rating r has no Rates',
  },
  {
    name: 'a negative increment',
    method: 'SetRatingPlan',
    argument: { ...PLAN, Ratings: { r: { Rates: [{ RateIncrement: -1 }] } } },
    text: 'SERVER_ERROR: rating plan RP_SEC: rating r has a negative RateIncrement or RateUnit',
  },
  {
    name: 'a rating profile of another direction',
    method: 'SetRatingProfile',
    argument: { Id: '*in:t:call:1', RatingPlanActivations: [] },
    text: 'SERVER_ERROR: Id "*in:t:call:1", expected *out:tenant:category:subject',
  },
  {
    name: 'an action timing without time',
    method: 'SetActionPlan',
    argument: { Key: 'AP', Ats: { ActionTimings: [{ ActionsID: 'A' }] } },
    text: 'SERVER_ERROR: action plan AP: an action timing has no Timing',
  },
  {
    name: 'an action that would lose a part',
    method: 'SetActions',
    argument: { Key: 'A', Acs: [{ ActionType: '*topup', Balance: { Factors: { f: 2 } } }] },
    text: 'SERVER_ERROR: actions A: a Factors in Balance is not kept by actions',
  },
]

t.test('what another engine sets and cannot be used is refused', async (t) => {
  const gateway = await ratedGateway(t)
  for (const { name, method, argument, text } of refusals)
    t.equal(await callText(gateway, `ReplicatorSv1.${method}`, argument), error(text), name)
  t.equal(await callText(gateway, 'ReplicatorSv1.GetRatingPlan', keyed('RP_SEC')), error('NOT_FOUND'))
  t.equal(await callText(gateway, 'ReplicatorSv1.GetAccount', {}), error('NOT_FOUND'))
})

t.test('what another engine has set prices calls, also after a restart, to the last digit', async (t) => {
  const folder = accountFolder(t, { data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } } })
  let gateway = await startGateway(folder, RATED_TARIFF)
  t.teardown(() => stopGateway(gateway))
  const profile = {
    Id: '*out:cgrates.org:call:replica',
    RatingPlanActivations: [{ ActivationTime: '2014-01-14T00:00:00Z', RatingPlanId: 'RP_SEC' }],
  }
  const account = {
    ID: 'cgrates.org:replica',
    BalanceMap: { '*monetary': [{ Uuid: 'u', ID: 'MONEY', Value: 1.123456789012345 }] },
  }
  t.equal(await callText(gateway, 'ReplicatorSv1.SetRatingProfile', profile), OK, 'before its plan')
  const cost = {
    Category: 'call',
    Subject: 'replica',
    Destination: '1',
    AnswerTime: '2025-01-01T00:00:00Z',
    Usage: '3s',
  }
  t.match(await callText(gateway, 'APIerSv1.GetCost', cost), /"error":"SERVER_ERROR/, 'nothing prices it yet')
  t.equal(await callText(gateway, 'ReplicatorSv1.SetRatingPlan', PLAN), OK)
  t.equal(await callText(gateway, 'ReplicatorSv1.SetAccount', account), OK)
  const priced = await callText(gateway, 'APIerSv1.GetCost', cost)
  t.match(priced, '"Cost":1.5,')
  const plan = await callText(gateway, 'ReplicatorSv1.GetRatingPlan', keyed('RP_SEC'))
  await stopGateway(gateway)
  gateway = await startGateway(folder, null)
  t.equal(await callText(gateway, 'APIerSv1.GetCost', cost), priced)
  t.equal(await callText(gateway, 'ReplicatorSv1.GetRatingPlan', keyed('RP_SEC')), plan)
  t.match(await callText(gateway, 'APIerSv2.GetAccount', { Account: 'replica' }), '"Value":1.123456789012345,')
})

/** Objects of the source, by kind, and how they are put into the argument that sets them. */
const OBJECTS: readonly { kind: string; keys: readonly string[]; wrap?: (key: string, found: unknown) => object }[] = [
  { kind: 'Timing', keys: ['PEAK'] },
  { kind: 'Destination', keys: ['DST_1002'] },
  { kind: 'RatingProfile', keys: ['*out:cgrates.org:call:1001', '*out:cgrates.org:data:1001'] },
  { kind: 'RatingPlan', keys: ['RP_1001', 'RP_D'] },
  { kind: 'Actions', keys: ['ACTIONS'], wrap: (Key, Acs) => ({ Key, Acs }) },
  { kind: 'ActionPlan', keys: ['PLAN'], wrap: (Key, Ats) => ({ Key, Ats }) },
  { kind: 'ActionTriggers', keys: ['TRIGGERS'], wrap: (Key, Attrs) => ({ Key, Attrs }) },
  { kind: 'Account', keys: ['cgrates.org:1001'] },
]

t.test('10 B2: objects of one engine, sent to another over gob, are and cost the same there', async (t) => {
  const source = await ratedGateway(t)
  const target = await startGateway(accountFolder(t), null)
  t.teardown(() => stopGateway(target))
  const topup = { Identifier: '*topup', BalanceType: '*voice', BalanceId: 'MINUTES', Units: '10m', Categories: 'call' }
  const share = '{"Method":"*incremental","Params":{"Units":10,"Interval":"month","Increment":"day"}}'
  const Actions = [topup, { Identifier: '*debit', BalanceType: '*monetary', Units: share, Weight: 5 }]
  await callText(source, 'APIerSv2.SetActions', { ActionsId: 'ACTIONS', Actions })
  const ActionPlan = [{ ActionsId: 'ACTIONS', Time: '08:00:00', WeekDays: '1;2', TimingID: 'PEAK', Weight: 3 }]
  await callText(source, 'APIerSv1.SetActionPlanAccounts', { Id: 'PLAN', ActionPlan, AccountIDs: ['1001'] })
  const Balance = {
    ID: 'money',
    ExpiryTime: '2044-01-01T00:00:00Z',
    Weight: 2,
    DestinationIDs: 'DST_1002',
    Blocker: true,
  }
  await callText(source, 'APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 5.25, Balance })
  const ActionTrigger = {
    ThresholdType: '*max_event_counter',
    ThresholdValue: 100,
    ActionsID: 'ACTIONS',
    MinSleep: '1s',
  }
  await callText(source, 'APIerSv1.SetActionTrigger', { GroupID: 'TRIGGERS', UniqueID: 'high', ActionTrigger })
  const watched = { Account: '1001', ActionTriggerIDs: ['TRIGGERS'] }
  t.equal(await callText(source, 'APIerSv1.AddAccountActionTriggers', watched), OK)

  const known = describedRegistry()
  const nobody = async () => {
    throw new Error('not in this process')
  }
  const host = hostSettings(`127.0.0.1:${target.gobPort}`, { transport: '*gob' })
  const connections = new Connections(poolsOf('*first', host), 1, nobody, (name) => known.shapesOf(name))
  t.teardown(() => connections.close())
  const client = connections.client(['pool'])
  for (const { kind, keys, wrap } of OBJECTS)
    for (const key of keys) {
      const text = await callText(source, `ReplicatorSv1.Get${kind}`, keyed(key))
      const { result } = parseJson(text) as { result: object }
      t.ok(result, `${kind} ${key}`)
      const argument = { ...(wrap?.(key, result) ?? result), Tenant: 'cgrates.org' }
      t.equal(await client.call(`ReplicatorSv1.Set${kind}`, argument), 'OK')
      const update = (reply: string) => reply.replace(/"UpdateTime":"[^"]+"/, '')
      t.equal(update(await callText(target, `ReplicatorSv1.Get${kind}`, keyed(key))), update(text), `${kind} ${key}`)
    }
  const index = { IdxItmType: '*charger_filter_indexes', TntCtx: 'cgrates.org' }
  const Indexes = { '*none:*any:*any': { CHARGER: {} } }
  await callText(target, 'APIerSv1.SetChargerProfile', { ID: 'CHARGER', RunID: '*default' })
  t.equal(await client.call('ReplicatorSv1.SetIndexes', { ...index, Indexes }), 'OK')
  t.same(await client.call('ReplicatorSv1.GetIndexes', index), Indexes)
  const loaded = parseJson(await callText(source, 'APIerSv1.GetLoadIDs', '')) as { result: object }
  const LoadIDs = Object.fromEntries(Object.entries(loaded.result).map(([item, ns]) => [item, BigInt(String(ns))]))
  t.equal(await client.call('ReplicatorSv1.SetLoadIDs', { LoadIDs }), 'OK')
  for (const [method, argument] of [
    ['APIerSv1.GetLoadIDs', ''],
    [
      'APIerSv1.GetCost',
      { Category: 'call', Subject: '1001', Destination: '1002', AnswerTime: '2024-03-05T12:00:00Z', Usage: '3m7s' },
    ],
    ['APIerSv1.GetDataCost', { Category: 'data', Subject: '1001', AnswerTime: '2024-03-05T12:00:00Z', Usage: 640_113 }],
    ['APIerSv1.GetMaxUsage', { Account: '1001', Destination: '1002', Usage: '3h' }],
    ['APIerSv2.GetActions', { ActionIDs: ['ACTIONS'] }],
  ] as const) {
    const wanted = await callText(source, method, argument)
    t.match(wanted, '"error":null')
    t.equal(await callText(target, method, argument), wanted, method)
  }
})
