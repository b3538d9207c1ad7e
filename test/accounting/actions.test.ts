import t from 'tap'
import type { Account, Balance } from '../../src/accounting/account.ts'
import {
  type Action,
  type ActionRow,
  expiryAt,
  readAction,
  timingsNamed,
  weightAt,
} from '../../src/accounting/action.ts'
import {
  type ActionEnvironment,
  type ActionsOutcome,
  runAccountlessActions,
  runActions,
} from '../../src/accounting/actions.ts'
import { InvalidText, NotFound } from '../../src/core/errors.ts'
import { formatTime } from '../../src/core/time.ts'
import { accountOf, type BalanceText, contextOf, names, show } from '../support/accounts.ts'
import { at, timing } from '../support/tariffs.ts'

const COLUMNS = [
  'id',
  'action',
  'extraParameters',
  'filters',
  'balanceId',
  'balanceType',
  'categories',
  'destinationIds',
  'ratingSubject',
  'sharedGroups',
  'expiryTime',
  'timingIds',
  'units',
  'balanceWeight',
  'balanceBlocker',
  'balanceDisabled',
  'weight',
] as const satisfies (keyof ActionRow)[]

const NOW = at('2026-11-23T06:22:13.25Z')
const PEAK = timing('PEAK', { startTime: '08:00:00' })

/** One row of Actions.csv; cells that are left out are empty. */
function row(cells: Partial<ActionRow>): ActionRow {
  const entries = COLUMNS.map((column) => [column, cells[column] ?? ''])
  return { ...(Object.fromEntries(entries) as Record<(typeof COLUMNS)[number], string>), id: 'ACT' }
}

function read(cells: Partial<ActionRow>): Action {
  const filled = row(cells)
  const balanceWeight = weightAt(filled.balanceWeight, Number(NOW.ns / 1_000_000n))
  const timings = timingsNamed(filled.timingIds, (id) => (id === 'PEAK' ? PEAK : undefined))
  return readAction({ ...filled, balanceWeight }, timings)
}

function run(
  account: Account | undefined,
  cells: readonly Partial<ActionRow>[],
  environment: Partial<ActionEnvironment> = {},
): ActionsOutcome {
  return runActions({ tenant: 't', id: '1001' }, account, cells.map(read), {
    ...contextOf(),
    now: NOW,
    roundingDecimals: 5,
    removeExpired: true,
    passes: () => true,
    accountOf: () => undefined,
    lastSummary: () => {
      throw new NotFound()
    },
    setOf: () => undefined,
    failed: () => undefined,
    ...environment,
  })
}

function shown(outcome: ActionsOutcome): string {
  if (!outcome.ok) return outcome.cause
  return outcome.account === undefined ? 'no account' : show(outcome.account)
}

const money = (balances: Record<string, BalanceText>) => accountOf({ '*monetary': balances })
const M = { balanceType: '*monetary' }
const A = { ...M, balanceId: 'A' }

// biome-ignore format: what is done and what comes of it stand side by side
const rows: { name: string; before?: Account; actions: Partial<ActionRow>[]; after: string; fails?: true }[] = [
  { name: 'topup makes an account and a balance', actions: [{ ...A, action: '*topup', units: '5' }], after: 'A 5' },
  { name: 'topup by id', before: money({ A: '1', B: '1' }), actions: [{ ...A, action: '*topup', units: '5' }], after: 'A 6, B 1' },
  { name: '04 W22: the sign of a topup is ignored', actions: [{ ...A, action: '*topup', units: '-3.5' }], after: 'A 3.5' },
  { name: '04 W22: debit', before: money({ A: '3.5' }), actions: [{ ...A, action: '*debit', units: '2' }], after: 'A 1.5' },
  { name: '04 W22: a negative debit adds', before: money({ A: '1.5' }), actions: [{ ...A, action: '*debit', units: '-1' }], after: 'A 2.5' },
  { name: 'a debit makes a debt', actions: [{ ...A, action: '*debit', units: '1.234561' }], after: 'A -1.23457' },
  { name: 'topup_reset', before: money({ A: '2.1' }), actions: [{ ...A, action: '*topup_reset', units: '1' }], after: 'A 1' },
  { name: 'debit_reset', before: money({ A: '10' }), actions: [{ ...A, action: '*debit_reset', units: '3' }], after: 'A -3' },
  { name: 'values are rounded', actions: [{ ...A, action: '*topup', units: '1.2345678' }], after: 'A 1.23457' },
  { name: 'set_balance does not round', actions: [{ ...A, action: '*set_balance', units: '1.2345678' }], after: 'A 1.2345678' },
  {
    name: 'without an id every match is changed', before: money({ A: '1', B: '2' }),
    actions: [{ ...M, action: '*topup', units: '5' }], after: 'A 6, B 7',
  },
  {
    name: 'another weight without an id is another balance', before: money({ A: { value: '1', weight: 10 } }),
    actions: [{ ...M, action: '*topup', units: '5', balanceWeight: '20' }], after: 'A 1, new-1 5',
  },
  {
    name: 'an id decides alone', before: money({ A: { value: '1', weight: 10 } }),
    actions: [{ ...A, action: '*topup', units: '5', balanceWeight: '20' }], after: 'A 6',
  },
  {
    name: 'sets of the balance must include the given ones',
    before: money({ A: { value: '1', categories: names('call', 'sms') }, B: { value: '1', categories: names('sms') } }),
    actions: [{ ...M, action: '*topup', units: '5', categories: 'call' }], after: 'A 6, B 1',
  },
  {
    name: 'expired balances are not topped up, and go', before: money({ A: { value: '1', expiresAtNs: 1n } }),
    actions: [{ ...A, action: '*topup', units: '5' }], after: 'A 5',
  },
  { name: 'a balance that is expired when it is made goes', actions: [{ ...A, action: '*topup', units: '5', expiryTime: '-1h' }], after: '' },
  { name: 'voice in durations', actions: [{ action: '*topup', balanceType: '*voice', balanceId: 'V', units: '90s' }], after: 'V 90000000000' },
  {
    name: 'heavier actions first, equal ones in order', before: money({ A: '10' }),
    actions: [
      { ...A, action: '*topup', units: '1', weight: '10' },
      { ...A, action: '*topup_reset', units: '7', weight: '20' },
      { ...A, action: '*debit', units: '2', weight: '10' },
    ],
    after: 'A 6',
  },
  {
    name: '04 W23a: transfer_monetary_default', before: money({ '*default': '10', B: '3', C: '6', D: '-2' }),
    actions: [{ action: '*transfer_monetary_default' }], after: '*default 19, B 0, C 0, D -2',
  },
  {
    name: 'transfer_monetary_default makes *default', before: money({ B: '2.123456789' }),
    actions: [{ action: '*transfer_monetary_default' }], after: 'B 0, *default 2.123456789',
  },
  {
    name: 'transfer_monetary_default without money', before: accountOf({}),
    actions: [{ action: '*transfer_monetary_default' }], after: 'NOT_FOUND', fails: true,
  },
  {
    name: '04 W23b: topup_zero_negative', before: money({ A: '-10', B: '5' }),
    actions: [{ ...M, action: '*topup_zero_negative' }], after: 'A 0, B 5',
  },
  {
    name: '04 W23b: topup_zero_negative takes its units', before: money({ A: '-10', B: '5' }),
    actions: [{ ...M, action: '*topup_zero_negative', units: '3' }], after: 'A -3, B 2',
  },
  {
    name: '04 W23d: a share of a month', actions: [
      { ...A, action: '*debit', units: '{"Method":"*incremental","Params":{"Units":10,"Interval":"month","Increment":"day"}}' },
    ],
    after: 'A -0.33334',
  },
  {
    name: '04 W23d: topup subtracts a share too', actions: [
      { ...A, action: '*topup', units: '{"Method":"*incremental","Params":{"Units":10,"Interval":"month","Increment":"day"}}' },
    ],
    after: 'A -0.33334',
  },
  {
    name: 'set_balance finds by id in any type', before: money({ A: '10' }),
    actions: [{ action: '*set_balance', balanceId: 'A', units: '5' }], after: 'A 5',
  },
  {
    name: '04 W22: set_balance without units keeps the value', before: money({ A: '10' }),
    actions: [{ ...A, action: '*set_balance', balanceWeight: '10' }], after: 'A 10',
  },
  { name: 'set_balance makes a balance', before: money({ A: '10' }), actions: [{ ...M, action: '*set_balance', units: '5' }], after: 'A 10, new-1 5' },
  { name: 'set_balance needs a type to make one', actions: [{ action: '*set_balance', units: '5' }], after: 'missing balance type', fails: true },
  { name: 'remove_balance', before: money({ A: '10', B: '1' }), actions: [{ ...A, action: '*remove_balance' }], after: 'B 1' },
  { name: 'remove_balance of any type', before: money({ A: '10', B: '1' }), actions: [{ action: '*remove_balance', balanceId: 'B' }], after: 'A 10' },
  { name: 'remove_balance finds nothing', before: money({ A: '10' }), actions: [{ ...M, action: '*remove_balance', balanceId: 'X' }], after: 'NOT_FOUND', fails: true },
  {
    name: '04 W23g: remove_expired', actions: [{ action: '*remove_expired', categories: 'category2' }],
    before: money({
      A: { value: '11', expiresAtNs: 1n }, B: { value: '14', expiresAtNs: 1n, categories: names('category1', 'category2') },
      C: { value: '3', categories: names('category2') },
    }),
    after: 'A 11, C 3',
  },
  { name: 'remove_expired finds nothing', before: money({ A: '10' }), actions: [{ action: '*remove_expired' }], after: 'NOT_FOUND', fails: true },
  { name: 'reset_account', before: money({ A: '10', B: '-1' }), actions: [{ action: '*reset_account' }], after: 'new-1 0' },
  {
    name: 'an unknown action stops the set', before: money({ A: '10' }),
    actions: [{ ...A, action: '*topup', units: '1', weight: '10' }, { action: '*foo' }],
    after: 'Function type *foo not available, aborting execution!', fails: true,
  },
]

for (const { name, before, actions, after, fails } of rows) {
  t.test(name, async (t) => {
    const outcome = run(before, actions)
    t.equal(outcome.ok, fails !== true)
    t.equal(shown(outcome), after)
  })
}

function balances(outcome: ActionsOutcome): readonly Balance[] {
  return outcome.ok ? Object.values(outcome.account?.balances ?? {}).flat() : []
}

t.test('a balance gets what the action gives', async (t) => {
  const [made] = balances(
    run(undefined, [
      {
        action: '*topup',
        extraParameters: '{"smsFactor":4}',
        balanceId: 'S',
        balanceType: '*sms',
        categories: 'call;sms',
        destinationIds: 'NAT;!RET',
        ratingSubject: '*zero1s',
        sharedGroups: 'SG',
        expiryTime: '2030-01-01T00:00:00Z',
        timingIds: 'PEAK',
        units: '5',
        balanceWeight: '10',
        balanceBlocker: 'true',
        balanceDisabled: 'false',
      },
    ]),
  )
  t.match(made, {
    uuid: 'new-1',
    id: 'S',
    ratingSubject: '*zero1s',
    weight: 10,
    blocker: true,
    disabled: false,
    categories: { call: true, sms: true },
    destinationIds: { NAT: true, RET: false },
    timingIds: { PEAK: true },
    timings: [PEAK],
    expiresAtNs: at('2030-01-01T00:00:00Z').ns,
  })
  t.equal(made?.factors?.['smsFactor']?.toString(), '4')
})

t.test('*default takes only id and value', async (t) => {
  const cells = { ...M, balanceId: '*default', units: '5', balanceWeight: '10', destinationIds: 'NAT' }
  for (const action of ['*topup', '*set_balance']) {
    const [made] = balances(run(undefined, [{ ...cells, action }]))
    t.match(made, { id: '*default', weight: 0, destinationIds: null }, action)
  }
})

t.test('sets that are not given are empty after a topup and unset after set_balance (04, 2.1)', async (t) => {
  t.same(balances(run(undefined, [{ ...A, action: '*topup' }]))[0]?.destinationIds, {})
  t.equal(balances(run(undefined, [{ ...A, action: '*set_balance' }]))[0]?.destinationIds, null)
  const zero = run(undefined, [{ ...A, action: '*set_balance', destinationIds: '*zero' }])
  t.same(balances(zero)[0]?.destinationIds, {})
})

t.test('an id keeps the expiry of the balance, set_expiry changes it', async (t) => {
  const before = money({ A: '1', B: '1' })
  const topped = run(before, [{ ...A, action: '*topup', units: '1', expiryTime: '+72h' }])
  t.equal(balances(topped)[0]?.expiresAtNs, null)
  const set = run(before, [{ ...A, action: '*set_expiry', expiryTime: '2030-01-01T00:00:00Z' }])
  t.same(
    balances(set).map(({ expiresAtNs }) => expiresAtNs),
    [at('2030-01-01T00:00:00Z').ns, null],
  )
})

t.test('flags of the account', async (t) => {
  const flags = (type: string, account: Account) => {
    const outcome = run(account, [{ action: type }])
    return outcome.ok && { negative: outcome.account?.allowNegative, disabled: outcome.account?.disabled }
  }
  t.same(flags('*allow_negative', accountOf({})), { negative: true, disabled: false })
  t.same(flags('*deny_negative', accountOf({}, { allowNegative: true })), { negative: false, disabled: false })
  t.same(flags('*disable_account', accountOf({})), { negative: false, disabled: true })
  t.same(flags('*enable_account', accountOf({}, { disabled: true })), { negative: false, disabled: false })
})

t.test('04 W23c: a filter skips its action only', async (t) => {
  const cells = [
    { ...A, action: '*topup', units: '1', filters: '*lt:x:30;F2' },
    { ...A, action: '*topup', units: '5' },
  ]
  let asked: readonly string[] = []
  const passes = (filters: readonly string[]) => {
    asked = filters
    return false
  }
  t.equal(shown(run(money({ A: '1' }), cells, { passes })), 'A 6')
  t.same(asked, ['*lt:x:30', 'F2'])
})

t.test('a filter that fails stops the set', async (t) => {
  const passes = () => {
    throw new NotFound('NOT_FOUND:F2')
  }
  const outcome = run(money({ A: '1' }), [{ ...A, action: '*topup', units: '1', filters: 'F2' }], { passes })
  t.same([outcome.ok, shown(outcome)], [false, 'NOT_FOUND:F2'])
})

t.test('effects come in order, with the account of their moment', async (t) => {
  const outcome = run(money({ A: '1' }), [
    { action: '*log', weight: '30' },
    { ...A, action: '*topup', units: '4', weight: '20' },
    { action: '*publish_account', weight: '10' },
  ])
  t.same(
    outcome.effects.map(
      (effect) => `${effect.kind} ${'account' in effect && effect.account ? show(effect.account) : ''}`,
    ),
    ['log A 1', 'publish A 5'],
  )
})

t.test('*cdrlog records the balance actions of its set, wherever it stands (04, 11.6)', async (t) => {
  const outcome = run(money({ A: '1', B: '2', C: '3' }), [
    { ...A, action: '*topup', units: '4', weight: '30' },
    { action: '*cdrlog', extraParameters: '{"Category":"^fee"}', weight: '20' },
    { ...M, action: '*remove_balance', balanceDisabled: 'false', weight: '10' },
  ])
  const [effect] = outcome.effects
  const cdrlog = effect?.kind === 'cdrlog' ? effect : undefined
  t.equal(cdrlog?.template, '{"Category":"^fee"}')
  t.same(
    cdrlog?.records.map(
      ({ action, type, balance, value }) => `${action.type} ${type} ${balance.id} ${balance.value} ${value}`,
    ),
    [
      '*topup *monetary A 5 4',
      '*remove_balance *monetary A 5 5',
      '*remove_balance *monetary B 2 2',
      '*remove_balance *monetary C 3 3',
    ],
  )
})

t.test('without an account, actions on accounts are skipped', async (t) => {
  const outcome = runAccountlessActions([{ ...A, action: '*topup', units: '4' }, { action: '*log' }].map(read))
  t.same(outcome, { ok: true, account: undefined, others: [], effects: [{ kind: 'log', account: undefined }] })
  t.match(runAccountlessActions([read({ action: '*remove_expired' })]), { ok: false, cause: 'nil account' })
  t.match(runAccountlessActions([read({ action: '*foo' })]), { ok: false })
})

t.test('expiry times (04, 11.1)', async (t) => {
  const shownAt = (text: string) => {
    const ns = expiryAt(text, NOW)
    return typeof ns === 'bigint' ? formatTime({ ns, zone: 'UTC' }) : ns
  }
  t.equal(shownAt(''), undefined)
  t.equal(shownAt('junk'), undefined)
  t.equal(shownAt('2030-01-01'), undefined)
  t.equal(shownAt('*hourly'), undefined)
  t.equal(shownAt('*unlimited'), null)
  t.equal(shownAt('*now'), '2026-11-23T06:22:13.25Z')
  t.equal(shownAt('+72h'), '2026-11-26T06:22:13.25Z')
  t.equal(shownAt('-1h'), '2026-11-23T05:22:13.25Z')
  t.equal(shownAt('*daily'), '2026-11-24T06:22:13.25Z')
  t.equal(shownAt('*monthly'), '2026-12-23T06:22:13.25Z')
  t.equal(shownAt('*monthly_estimated'), '2026-12-23T06:22:13.25Z')
  t.equal(shownAt('*yearly'), '2027-11-23T06:22:13.25Z')
  t.equal(shownAt('*mo+1h'), '2026-12-23T07:22:13.25Z')
  t.equal(shownAt('*month_end'), '2026-11-30T23:59:59Z')
  t.equal(shownAt('*month_end+1h'), '2026-12-01T00:59:59Z')
})

t.test('value formulas: 1000 in a November (04, 11.1)', async (t) => {
  const shares: [string, string, string][] = [
    ['day', 'hour', '-41.66667'],
    ['week', 'day', '-142.85715'],
    ['month', 'day', '-33.33334'],
    ['month', 'hour', '-1.38889'],
    ['year', 'day', '-2.73973'],
    ['year', 'hour', '-0.11416'],
    ['hour', 'minute', '-16.66667'],
    ['day', 'minute', '0'],
    ['week', 'hour', '0'],
    ['month', 'minute', '0'],
  ]
  for (const [interval, increment, value] of shares) {
    const units = JSON.stringify({
      Method: '*incremental',
      Params: { Units: 1000, Interval: interval, Increment: increment },
    })
    t.equal(shown(run(undefined, [{ ...A, action: '*debit', units }])), `A ${value}`, `${interval}/${increment}`)
  }
  const odd = [
    '{"Method":"*foo","Params":{"Units":10,"Interval":"day","Increment":"hour"}}',
    '{"Params":{"Units":"10"}}',
  ]
  for (const units of odd) t.equal(shown(run(undefined, [{ ...A, action: '*debit', units }])), 'A 0')
})

t.test('cells that cannot be read', async (t) => {
  t.throws(() => read({ ...A, units: 'junk' }), new InvalidText('Invalid value: junk'))
  t.throws(() => read({ balanceType: '*voice', units: '5x' }), new InvalidText('Invalid value: 5x'))
  t.throws(() => read({ units: '{' }), new InvalidText('Invalid value: {'))
  t.throws(() => read({ timingIds: 'X' }), new InvalidText('error: NOT_FOUND querying timing with id: "X"'))
  t.throws(() => read({ balanceWeight: 'x' }), new InvalidText('strconv.ParseFloat: parsing "x": invalid syntax'))
  t.throws(() => read({ balanceBlocker: 'x' }), new InvalidText('strconv.ParseBool: parsing "x": invalid syntax'))
  t.match(run(undefined, [{ ...A, action: '*topup', extraParameters: '[' }]), { ok: false, cause: 'invalid factors [' })
})

t.test('weights by time', async (t) => {
  const nowS = Math.floor(Number(NOW.ns / 1_000_000_000n))
  t.equal(read({ balanceWeight: '*time_asc' }).balance.weight, nowS)
  t.equal(read({ balanceWeight: '*time_desc' }).balance.weight, Date.UTC(2050, 0, 1) / 1_000 - nowS)
})
