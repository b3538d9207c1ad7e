import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newAccount, newBalance } from '../../src/accounting/account.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { Config } from '../../src/config/schema.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { Evaluations } from '../../src/core/evaluations.ts'
import type { EventFields } from '../../src/core/event.ts'
import { ServiceValues } from '../../src/engine/service-values.ts'
import { FILTERED_EVENT_READER } from '../../src/filters/event-reader.ts'
import { FilterCompiler } from '../../src/filters/filter-compiler.ts'
import { MappingError } from '../../src/mapping/value.ts'
import { Connections } from '../../src/rpc/client/connections.ts'
import { RpcError } from '../../src/rpc/rpc-error.ts'
import { eventOf, filterSources, TENANT } from '../support/filters.ts'
import { ROOT, sampleFolder } from '../support/gateway.ts'
import { type Answers, deadAddress, hostSettings, poolsOf, startServer } from '../support/rpc-hosts.ts'

/** What each call answers, by id of the item. */
const REPLIES: Readonly<Record<string, Readonly<Record<string, EventFields>>>> = {
  'StatSv1.GetQueueFloatMetrics': {
    SQ: { '*acd': 10_000_000_000, '*asr': 66.66667, '*sum#~*req.CostDetails.Charges[0]': 7 },
  },
  'ResourceSv1.GetResourceWithConfig': {
    RES: {
      Tenant: TENANT,
      ID: 'RES',
      Usages: { a: { ID: 'a', Units: 2 }, b: { ID: 'b', Units: 1.5 } },
      TTLIdx: ['a', 'b'],
      Config: { Limit: 10, Weight: 20, UsageTTL: 3_600_000_000_000 },
    },
    FREE: { Tenant: TENANT, ID: 'FREE', Usages: null, Config: { Limit: 1 } },
  },
  'TrendSv1.GetTrendSummary': { TR: { Metrics: { '*acd': { ID: '*acd', Value: 5, TrendGrowth: -1.5 } } } },
  'RankingSv1.GetRankingSummary': { RK: { ID: 'RK', SortedStatIDs: ['SQ2', 'SQ1'] } },
  'APIerSv2.GetAccount': {
    '1001': {
      ID: 'cgrates.org:1001',
      BalanceMap: {
        '*monetary': [
          { Uuid: 'u', ID: 'B', Value: 10 },
          { ID: 'C', Value: 5.5 },
        ],
      },
    },
  },
}

const ROWS: readonly [filter: string, outcome: string][] = [
  ['*eq:~*stats.SQ.*acd:10s', 'true'],
  ['*string:~*stats.SQ.*acd:10000000000', 'true'],
  ['*gt:~*stats.<~*req.Queue>.*asr:66', 'true'],
  ['*eq:~*stats.SQ.*sum#~*req.CostDetails.Charges[0]:7', 'true'],
  ['*gt:~*stats.SQ.*tcd:1', 'false'],
  ['*exists:~*stats.NONE.*acd:', 'false'],
  ['*notexists:~*stats.NONE.*acd:', 'true'],
  ['*eq:~*resources.RES.TotalUsage:3.5', 'true'],
  ['*eq:~*resources.RES.Available:6.5', 'true'],
  ['*eq:~*resources.RES.Config.Limit:10', 'true'],
  ['*string:~*resources.RES.ID:RES', 'true'],
  ['*string:~*resources.RES.Config.UsageTTL:1h0m0s', 'true'],
  ['*string:~*resources.RES.TTLIdx[0]:a', 'true'],
  ['*eq:~*resources.FREE.TotalUsage:0', 'true'],
  ['*eq:~*resources.FREE.Available:1', 'true'],
  ['*gt:~*resources.NONE.TotalUsage:0', 'false'],
  ['*lt:~*trends.TR.Metrics.*acd.TrendGrowth:0', 'true'],
  ['*string:~*rankings.RK.SortedStatIDs[0]:SQ2', 'true'],
  ['*string:~*rankings.RK.SortedStatIDs[2]:SQ2', 'false'],
  ['*eq:~*accounts.1001.BalanceMap.*monetary[0].Value:10', 'true'],
  ['*eq:~*accounts.1001.BalanceMap.*monetary.GetTotalValue:15.5', 'true'],
  ['*exists:~*accounts.1002.ID:', 'false'],
]

const FILTERS = ['apiers', 'stats', 'resources', 'trends', 'rankings'].map(
  (name) => [`${name}_conns`, ['pool']] as const,
)

async function configOf(t: Test, filters: object): Promise<Config> {
  const { config } = await loadConfig(join(sampleFolder(t, {}), 'config'), {}, join(ROOT, 'config/tollgate.json'))
  return { ...config, filters: { ...config.filters, ...filters } }
}

function valuesOf(t: Test, config: Config, connections: Connections) {
  t.teardown(() => connections.close())
  const evaluations = new Evaluations()
  const account = { ...newAccount(TENANT, 'HERE', 0), balances: { '*monetary': [newBalance('u', 'B', Decimal.of(3))] } }
  const values = new ServiceValues({
    evaluations,
    client: (conns) => connections.client(conns),
    config: () => config,
    conns: ({ filters }) => filters,
    findAccount: (_, id) => (id === 'HERE' ? account : undefined),
  })
  const sources = { ...filterSources(), service: values.service, accounts: values.accounts }
  const compiler = new FilterCompiler(FILTERED_EVENT_READER, { separator: ';', group: undefined }, sources)
  const passes = (filters: readonly string[]) => compiler.compile(filters)(eventOf({ Queue: 'SQ' }))
  return {
    passes,
    decide: async (...filters: string[]) => {
      try {
        return String(await evaluations.run(() => passes(filters)))
      } catch (cause) {
        if (cause instanceof MappingError) return cause.message
        throw cause
      }
    },
  }
}

function answer(method: string, argument: unknown): EventFields | Error {
  const { ID, Account, Tenant } = argument as Readonly<Record<string, string>>
  const found = Tenant === TENANT ? REPLIES[method]?.[ID ?? Account ?? ''] : undefined
  return found ?? new Error('NOT_FOUND')
}

const ANSWERS: Answers = Object.fromEntries(
  Object.keys(REPLIES).map((method) => [method, (argument: unknown) => answer(method, argument)]),
)

t.test('02, 6.5: filters ask services of another process, each item once for an event', async (t) => {
  const server = await startServer(t, ANSWERS)
  const pools = poolsOf('*first', hostSettings(server.address))
  const connections = new Connections(
    pools,
    1,
    () => Promise.reject(new Error('not here')),
    () => undefined,
  )
  const { decide, passes } = valuesOf(t, await configOf(t, Object.fromEntries(FILTERS)), connections)
  for (const [filter, outcome] of ROWS) t.equal(await decide(filter), outcome, filter)
  server.calls.length = 0
  t.equal(await decide('*gt:~*stats.SQ.*asr:1', '*eq:~*stats.SQ.*acd:10s', '*gt:~*resources.RES.TotalUsage:1'), 'true')
  t.same(server.calls, ['StatSv1.GetQueueFloatMetrics', 'ResourceSv1.GetResourceWithConfig'])
  t.throws(() => passes(['*gt:~*stats.SQ.*asr:1']), {
    message: 'StatSv1.GetQueueFloatMetrics cannot be asked here: nothing waits for it',
  })
})

t.test('02, 6.5: and those of this process', async (t) => {
  const local = async (method: string, argument: unknown) => {
    const found = answer(method, argument)
    if (found instanceof Error) throw new RpcError(found.message)
    return found
  }
  const connections = new Connections(new Map(), 1, local, () => undefined)
  const conns = Object.fromEntries(FILTERS.map(([key]) => [key, ['*internal']]))
  const { decide, passes } = valuesOf(t, await configOf(t, conns), connections)
  for (const [filter, outcome] of ROWS.filter(([filter]) => !filter.includes('accounts')))
    t.equal(await decide(filter), outcome, filter)
  t.equal(passes(['*eq:~*accounts.HERE.BalanceMap.*monetary[0].Value:3']), true, 'an account is read where it lies')
})

t.test('02, 6.5: what fails is the error of the filter', async (t) => {
  const failing = (text: string) => () => new Error(text)
  const server = await startServer(t, {
    'StatSv1.GetQueueFloatMetrics': failing('SERVER_ERROR: no such thing'),
    'APIerSv2.GetAccount': () => ({ ID: 'nobody' }),
  })
  const pools = poolsOf('*first', hostSettings(server.address))
  const connections = new Connections(
    pools,
    1,
    () => Promise.reject(new Error('not here')),
    () => undefined,
  )
  const { decide } = valuesOf(t, await configOf(t, Object.fromEntries(FILTERS)), connections)
  t.equal(await decide('*gt:~*stats.SQ.*asr:1'), 'SERVER_ERROR: no such thing')
  t.equal(await decide('*gt:~*accounts.1001.ID:1'), 'SERVER_ERROR: account ID "nobody", expected tenant:account')
  t.equal(await decide('*gt:~*trends.TR.ID:1'), "rpc: can't find service TrendSv1.GetTrendSummary")
  const none = valuesOf(t, await configOf(t, {}), connections)
  for (const container of ['stats', 'resources', 'trends', 'rankings', 'accounts'])
    t.equal(await none.decide(`*exists:~*${container}.X.Y:`), 'MANDATORY_IE_MISSING: [connIDs]', container)
  const dead = poolsOf('*first', hostSettings(await deadAddress(), { connectAttempts: 1 }))
  const lost = new Connections(
    dead,
    1,
    () => Promise.reject(new Error('not here')),
    () => undefined,
  )
  const unreached = valuesOf(t, await configOf(t, Object.fromEntries(FILTERS)), lost)
  t.match(await unreached.decide('*gt:~*stats.SQ.*asr:1'), /^dial tcp .*: connect: connection refused$/)
})
