import t from 'tap'
import { accountGateway, accountText, callText, runSteps, type Step, toppedUp } from '../support/rpc-steps.ts'

/** Replies that the reference engine gave to the same calls on the same tariff, but for the order of accounts. */
const A = toppedUp({ ID: 'A', Value: 5, Weight: 10, DestinationIDs: { DST_A: true, DST_B: false } })
const OLD_A = {
  Uuid: '#',
  Id: 'A',
  Value: 5,
  ExpirationDate: '0001-01-01T00:00:00Z',
  Weight: 10,
  DestinationIds: 'DST_A;DST_B',
  RatingSubject: '',
  Category: '',
  SharedGroup: '',
  Timings: null,
  TimingIDs: '',
  Disabled: false,
}
const A1 = accountText('a1', { '*monetary': [A] })
const A2 = accountText('a2', { '*monetary': [A] }, { AllowNegative: true, Disabled: true })
const OLD_A1 = JSON.stringify({
  Id: '*out:cgrates.org:a1',
  BalanceMap: { '*monetary*out': [OLD_A] },
  UnitCounters: [],
  ActionTriggers: [],
  AllowNegative: false,
  Disabled: false,
})

const READS: readonly Step[] = [
  { name: '04 2.1: the current layout', call: 'APIerSv2.GetAccount', params: { Account: 'a1' }, result: A1 },
  { name: '04 2.1: flags', call: 'APIerSv2.GetAccount', params: { Account: 'a2' }, result: A2 },
  { name: '04 2.3: the old layout', call: 'APIerSv1.GetAccount', params: { Account: 'a1' }, result: OLD_A1 },
  { name: 'legacy name', call: 'ApierV1.GetAccount', params: { Account: 'a1' }, result: OLD_A1 },
  { name: '04 13.1: unknown', call: 'APIerSv1.GetAccount', params: { Account: 'nope' }, error: 'NOT_FOUND' },
  { name: '04 13.1: none named', call: 'APIerSv2.GetAccount', params: {}, error: 'NOT_FOUND' },
  { name: 'all of a tenant', call: 'APIerSv2.GetAccounts', params: {}, result: `[${A1},${A2}]` },
  {
    name: '04 13.1: unknown ids are left out',
    call: 'APIerSv1.GetAccounts',
    params: { AccountIDs: ['a1', 'zz'] },
    result: `[${OLD_A1}]`,
  },
  { name: 'none', call: 'APIerSv1.GetAccounts', params: { Tenant: 'none' }, result: '[]' },
  { name: 'by flag', call: 'APIerSv2.GetAccounts', params: { Filter: { Disabled: true } }, result: `[${A2}]` },
  {
    name: 'a flag that is none',
    call: 'APIerSv2.GetAccounts',
    params: { Filter: { Disabled: 'x' } },
    error: 'json: cannot unmarshal string into Go struct field AttrGetAccounts.Filter of type bool',
  },
  { name: 'a limit', call: 'APIerSv2.GetAccounts', params: { Limit: 1 }, result: `[${A1}]` },
  { name: 'past the end', call: 'APIerSv2.GetAccounts', params: { Offset: 5 }, result: '[]' },
  { name: 'count', call: 'APIerSv1.GetAccountsCount', params: {}, result: '2' },
  { name: '04 13.1: count of none', call: 'APIerSv1.GetAccountsCount', params: { Tenant: 'none' }, result: '0' },
  { name: '04 13.1: count of none', call: 'APIerSv2.GetAccountsCount', params: { Tenant: 'none' }, error: 'NOT_FOUND' },
  { name: 'ids', call: 'APIerSv1.GetAccountIDs', params: {}, result: '["a1","a2"]' },
  { name: 'ids that contain', call: 'APIerSv1.GetAccountIDs', params: { Search: '2' }, result: '["a2"]' },
  { name: 'no ids', call: 'APIerSv1.GetAccountIDs', params: { Search: 'x' }, error: 'NOT_FOUND' },
  { name: 'a page', call: 'APIerSv1.GetAccountIDs', params: { Limit: 1, Offset: 1 }, result: '["a2"]' },
]

const set = (name: string, params: object, error?: string): Step => ({
  name,
  call: 'APIerSv1.SetAccount',
  params,
  ...(error === undefined ? {} : { error }),
})
const setV2 = (name: string, params: object, error?: string): Step => ({
  ...set(name, params, error),
  call: 'APIerSv2.SetAccount',
})
const shown = (name: string, id: string, balances: object | null, flags: object = {}): Step => ({
  name,
  call: 'APIerSv2.GetAccount',
  params: { Account: id },
  result: accountText(id, balances, flags),
})
/** Ids of action sets and plans that an account is in, in order. */
const plansOf = (id: string) => ({ call: 'APIerSv1.GetAccountActionPlan', params: { Account: id } })

t.test('accounts are read', async (t) => {
  const gateway = await accountGateway(t)
  await runSteps(t, gateway, READS)
  await t.test('accounts are made, changed and removed', async (t) => {
    await runSteps(t, gateway, [
      set('no account', {}, 'MANDATORY_IE_MISSING: [Account]'),
      set('made', { Account: 'b1' }),
      shown('04 2.1: without balances', 'b1', null),
      set('04 13.1: an unknown plan', { Account: 'b9', ActionPlanID: 'NOPE' }, 'SERVER_ERROR: NOT_FOUND'),
      set('04 13.1: unknown triggers', { Account: 'b9', ActionTriggersID: 'NOPE' }, 'SERVER_ERROR: NOT_FOUND'),
      setV2('an unknown plan', { Account: 'b9', ActionPlanIDs: ['NOPE'] }, 'SERVER_ERROR: NOT_FOUND'),
      setV2('unknown triggers', { Account: 'b9', ActionTriggerIDs: ['NOPE'] }, 'SERVER_ERROR: NOT_FOUND'),
      { name: '04 17: nothing was made', call: 'APIerSv2.GetAccount', params: { Account: 'b9' }, error: 'NOT_FOUND' },
      set(
        '04 13.1: a flag that is none',
        { Account: 'b1', ExtraOptions: { AllowNegative: 'x' } },
        'json: cannot unmarshal string into Go struct field AttrSetAccount.ExtraOptions of type bool',
      ),
      set('one flag', { Account: 'b1', ExtraOptions: { AllowNegative: true, Foo: false } }),
      set('the other flag', { Account: 'b1', ExtraOptions: { Disabled: true } }),
      shown('both', 'b1', null, { AllowNegative: true, Disabled: true }),
      { name: 'no account', call: 'APIerSv1.RemoveAccount', params: {}, error: 'MANDATORY_IE_MISSING: [Account]' },
      { name: 'removed', call: 'APIerSv1.RemoveAccount', params: { Account: 'b1' } },
      { name: '04 13.1: unknown', call: 'APIerSv1.RemoveAccount', params: { Account: 'b1' } },
      { name: 'gone', call: 'APIerSv2.GetAccount', params: { Account: 'b1' }, error: 'NOT_FOUND' },
    ])
  })
  await t.test('04 13.1: v1 replaces the plans of an account, v2 adds to them', async (t) => {
    const inPlans = async (name: string, id: string, ...wanted: string[]) => {
      const reply = await callText(gateway, plansOf(id).call, plansOf(id).params)
      const { result } = JSON.parse(reply) as { result: { ActionPlanId: string; ActionsId: string }[] }
      t.same(
        result.map(({ ActionPlanId, ActionsId }) => `${ActionPlanId} ${ActionsId}`),
        wanted,
        name,
      )
    }
    const money = (value: number) => ({ '*monetary': [{ ...A, Value: value }] })
    const reloading = { Account: 'c1', ReloadScheduler: true }
    await runSteps(t, gateway, [
      set('joins', { ...reloading, ActionPlanID: 'AP_A' }),
      shown('its *asap action has run', 'c1', money(5)),
      set('again', { ...reloading, ActionPlanID: 'AP_A' }),
      shown('a member already', 'c1', money(5)),
      set('another', { ...reloading, ActionPlanID: 'AP_DAILY' }),
    ])
    await inPlans('replaced', 'c1', 'AP_DAILY ACT_A')
    await runSteps(t, gateway, [
      set('no plan named', { Account: 'c1' }),
      setV2('adds', { ...reloading, ActionPlanIDs: ['AP_A'] }),
    ])
    await inPlans('both', 'c1', 'AP_DAILY ACT_A', 'AP_A ACT_A', 'AP_A ACT_B')
    await runSteps(t, gateway, [
      shown('its *asap action has run', 'c1', money(10)),
      setV2('a plan of *asap alone', { ...reloading, ActionPlanIDs: ['AP_ASAP'] }),
      shown('has run', 'c1', money(15)),
    ])
    await inPlans('and was not joined', 'c1', 'AP_DAILY ACT_A', 'AP_A ACT_A', 'AP_A ACT_B')
    await runSteps(t, gateway, [
      setV2('overwrites', { Account: 'c1', ActionPlanIDs: ['AP_DAILY'], ActionPlansOverwrite: true }),
    ])
    await inPlans('the others are left', 'c1', 'AP_DAILY ACT_A')
    await runSteps(t, gateway, [setV2('overwrites with none', { Account: 'c1', ActionPlansOverwrite: true })])
    await inPlans('none', 'c1')
    await runSteps(t, gateway, [set('a plan of *asap alone', { ...reloading, Account: 'c2', ActionPlanID: 'AP_ASAP' })])
    await inPlans('v1 joins it', 'c2', 'AP_ASAP ACT_A')
    await runSteps(t, gateway, [{ name: 'removed', call: 'APIerSv1.RemoveAccount', params: { Account: 'c2' } }])
    await inPlans('out of its plans too', 'c2')
  })
  await t.test('04 17: without a scheduler a reload is refused; the change stays', async (t) => {
    await runSteps(t, gateway, [
      { name: 'stopped', call: 'ServiceManagerV1.StopService', params: { ServiceID: '*scheduler' } },
      set('joins', { Account: 'd1', ActionPlanID: 'AP_DAILY', ReloadScheduler: true }, 'SCHEDULER_NOT_RUNNING'),
      shown('it is there', 'd1', null),
    ])
  })
})
