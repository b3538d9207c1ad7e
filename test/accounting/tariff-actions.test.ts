import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadActionPlan } from '../../src/accounting/action-plans.ts'
import { runActions } from '../../src/accounting/actions.ts'
import { applyAccountRow, compileAccounts, compileActions, stampActions } from '../../src/accounting/tariff-actions.ts'
import { NotFound } from '../../src/core/errors.ts'
import { readTariffFolder, type TariffRows } from '../../src/tariffs/tariff-rows.ts'
import { accountOf, contextOf, show } from '../support/accounts.ts'
import { at } from '../support/tariffs.ts'

const NOW = at('2026-11-23T06:06:58Z')

/** Compiles the files given by name, as lines. */
function compile(folder: string, files: Record<string, readonly string[]>) {
  mkdirSync(folder, { recursive: true })
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(folder, `${name}.csv`), `${lines.join('\n')}\n`)
  return compileRows(readTariffFolder(folder).rows)
}

function compileRows(read: TariffRows) {
  const rows = stampActions(read, read, NOW, contextOf().newUuid)
  const actions = compileActions(rows)
  return { ...actions, accounts: compileAccounts(rows, actions.plans, actions.triggers) }
}

const SAMPLE = new URL('../../config/samples/gy-data/tariff', import.meta.url).pathname

t.test('the accounts of the sample get their balances at load', async (t) => {
  const { newUuid } = contextOf()
  const { actions, plans, accounts, triggers } = compileRows(readTariffFolder(SAMPLE).rows)
  const tasks = [...plans].flatMap(([id, timings]) => {
    const accountIds = accounts.filter(({ planId }) => planId === id).map((row) => `${row.tenant}:${row.id}`)
    return accountIds.length === 0 ? [] : loadActionPlan({ id, timings, accountIds }, newUuid).tasks
  })
  const environment = {
    now: NOW,
    newUuid,
    roundingDecimals: 5,
    removeExpired: true,
    passes: () => true,
    accountOf: () => undefined,
    lastSummary: () => {
      throw new NotFound()
    },
    setOf: () => undefined,
    failed: () => undefined,
  }
  const found = accounts.map((row) => {
    let account = applyAccountRow(undefined, row, triggers, 1)
    for (const { accountId, actionsId } of tasks) {
      if (accountId !== `${row.tenant}:${row.id}`) continue
      const outcome = runActions(row, account, actions.get(actionsId) ?? [], environment)
      if (outcome.ok && outcome.account !== undefined) account = outcome.account
    }
    return `${account.id}: ${show(account)}`
  })
  t.same(found, ['1001: MONEY 10', '1002: MONEY 10, DATA_PACK 104857600', '1003: '])
})

t.test('plans are timed by rows and by built-in names', async (t) => {
  const { plans } = compile(t.testdir(), {
    Timings: ['NOON,*any,*any,1;15,*any,12:00:00'],
    Actions: ['ACT,*topup,,,A,*monetary,,,,,*unlimited,,1,,,,10'],
    ActionPlans: ['P,ACT,NOON,10', 'P,ACT,*hourly,20'],
  })
  t.match(plans.get('P'), [
    { uuid: 'new-1', weight: 10, timing: { id: 'NOON', monthDays: [1, 15], startTime: '12:00:00' } },
    { uuid: 'new-2', weight: 20, timing: { id: '*hourly', startTime: '*:6:58' } },
  ])
})

t.test('the last row of an account counts; its balances stay, its triggers are replaced', async (t) => {
  const { accounts, triggers } = compile(t.testdir(), {
    ActionTriggers: [
      'TRIGGERS,low,*min_balance,2,true,1s,,,M,*monetary,,NAT;!RET,,,,,,,,ACT,10',
      'TRIGGERS,,*max_event_counter,10,,,+24h,*now,,*voice,,,,,,,20,false,,ACT,',
    ],
    AccountActions: ['t,1001,,,true,', 't,1001,,TRIGGERS,,true'],
  })
  t.same(accounts, [
    { tenant: 't', id: '1001', planId: '', triggersId: 'TRIGGERS', allowNegative: false, disabled: true },
  ])
  const [row] = accounts
  const before = accountOf({ '*monetary': { A: '5' } }, { allowNegative: true })
  const after = row && applyAccountRow(before, row, triggers, 7)
  const { watch, ...rest } = after ?? before
  const { watch: _, ...held } = before
  t.same(rest, { ...held, allowNegative: false, disabled: true, updatedAtMs: 7 })
  t.match(watch?.triggers, [
    {
      id: 'TRIGGERS',
      uniqueId: 'low',
      thresholdType: '*min_balance',
      recurrent: true,
      minSleepNs: 1_000_000_000n,
      expiresAtNs: null,
      balanceType: '*monetary',
      balance: { id: 'M', destinationIds: { NAT: true, RET: false } },
      actionsId: 'ACT',
      weight: 10,
      executed: false,
    },
    {
      uniqueId: 'new-1',
      recurrent: false,
      expiresAtNs: NOW.ns + 86_400_000_000_000n,
      activatesAtNs: NOW.ns,
      balance: { weight: 20, blocker: false },
    },
  ])
  t.match(watch?.counters, [{ kind: '*voice', isOfBalance: false, filter: { id: 'new-1', weight: 20 } }])
  const none = accounts.map((each) => applyAccountRow(after, { ...each, triggersId: '' }, triggers, 8).watch)
  t.same(none, [undefined])
})

const ACT = 'ACT,*topup,,,A,*monetary,,,,,,,1,,,,10'
const faults: { name: string; files: Record<string, string[]>; message: RegExp }[] = [
  {
    name: 'units',
    files: { Actions: ['ACT,*topup,,,A,*monetary,,,,,,,x,,,,10'] },
    message: /Actions\.csv:1: Action "\*topup": Invalid value: x/,
  },
  {
    name: 'an action that is not there',
    files: { ActionPlans: ['P,ACT,*asap,10'] },
    message: /ActionPlans\.csv:1: ActionsID "ACT": \[ActionPlans\] Could not load the action for tag: "ACT"/,
  },
  {
    name: 'a timing that is not there',
    files: { Actions: [ACT], ActionPlans: ['P,ACT,X,10'] },
    message: /ActionPlans\.csv:1: TimingID "X": \[ActionPlans\] Could not load the timing for tag: "X"/,
  },
  {
    name: 'a weight',
    files: { Actions: [ACT], ActionPlans: ['P,ACT,*asap,x'] },
    message: /ActionPlans\.csv:1: Weight "x": invalid value "x", expected a number/,
  },
  {
    name: 'a plan that is not there',
    files: { AccountActions: ['t,1001,P,,,'] },
    message: /AccountActions\.csv:1: ActionPlanID "P": could not get action plan for tag "P"/,
  },
  {
    name: 'a flag',
    files: { AccountActions: ['t,1001,,,maybe,'] },
    message: /AccountActions\.csv:1: AllowNegative "maybe": invalid value "maybe", expected true or false/,
  },
]

for (const { name, files, message } of faults) {
  t.test(`a load fails at its place: ${name}`, async (t) => {
    t.throws(() => compile(t.testdir(), files), { message })
  })
}
