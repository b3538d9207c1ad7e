import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Gateway, ROOT, startGateway, stopGateway } from '../support/gateway.ts'
import {
  accountFolder,
  accountGateway,
  accountText,
  callText,
  runSteps,
  type Step,
  toppedUp,
} from '../support/rpc-steps.ts'

const timingText = (fields: object) => ({
  ID: '',
  Years: [],
  Months: [],
  MonthDays: [],
  WeekDays: [],
  StartTime: '',
  EndTime: '',
  ...fields,
})
const planTiming = (actionsId: string, weight: number, timing: object) => ({
  Uuid: '#',
  Timing: { Timing: timingText(timing), Rating: null, Weight: 0 },
  ActionsID: actionsId,
  ExtraData: null,
  Weight: weight,
})
const AP_A = {
  Id: 'AP_A',
  AccountIDs: { 'cgrates.org:a1': true },
  ActionTimings: [
    planTiming('ACT_A', 10, { ID: '*asap', StartTime: '*asap' }),
    planTiming('ACT_B', 20, { ID: 'MORNING', StartTime: '08:00:00' }),
  ],
}

const call =
  (method: string) =>
  (name: string, params: unknown, ends: string | readonly (string | object)[] | { error: string } = 'OK') => ({
    name,
    call: method,
    params,
    ...(typeof ends === 'object' && 'error' in ends ? ends : { result: JSON.stringify(ends) }),
  })
const get = call('APIerSv1.GetActionPlan')
const ids = call('APIerSv1.GetActionPlanIDs')
const set = call('APIerSv1.SetActionPlan')
const setWith = call('APIerSv1.SetActionPlanAccounts')
const remove = call('APIerSv1.RemoveActionPlan')
const removeTiming = call('APIerSv1.RemoveActionTiming')
const planned = call('APIerSv1.GetAccountActionPlan')
const joining = call('APIerSv1.SetAccount')
const bad = (name: string, timing: object, error: string) => set(name, { Id: 'BAD', ActionPlan: [timing] }, { error })
const NOT_FOUND = { error: 'NOT_FOUND' }

/** Replies that the reference engine gave to the same calls on the same tariff, but for the order of plans. */
const STEPS: readonly Step[] = [
  get('of a load', { ID: 'AP_A' }, [AP_A]),
  get('unknown', { ID: 'X' }, NOT_FOUND),
  ids('all', {}, ['AP_A', 'AP_ASAP', 'AP_DAILY']),
  ids('that contain', { Search: 'AIL' }, ['AP_DAILY']),
  ids('none', { Search: 'XX' }, NOT_FOUND),
  set('nothing', {}, { error: 'MANDATORY_IE_MISSING: [Id ActionPlan]' }),
  set('no timing', { Id: 'BAD', ActionPlan: [] }, { error: 'MANDATORY_IE_MISSING: [ActionPlan]' }),
  bad('an empty timing', {}, 'MANDATORY_IE_MISSING:Action::[ActionsId Time]'),
  bad('no time', { ActionsId: 'ACT_A', TimingID: 'NOON' }, 'MANDATORY_IE_MISSING:Action:ACT_A:[Time]'),
  bad('no actions', { Time: '*daily' }, 'MANDATORY_IE_MISSING:Action::[ActionsId]'),
  bad('unknown actions', { ActionsId: 'none', Time: '*daily' }, 'BROKEN_REFERENCE:none'),
  bad('04 17: letters', { ActionsId: 'ACT_A', Time: 'aa:bb:cc' }, 'UNSUPPORTED_FORMAT:aa:bb:cc'),
  bad('04 17: two numbers', { ActionsId: 'ACT_A', Time: '12:34' }, 'UNSUPPORTED_FORMAT:12:34'),
  bad('04 17: an empty number', { ActionsId: 'ACT_A', Time: '12::56' }, 'UNSUPPORTED_FORMAT:12::56'),
  bad('04 12.1: *any', { ActionsId: 'ACT_A', Time: '*any' }, 'UNSUPPORTED_FORMAT:*any'),
  bad('04 12.2: no time of day', { ActionsId: 'ACT_A', Time: '25:61:61' }, 'UNSUPPORTED_FORMAT:25:61:61'),
  bad('no duration', { ActionsId: 'ACT_A', Time: '+junk' }, 'UNSUPPORTED_FORMAT:+junk'),
  set('every kind of time', {
    Id: 'P1',
    ActionPlan: [
      { ActionsId: 'ACT_A', Time: '+5m' },
      { ActionsId: 'ACT_A', Time: '*asap' },
      {
        ActionsId: 'ACT_A',
        Time: '0:0:0',
        Weight: 5,
        Years: '2027;2028',
        Months: '1;*any',
        MonthDays: '*any',
        WeekDays: '1;7',
      },
      { ActionsId: 'ACT_A', Time: '10:00:00', TimingID: 'NOON', WeekDays: '3' },
      { ActionsId: 'ACT_A', Time: '10:00:00', TimingID: 'UNKNOWN' },
    ],
  }),
  set('again', { Id: 'P1', ActionPlan: [{ ActionsId: 'ACT_A', Time: '*daily' }] }, { error: 'EXISTS' }),
  get('as it was set', { ID: 'P1' }, [
    {
      Id: 'P1',
      AccountIDs: null,
      ActionTimings: [
        planTiming('ACT_A', 0, { StartTime: '+5m' }),
        planTiming('ACT_A', 0, { StartTime: '*asap' }),
        planTiming('ACT_A', 5, { Years: [2027, 2028], Months: [1], WeekDays: [1, 0], StartTime: '0:0:0' }),
        planTiming('ACT_A', 0, { ID: 'NOON', WeekDays: [3], StartTime: '10:00:00', EndTime: '14:00:00' }),
        planTiming('ACT_A', 0, { ID: 'UNKNOWN', StartTime: '10:00:00' }),
      ],
    },
  ]),
  setWith('with accounts', {
    Id: 'P3',
    ActionPlan: [{ ActionsId: 'ACT_A', Time: '10:00:00' }],
    AccountIDs: ['cgrates.org:z1', 'z2'],
  }),
  get('with accounts', { ID: 'P3' }, [
    {
      Id: 'P3',
      AccountIDs: { 'cgrates.org:z1': true, 'cgrates.org:z2': true },
      ActionTimings: [planTiming('ACT_A', 0, { StartTime: '10:00:00' })],
    },
  ]),
  set('04 13.3: set again without accounts', {
    Id: 'P3',
    Overwrite: true,
    ActionPlan: [{ ActionsId: 'ACT_A', Time: '10:00:00' }],
  }),
  planned('04 13.3: they have left it', { Account: 'z1' }, []),
  joining('one comes back', { Account: 'z1', ActionPlanID: 'P3' }),
  remove('removed', { ID: 'P3' }),
  get('is gone', { ID: 'P3' }, NOT_FOUND),
  planned('and so is its account', { Account: 'z1' }, []),
  remove('unknown', { ID: 'P3' }),
  remove('none named', {}, { error: 'MANDATORY_IE_MISSING: [ID]' }),
  planned('none named', {}, { error: 'MANDATORY_IE_MISSING: [Account ]' }),
  call('APIerSv1.ComputeAccountActionPlans')('nothing to do', {}),
  call('APIerSv1.ComputeActionPlanIndexes')('nothing to do', ''),
  removeTiming('none named', {}, { error: 'MANDATORY_IE_MISSING: [ActionPlanId]' }),
  removeTiming('unknown plan', { ActionPlanId: 'none' }, { error: 'SERVER_ERROR: NOT_FOUND' }),
  joining('a second account', { Account: 'y1', ActionPlanID: 'AP_A' }),
  removeTiming('leaves', { ActionPlanId: 'AP_A', Account: 'y1' }),
  removeTiming('unknown timing', { ActionPlanId: 'AP_A', ActionTimingId: 'none' }),
  get('as before', { ID: 'AP_A' }, [AP_A]),
]

async function resultOf<T>(gateway: Gateway, method: string, params: object = {}): Promise<T> {
  return (JSON.parse(await callText(gateway, method, params)) as { result: T }).result
}

const balanceOf = (name: string, id: string, value: number): Step => ({
  name,
  call: 'APIerSv2.GetAccount',
  params: { Account: id },
  result: accountText(id, {
    '*monetary': [toppedUp({ ID: 'A', Value: value, Weight: 10, DestinationIDs: { DST_A: true, DST_B: false } })],
  }),
})

t.test('action plans', async (t) => {
  const gateway = await accountGateway(t)
  await t.test('are set, read and removed', (t) => runSteps(t, gateway, STEPS))
  await t.test('04 13.3: the next run of each timing of an account', async (t) => {
    const timings = await resultOf<{ ActionsId: string; NextExecTime: string }[]>(
      gateway,
      'APIerSv1.GetAccountActionPlan',
      { Account: 'a1' },
    )
    t.match(timings, [
      { ActionPlanId: 'AP_A', ActionsId: 'ACT_A', NextExecTime: /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ },
      { ActionPlanId: 'AP_A', ActionsId: 'ACT_B', NextExecTime: /^20\d\d-\d\d-\d\dT08:00:00Z$/ },
    ])
  })
  await t.test('run for one or all accounts, or for a time to come', (t) => runs(t, gateway))
  await t.test('are queued', (t) => queued(t, gateway))
  await t.test('lose timings, the last one ends them', async (t) => {
    const [plan] = await resultOf<{ ActionTimings: { Uuid: string }[] }[]>(gateway, 'APIerSv1.GetActionPlan', {
      ID: 'AP_A',
    })
    const [first, second] = plan?.ActionTimings ?? []
    await runSteps(t, gateway, [
      removeTiming('the first', { ActionPlanId: 'AP_A', ActionTimingId: first?.Uuid }),
      get('the other stays', { ID: 'AP_A' }, [{ ...AP_A, ActionTimings: AP_A.ActionTimings.slice(1) }]),
      removeTiming('the second', { ActionPlanId: 'AP_A', ActionTimingId: second?.Uuid }),
      get('none is left', { ID: 'AP_A' }, NOT_FOUND),
      planned('nor for its account', { Account: 'a1' }, []),
    ])
  })
})

const executeActions = call('SchedulerSv1.ExecuteActions')
const executePlans = call('SchedulerSv1.ExecuteActionPlans')

async function runs(t: Test, gateway: Gateway): Promise<void> {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()
  await runSteps(t, gateway, [
    executeActions('nothing', {}),
    executeActions('unknown', { ActionPlanID: 'none' }, NOT_FOUND),
    joining('04 W30: joins', { Account: 'w30', ActionPlanID: 'AP_DAILY' }),
    executeActions('04 W30: its plan', { ActionPlanID: 'AP_DAILY' }),
    balanceOf('04 W30: has run', 'w30', 5),
    executeActions('04 13.3: the past', { TimeStart: hours(-96), TimeEnd: hours(-24) }),
    executeActions('04 13.3: two days, the past again', { TimeStart: hours(-96), TimeEnd: hours(48) }),
    balanceOf('04 13.3: two runs', 'w30', 15),
    executeActions('04 13.3: an end before its start', { TimeStart: hours(48), TimeEnd: hours(24) }),
    balanceOf('nothing', 'w30', 15),
    executePlans('none', {}),
    executePlans('unknown', { ActionPlanIDs: ['none'], AccountID: 'v1' }, NOT_FOUND),
    executePlans('04 13.3: *asap too, the account is made', {
      ActionPlanIDs: ['AP_DAILY', 'AP_ASAP'],
      AccountID: 'v1',
    }),
    balanceOf('two runs', 'v1', 10),
    executePlans('without an account', { ActionPlanIDs: ['AP_DAILY'] }),
    {
      name: '04 13.3: the time to come has an end',
      call: 'SchedulerSv1.ExecuteActions',
      params: { TimeStart: hours(0), TimeEnd: '2999-01-01T00:00:00Z' },
      error: 'more than 10000 runs until 2999-01-01T00:00:00Z',
    },
  ])
}

const scheduled = call('APIerSv1.GetScheduledActions')
const service = (name: string) => call(`ServiceManagerV1.${name}`)

async function queued(t: Test, gateway: Gateway): Promise<void> {
  const queue = async (params: object) =>
    (await resultOf<{ ActionPlanID: string; Accounts: number }[]>(gateway, 'APIerSv1.GetScheduledActions', params)).map(
      ({ ActionPlanID, Accounts }) => `${ActionPlanID} ${Accounts}`,
    )
  await runSteps(t, gateway, [
    remove('only those of the load', { ID: 'P1' }),
    call('SchedulerSv1.Reload')('reloaded', {}),
  ])
  t.same((await queue({})).sort(), ['AP_A 1', 'AP_DAILY 1'], 'runs to come')
  t.same(await queue({ Account: 'a1' }), ['AP_A 1'], 'of an account')
  t.same((await queue({ Tenant: 'cgrates.org' })).sort(), ['AP_A 1', 'AP_DAILY 1'], 'of a tenant')
  t.equal((await queue({ Limit: 1 })).length, 1, 'a page')
  await runSteps(t, gateway, [
    scheduled('of another tenant', { Tenant: 'none' }, NOT_FOUND),
    scheduled('of an unknown account', { Account: 'zz' }, NOT_FOUND),
    scheduled('before an end', { TimeEnd: new Date().toISOString() }, NOT_FOUND),
    call('SchedulerSv1.Ping')('is there', {}, 'Pong'),
    service('ServiceStatus')('unknown service', { ServiceID: '*foo' }, { error: 'UNSUPPORTED_SERVICE_ID' }),
    service('StartService')('unknown service', {}, { error: 'UNSUPPORTED_SERVICE_ID' }),
    service('ServiceStatus')('runs', { ServiceID: '*scheduler' }, 'RUNNING'),
    service('StopService')('stopped', { ServiceID: '*scheduler' }),
    service('StopService')('stopped again', { ServiceID: '*scheduler' }),
    service('ServiceStatus')('does not run', { ServiceID: '*scheduler' }, 'STOPPED'),
    scheduled('04 13.3: no queue', {}, { error: 'SCHEDULER_NOT_RUNNING' }),
    call('SchedulerSv1.Reload')('04 17: no service', {}, { error: "rpc: can't find service SchedulerSv1.Reload" }),
    set(
      '04 17: a reload is refused, the plan is set',
      { Id: 'P9', ReloadScheduler: true, ActionPlan: [{ ActionsId: 'ACT_A', Time: '*hourly' }] },
      { error: 'SCHEDULER_NOT_RUNNING' },
    ),
    service('StartService')('started', { ServiceID: '*scheduler' }),
  ])
  t.same((await queue({})).sort(), ['AP_A 1', 'AP_DAILY 1', 'P9 0'], 'the queue is back')
}

t.test('what calls have set is there after a restart and after a load', async (t) => {
  const folder = accountFolder(t, { data_db: { opts: { lmdbPath: join(t.testdir(), 'lmdb') } } })
  const tariff = join(ROOT, 'test/fixtures/04-actions')
  const first = await startGateway(folder, tariff)
  t.teardown(() => stopGateway(first))
  await runSteps(t, first, [
    call('APIerSv2.SetActions')('actions', {
      ActionsId: 'OWN',
      Actions: [{ Identifier: '*topup', BalanceType: '*monetary', Units: '2.5' }],
    }),
    set('a plan', { Id: 'OWN_PLAN', ActionPlan: [{ ActionsId: 'OWN', Time: '*daily' }] }),
    joining('a member', { Account: 'm1', ActionPlanID: 'OWN_PLAN' }),
  ])
  const views = async (gateway: Gateway) => [
    await callText(gateway, 'APIerSv2.GetActions', { ActionIDs: ['OWN'] }),
    await callText(gateway, 'APIerSv1.GetActionPlan', { ID: 'OWN_PLAN' }),
    await callText(gateway, 'APIerSv1.GetAccountActionPlan', { Account: 'm1' }),
    await callText(gateway, 'APIerSv1.GetActionPlan', { ID: 'AP_DAILY' }),
  ]
  const before = await views(first)
  t.match(before[2], /OWN_PLAN/)
  await stopGateway(first)
  const second = await startGateway(folder, tariff)
  t.teardown(() => stopGateway(second))
  t.same(await views(second), before, 'uuids and times of day too')
  await callText(second, 'APIerSv1.LoadTariffPlanFromFolder', { FolderPath: tariff })
  t.same((await views(second)).slice(0, 3), before.slice(0, 3))
})
