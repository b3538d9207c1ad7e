import t from 'tap'
import { startGateway, stopGateway } from '../support/gateway.ts'
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
