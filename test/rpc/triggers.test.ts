import { join } from 'node:path'
import t from 'tap'
import { ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import { accountFolder, callText } from '../support/rpc-steps.ts'

const folder = accountFolder(t, {
  data_db: { db_type: '*lmdb', opts: { lmdbPath: 'records' } },
  cdrs: { ees_conns: [], online_cdr_exports: [], chargers_conns: [] },
})
let gateway = await startGateway(folder, join(ROOT, 'test/fixtures/04-triggers'))
t.teardown(() => stopGateway(gateway))

const OK = '"OK"'

/** The result of a call as JSON text, or the error. */
async function call(method: string, argument: unknown): Promise<string> {
  const { result, error } = JSON.parse(await callText(gateway, method, argument)) as { result: unknown; error: string }
  return error ?? JSON.stringify(result)
}

type Trigger = {
  ID: string
  UniqueID: string
  Executed: boolean
  Recurrent: boolean
  LastExecutionTime: string
  Balance: { ID: string }
}
type Account = {
  BalanceMap: Record<string, { ID: string; Value: number; Weight: number }[] | null>
  UnitCounters: Record<string, { CounterType: string; Counters: { Value: number; Filter: { ID: string } }[] }[]> | null
  ActionTriggers: Trigger[] | null
  Disabled: boolean
}

async function account(id: string): Promise<Account> {
  return JSON.parse(await call('APIerSv2.GetAccount', { Account: id })) as Account
}

async function balances(id: string): Promise<Record<string, number>> {
  const { BalanceMap: map } = await account(id)
  return Object.fromEntries(Object.values(map).flatMap((list) => (list ?? []).map((each) => [each.ID, each.Value])))
}

async function counters(id: string): Promise<Record<string, number>> {
  const { UnitCounters: map } = await account(id)
  const all = Object.values(map ?? {}).flatMap((types) => types.flatMap(({ Counters: list }) => list))
  return Object.fromEntries(all.map(({ Value: value, Filter: filter }) => [filter.ID, value]))
}

const executed = async (id: string) =>
  Object.fromEntries(((await account(id)).ActionTriggers ?? []).map((each) => [each.UniqueID, each.Executed]))

const setBalance = (id: string, type: string, name: string, value: number, weight = 10) =>
  call('APIerSv1.SetBalance', { Account: id, BalanceType: type, Value: value, Balance: { ID: name, Weight: weight } })
const add = (id: string, ...groups: string[]) =>
  call('APIerSv1.AddAccountActionTriggers', { Account: id, ActionTriggerIDs: groups })
const execute = (id: string, set: string) => call('APIerSv1.ExecuteAction', { Account: id, ActionsId: set })

/** A debit of seconds or units; its cost, or the error. */
async function debit(
  method: 'Debit' | 'MaxDebit',
  id: string,
  usage: number,
  fields: object = {},
): Promise<number | string> {
  const isVoice = !('ToR' in fields)
  const end = new Date(Date.UTC(2026, 0, 1, 10) + (isVoice ? usage * 1000 : 0)).toISOString()
  const unitsEnd = `2026-01-01T10:00:00.${String(usage).padStart(9, '0')}Z`
  const reply = await call(`Responder.${method}`, {
    Category: 'call',
    Tenant: 'cgrates.org',
    Account: id,
    Subject: id,
    Destination: '0723123',
    TimeStart: '2026-01-01T10:00:00Z',
    TimeEnd: isVoice ? end : unitsEnd,
    ToR: '*voice',
    ...fields,
  })
  return reply.startsWith('{') ? (JSON.parse(reply) as { Cost: number }).Cost : reply
}

const sms = (id: string, usage: number) =>
  debit('Debit', id, usage, { ToR: '*sms', Category: 'sms', Destination: '999' })
const data = (id: string, usage: number) => debit('Debit', id, usage, { ToR: '*data' })

async function refills(id: string): Promise<number> {
  return Number(await call('CDRsV1.GetCDRsCount', { Accounts: [id], RunIDs: ['*topup'] }))
}

t.test('04 W20: auto refill, in the middle of a debit too', async (t) => {
  t.equal(await execute('w20', 'SET_MAIN'), OK)
  t.equal(await add('w20', 'MAIN'), OK)
  t.same(await balances('w20'), { main: 20480 })
  t.equal(await data('w20', 200), 0)
  t.same([await balances('w20'), await refills('w20')], [{ main: 20280 }, 0])
  t.equal(await data('w20', 20280), 0)
  t.same([await balances('w20'), await refills('w20')], [{ main: 1024 }, 1])
  t.equal(await execute('w20', 'TOPUP_MAIN'), OK)
  t.same(await balances('w20'), { main: 11264 })
  t.equal(await data('w20', 16384), 0)
  t.same([await balances('w20'), await refills('w20')], [{ main: 1024 }, 7], '6 refills inside one debit')
  await new Promise((resolve) => setTimeout(resolve, 4_100))
  t.equal(await execute('w20', 'REARM'), OK)
  t.same(await balances('w20'), { main: 20480 }, 'renewed after its expiry')
})

t.test('04 W21: low and high balances', async (t) => {
  t.equal(await setBalance('w21', '*monetary', '*default', 50), OK)
  t.equal(await add('w21', 'BALANCES'), OK)
  t.equal(await setBalance('w21', '*monetary', '*default', 1), OK)
  t.same(await balances('w21'), { '*default': 1, BONUS_SMSes: 10 })
  t.equal(await setBalance('w21', '*monetary', '*default', 101), OK)
  t.equal((await account('w21')).Disabled, true)
  t.same(await executed('w21'), { low: true, high: true })
  t.equal(await call('APIerSv1.SetAccount', { Account: 'w21', ExtraOptions: { Disabled: false } }), OK)
  t.equal((await account('w21')).Disabled, false)
  t.same(await executed('w21'), { low: true, high: true }, 'silent until they are armed again')
})

t.test('04 W21: the other account', async (t) => {
  t.equal(await setBalance('w21b', '*monetary', 'M', 5), OK)
  const trigger = {
    ThresholdType: '*min_balance',
    ThresholdValue: 2,
    BalanceType: '*monetary',
    BalanceID: 'M',
    ActionsID: 'FIVE',
  }
  const named = { Account: 'w21b', GroupID: 'G', UniqueID: 'u' }
  t.equal(await call('APIerSv1.SetAccountActionTriggers', { ...named, ActionTrigger: trigger }), OK)
  t.same(await balances('w21b'), { M: 5 })
  t.equal(
    await call('APIerSv1.DebitBalance', { Account: 'w21b', BalanceType: '*monetary', Value: 3, Balance: { ID: 'M' } }),
    OK,
  )
  t.same(await balances('w21b'), { M: 2, NEW: 5 })
  t.same(await executed('w21b'), { u: true })
  t.equal(await execute('w21b', 'RESET5'), OK)
  t.same(await balances('w21b'), { M: 5, NEW: 5 })
  t.same(await executed('w21b'), { u: false })
})

t.test('04 W25: counters of events and of balances', async (t) => {
  t.equal(await setBalance('w25', '*monetary', 'M', 100, 20), OK)
  t.equal(await add('w25', 'COUNTERS'), OK)
  t.same(await counters('w25'), { day_trigger: 0, week_trigger: 0 })
  t.equal(await sms('w25', 1), 1)
  t.same(await counters('w25'), { day_trigger: 1, week_trigger: 1 })
  t.equal(await execute('w25', 'ZERO_ALL'), OK)
  t.same(await counters('w25'), { day_trigger: 1, week_trigger: 1 }, 'without the id of a counter none is meant')
  t.equal(await execute('w25', 'ZERO_DAY'), OK)
  t.same(await counters('w25'), { day_trigger: 0, week_trigger: 1 })
  t.equal(await sms('w25', 10), 10)
  t.same(
    [await balances('w25'), await executed('w25')],
    [
      { M: 89, BONUS_SMSes: 10 },
      { day_trigger: true, week_trigger: false },
    ],
  )
  t.equal(await setBalance('w25b', '*monetary', 'M', 100, 20), OK)
  t.equal(await add('w25b', 'WEIGHTS'), OK)
  t.equal(await sms('w25b', 10), 10)
  t.same(await counters('w25b'), { w10: 0, w20: 10 })
})

t.test('04 9: what counters count', async (t) => {
  t.equal(await setBalance('kinds', '*monetary', 'M', 100, 10), OK)
  t.equal(await add('kinds', 'KINDS'), OK)
  const call5 = {
    Category: 'call',
    Tenant: 'cgrates.org',
    Account: 'kinds',
    Subject: 'kinds',
    TimeStart: '2026-01-01T10:00:00Z',
    TimeEnd: '2026-01-01T10:00:05Z',
    ToR: '*voice',
  }
  const first = JSON.parse(await call('Responder.Debit', { ...call5, Destination: '0723123' })) as {
    Timespans: { Increments: object[] }[]
  }
  t.same(await counters('kinds'), { nat: 7, cat: 0, all: 7, bal: 7, conn: 1, voice: 0 })
  t.equal(await debit('Debit', 'kinds', 5, { Destination: '999' }), 5)
  t.same(await counters('kinds'), { nat: 7, cat: 0, all: 12, bal: 12, conn: 2, voice: 0 })
  const increments = first.Timespans.flatMap(({ Increments: each }) => each)
  await call('Responder.RefundIncrements', { ...call5, Destination: '0723123', Increments: increments })
  t.same(await counters('kinds'), { nat: 0, cat: 0, all: 5, bal: 5, conn: 2, voice: 0 })
  await call('APIerSv1.DebitBalance', { Account: 'kinds', BalanceType: '*monetary', Value: 3, Balance: { ID: 'M' } })
  t.same(await counters('kinds'), { nat: 0, cat: 0, all: 5, bal: 5, conn: 2, voice: 0 }, 'actions are not counted')
  t.equal(await setBalance('kinds', '*voice', 'V', 60e9), OK)
  t.equal(await debit('Debit', 'kinds', 5, { Destination: '999' }), 0)
  t.match(await counters('kinds'), { all: 5, voice: 5e9 })
})

t.test('04 10.2: a recurrent trigger runs after each increment', async (t) => {
  t.equal(await setBalance('each', '*monetary', 'M', 10), OK)
  t.equal(await add('each', 'EACH'), OK)
  t.equal(await debit('MaxDebit', 'each', 5, { Destination: '999' }), 5)
  t.same(await balances('each'), { M: 5, RUNS: 4 }, 'at 8, 7, 6 and 5')
  t.same(await executed('each'), { u: false })
  t.equal(await setBalance('each', '*monetary', 'M', 10), OK)
  t.equal(await debit('MaxDebit', 'each', 5, { Destination: '999', DryRun: true }), 5)
  t.same(await balances('each'), { M: 5, RUNS: 8 }, 'MaxDebit is never dry')
  t.equal(await setBalance('each', '*monetary', 'M', 10), OK)
  t.equal(await debit('Debit', 'each', 5, { Destination: '999', DryRun: true }), 5)
  t.same(await balances('each'), { M: 10, RUNS: 8 }, 'a dry debit tells no trigger')
})

t.test('04 10.3: MinSleep, sets that are not there, sets that fail', async (t) => {
  for (const [id, group] of [
    ['sleep', 'SLEEP'],
    ['gone', 'GONE'],
    ['fails', 'FAILS'],
  ] as const) {
    t.equal(await setBalance(id, '*monetary', 'M', 10), OK)
    t.equal(await add(id, group), OK)
    t.equal(await debit('Debit', id, 5, { Destination: '999' }), 5)
  }
  t.same(await balances('sleep'), { M: 5, RUNS: 1 })
  t.same([await balances('gone'), await executed('gone')], [{ M: 5 }, { u: false }])
  t.same([await balances('fails'), await executed('fails')], [{ M: 5 }, { u: false }], 'nothing of the set is kept')
})

t.test('04 11.4 n5: triggers by selector', async (t) => {
  const recurrent = async () => ((await account('each')).ActionTriggers ?? []).map(({ Recurrent: is }) => is)
  t.equal(await execute('each', 'ONCE'), OK)
  t.same(await recurrent(), [false])
  t.equal(await execute('each', 'AGAIN'), OK)
  t.same(await recurrent(), [true])
})

t.test('04 11.4: *reset_account re-arms triggers; counters stay, and one that is full runs again', async (t) => {
  const counted = await counters('w25')
  t.equal(await execute('w25', 'EMPTY'), OK)
  t.same(await executed('w25'), { day_trigger: true, week_trigger: false })
  t.same(await counters('w25'), counted)
})

t.test('04 14: triggers of AccountActions.csv, and what survives a kill', async (t) => {
  t.same(await executed('csv'), { low: false, high: false })
  t.equal(await setBalance('csv', '*monetary', '*default', 1), OK)
  t.same(await balances('csv'), { '*default': 1, BONUS_SMSes: 10 })
  const before = await call('APIerSv2.GetAccount', { Account: 'csv' })
  const counted = await call('APIerSv2.GetAccount', { Account: 'kinds' })
  await stopGateway(gateway, 'SIGKILL')
  gateway = await startGateway(folder, null)
  t.equal(await call('APIerSv2.GetAccount', { Account: 'csv' }), before)
  t.equal(await call('APIerSv2.GetAccount', { Account: 'kinds' }), counted)
  t.equal(await setBalance('csv', '*monetary', '*default', 1), OK)
  t.same(await balances('csv'), { '*default': 1, BONUS_SMSes: 10 }, 'it has run, and does not run again')
})

t.test('04 13.2: groups of triggers', async (t) => {
  const found = async (...ids: string[]) =>
    JSON.parse(await call('APIerSv1.GetActionTriggers', { GroupIDs: ids })) as (Trigger & {
      ThresholdValue: number
      ActionsID: string
    })[]
  t.equal(await call('APIerSv1.SetActionTrigger', { GroupID: 'API' }), OK)
  const [empty] = await found('API')
  t.match(empty, { ID: 'API', UniqueID: /^[0-9a-f-]{36}$/, ThresholdValue: 0, Executed: false })
  const fields = {
    ThresholdType: '*max_balance',
    ThresholdValue: '20',
    MinSleep: '1m',
    BalanceDestinationIds: ['A', 'B'],
    BalanceWeight: 10,
  }
  t.equal(await call('APIerSv1.SetActionTrigger', { GroupID: 'API', UniqueID: 'u', ActionTrigger: fields }), OK)
  t.equal(
    await call('APIerSv1.SetActionTrigger', { GroupID: 'API', UniqueID: 'u', ActionTrigger: { ActionsID: 'BONUS' } }),
    OK,
  )
  t.match((await found('API'))[1], {
    UniqueID: 'u',
    ThresholdValue: 20,
    MinSleep: 60_000_000_000,
    ActionsID: 'BONUS',
    Balance: { DestinationIDs: { A: true, B: true }, Weight: 10, ID: null },
  })
  t.equal(await call('APIerSv1.RemoveActionTrigger', { GroupID: 'API', UniqueID: 'u' }), OK)
  t.equal((await found('API')).length, 1)
  t.equal(await call('APIerSv1.RemoveActionTrigger', { GroupID: 'API' }), OK)
  t.equal(await call('APIerSv1.RemoveActionTrigger', { GroupID: 'API' }), OK)
  t.equal(await call('APIerSv1.GetActionTriggers', { GroupIDs: ['API'] }), 'NOT_FOUND')
  t.equal(await call('APIerSv1.SetActionTrigger', {}), 'MANDATORY_IE_MISSING: [GroupID]')
  const bad = { GroupID: 'API', ActionTrigger: { ExpirationDate: 'zz' } }
  t.equal(await call('APIerSv1.SetActionTrigger', bad), 'Unsupported time format')
})

t.test('04 13.2: triggers of accounts', async (t) => {
  const of = async (id: string) => ((await account(id)).ActionTriggers ?? []).map(({ UniqueID: unique }) => unique)
  t.equal(await call('APIerSv2.SetAccount', { Account: 'api', ActionTriggerIDs: ['BALANCES', 'EACH'] }), OK)
  t.same(await of('api'), ['low', 'high', 'u'])
  t.equal(await call('APIerSv2.SetAccount', { Account: 'api', ActionTriggerIDs: ['EACH', 'COUNTERS'] }), OK)
  t.same(await of('api'), ['low', 'high', 'u', 'day_trigger', 'week_trigger'], 'none is doubled')
  t.equal(await call('APIerSv1.SetAccount', { Account: 'api', ActionTriggersID: 'COUNTERS' }), OK)
  t.same(await of('api'), ['day_trigger', 'week_trigger'], 'the others go')
  t.equal(await call('APIerSv1.SetAccount', { Account: 'api', ActionTriggersID: 'NONE' }), 'SERVER_ERROR: NOT_FOUND')
  t.equal(await call('APIerSv1.RemoveAccountActionTriggers', { Account: 'api', UniqueID: 'day_trigger' }), OK)
  t.same([await of('api'), await counters('api')], [['week_trigger'], { week_trigger: 0 }])
  t.equal(await call('APIerSv1.RemoveAccountActionTriggers', { Account: 'api' }), OK)
  t.match(await account('api'), { ActionTriggers: null, UnitCounters: null })
  t.equal(await call('APIerSv1.GetAccountActionTriggers', { Account: 'api' }), '[]')
  t.equal(await call('APIerSv1.GetAccountActionTriggers', { Account: 'nobody' }), 'SERVER_ERROR: NOT_FOUND')
  t.equal(await add('nobody', 'EACH'), 'NOT_FOUND')
  t.equal(await add('api', 'NONE'), 'NOT_FOUND')
  const missing = { Account: 'api', GroupID: 'G', ActionTrigger: { ThresholdType: '*min_balance' } }
  t.equal(await call('APIerSv1.SetAccountActionTriggers', missing), 'MANDATORY_IE_MISSING: [ThresholdValue]')
  const later = { Account: 'api', ActionTriggerIDs: ['EACH'], ActivationDate: '+1h' }
  t.equal(await call('APIerSv1.AddAccountActionTriggers', later), OK)
  t.equal(await setBalance('api', '*monetary', 'M', 1), OK)
  t.same(await balances('api'), { M: 1 }, 'it is not active yet')
  const old = {
    Account: 'api',
    ThresholdType: '*max_balance',
    ThresholdValue: 2,
    BalanceType: '*monetary',
    ActionsId: 'BONUS',
  }
  t.equal(await call('APIerSv1.AddTriggeredAction', old), OK)
  t.same(await of('api'), ['u', ''])
  t.equal(await setBalance('api', '*monetary', 'M', 2), OK)
  t.same(await balances('api'), { M: 2, BONUS_SMSes: 10 })
  const reset = { Account: 'api', GroupID: '', UniqueID: '', Executed: false }
  t.equal(await call('APIerSv1.ResetAccountActionTriggers', reset), OK)
  t.same(await balances('api'), { M: 2, BONUS_SMSes: 10 }, 'it waits for the next change')
  t.match(JSON.parse(await call('APIerSv1.GetAccount', { Account: 'api' })), {
    ActionTriggers: [{ ThresholdType: '*min_balance' }, { ThresholdType: '*max_balance', ActionsId: 'BONUS' }],
  })
})
