import { join } from 'node:path'
import t from 'tap'
import { describedRegistry } from '../../src/commands/methods.ts'
import { Connections } from '../../src/rpc/client/connections.ts'
import { parseJson } from '../../src/rpc/shape.ts'
import { ROOT } from '../support/gateway.ts'
import { hostSettings, poolsOf } from '../support/rpc-hosts.ts'
import { callText, ratedGateway } from '../support/rpc-steps.ts'

const CALL = {
  Category: 'call',
  Account: '1001',
  Destination: '1003',
  TimeStart: '2024-03-05T12:00:00Z',
  TimeEnd: '2024-03-05T12:00:10Z',
  DurationIndex: 10_000_000_000,
}

/** Calls that change nothing. */
const CALLS: readonly { call: string; argument: unknown }[] = [
  { call: 'Responder.GetCost', argument: CALL },
  { call: 'Responder.Debit', argument: { ...CALL, DryRun: true } },
  { call: 'Responder.GetMaxSessionTime', argument: CALL },
  {
    call: 'RALsV1.GetRatingPlansCost',
    argument: { RatingPlanIDs: ['RP_1001'], Destination: '1002', SetupTime: '2024-03-05T12:00:00Z', Usage: '1h' },
  },
  {
    call: 'APIerSv1.GetDataCost',
    argument: { Category: 'data', Subject: '1001', AnswerTime: '2024-03-05T12:00:00Z', Usage: 640_113 },
  },
  { call: 'APIerSv1.GetMaxUsage', argument: { Account: '1001', Destination: '1002', Usage: '10s' } },
  {
    call: 'APIerSv1.GetAccountCost',
    argument: {
      Event: {
        Account: '1001',
        Category: 'call',
        Destination: '1003',
        SetupTime: '2024-03-05T12:00:00Z',
        Usage: '10s',
      },
    },
  },
  { call: 'APIerSv1.GetRatingPlan', argument: 'RP_1001' },
  { call: 'APIerSv1.GetRatingProfile', argument: { Category: 'call', Subject: '1001' } },
  { call: 'APIerSv1.GetDestination', argument: 'DST_1002' },
  { call: 'APIerSv2.GetDestinations', argument: {} },
  { call: 'APIerSv1.GetTiming', argument: { ID: 'PEAK' } },
  { call: 'APIerSv1.TimingIsActiveAt', argument: { TimingID: 'PEAK', Time: '2019-03-11T09:00:00Z' } },
  { call: 'APIerSv1.GetLoadIDs', argument: '' },
  { call: 'APIerSv1.GetLoadTimes', argument: {} },
  ...planCalls(),
]

/** The objects of a plan of `test/fixtures/tariff-plan`, one of each kind. */
function planCalls(): { call: string; argument: unknown }[] {
  const ids: Readonly<Record<string, string>> = {
    Timing: 'PEAK',
    Destination: 'DST_A',
    Rate: 'RT_1',
    DestinationRate: 'DR_1',
    RatingPlan: 'RP_1',
    RatingProfile: 'CSVLOAD:cgrates.org:call:1001',
    SharedGroups: 'SG_1',
    Actions: 'ACT_1',
    ActionPlan: 'AP_1',
    ActionTriggers: 'TR_1',
    AccountActions: 'CSVLOAD:cgrates.org:1001',
    FilterProfile: 'FLT_1',
    AttributeProfile: 'ATTR_1',
    Charger: 'CPP_1',
    Resource: 'RES_1',
    Stat: 'ST_1',
    Trend: 'TR_1',
    Ranking: 'RK_1',
    Threshold: 'TH_1',
    RouteProfile: 'ROUTE_1',
    DispatcherProfile: 'D1',
    DispatcherHost: 'ALL1',
  }
  return Object.entries(ids).map(([name, id]) => ({
    call: `APIerSv1.GetTP${name}`,
    argument: { TPid: 'P', ID: id, RatingProfileID: id, AccountActionsId: id },
  }))
}

/** A value without its empty parts, as gob sends it; numbers are texts: long ones have several forms. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty)
  if (typeof value === 'number' || typeof value === 'bigint') return value ? String(value) : undefined
  if (typeof value !== 'object' || value === null) return value || undefined
  if (String(value) !== '[object Object]') return String(value)
  const parts = Object.entries(value)
    .map(([name, each]) => [name, withoutEmpty(each)] as const)
    .filter(([, each]) => each !== undefined)
  return parts.length === 0 ? undefined : Object.fromEntries(parts)
}

t.test('costs and tariffs are the same over gob as over JSON', async (t) => {
  const gateway = await ratedGateway(t)
  const Balance = { ID: 'money' }
  await callText(gateway, 'APIerSv1.SetBalance', { Account: '1001', BalanceType: '*monetary', Value: 5, Balance })
  await callText(gateway, 'APIerSv1.ImportTariffPlanFromFolder', {
    TPid: 'P',
    FolderPath: join(ROOT, 'test/fixtures/tariff-plan'),
  })
  const host = hostSettings(`127.0.0.1:${gateway.gobPort}`, { transport: '*gob' })
  const known = describedRegistry()
  const nobody = async () => {
    throw new Error('not in this process')
  }
  const connections = new Connections(poolsOf('*first', host), 2, nobody, (name) => known.shapesOf(name))
  t.teardown(() => connections.close())
  const client = connections.client(['pool'])
  for (const { call, argument } of CALLS) {
    const { result } = parseJson(await callText(gateway, call, argument)) as { result: unknown }
    t.ok(result, call)
    t.same(withoutEmpty(await client.call(call, argument)), withoutEmpty(result), call)
  }
})
