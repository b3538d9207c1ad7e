import t, { type Test } from 'tap'
import type { Gateway } from '../support/gateway.ts'
import {
  accountGateway,
  accountText,
  bareBalance,
  callText,
  runSteps,
  type Step,
  toppedUp,
} from '../support/rpc-steps.ts'

/** Replies that the reference engine gave to the same calls, in the same order. */
const step = (method: string) => (name: string, params: object, error?: string) => ({
  name,
  call: `APIerSv1.${method}`,
  params,
  ...(error === undefined ? {} : { error }),
})
const add = step('AddBalance')
const debit = step('DebitBalance')
const set = step('SetBalance')
const setAll = step('SetBalances')
const remove = step('RemoveBalances')
const shown = (name: string, id: string, balances: object | null): Step => ({
  name,
  call: 'APIerSv2.GetAccount',
  params: { Account: id },
  result: accountText(id, balances),
})
const money = (Account: string, Value: number, more: object = {}) => ({
  Account,
  BalanceType: '*monetary',
  Value,
  ...more,
})
const bad = (name: string, Balance: object, error: string, BalanceType = '*monetary') =>
  add(name, { Account: 'bad', BalanceType, Balance }, error)

const GROUPS: readonly { name: string; steps: readonly Step[] }[] = [
  {
    name: '04 13: what is missing is told',
    steps: [
      add('both', {}, 'MANDATORY_IE_MISSING: [Account BalanceType]'),
      add('the type', { Account: 'm' }, 'MANDATORY_IE_MISSING: [BalanceType]'),
      set('both', {}, 'MANDATORY_IE_MISSING: [Account BalanceType]'),
      set('the balance', money('m', 5), 'MANDATORY_IE_MISSING: [BalanceID or BalanceUUID]'),
      setAll('both', {}, 'MANDATORY_IE_MISSING: [Account Balances]'),
      setAll('no entry', { Account: 'm', Balances: [] }, 'MANDATORY_IE_MISSING: [Balances]'),
      remove('both', {}, 'MANDATORY_IE_MISSING: [Account BalanceType]'),
      { name: 'nothing was made', call: 'APIerSv2.GetAccount', params: { Account: 'm' }, error: 'NOT_FOUND' },
    ],
  },
  {
    name: '04 W22: API arithmetic',
    steps: [
      add('the sign does not count', money('w1', -3.5)),
      shown('-3.5 on a new account', 'w1', { '*monetary': [toppedUp({ Value: 3.5 })] }),
      debit('2', money('w1', 2)),
      shown('1.5', 'w1', { '*monetary': [toppedUp({ Value: 1.5 })] }),
      debit('-1', money('w1', -1)),
      shown('0.5', 'w1', { '*monetary': [toppedUp({ Value: 0.5 })] }),
      add('2.1', money('w2', 2.1)),
      add('1 with Overwrite', money('w2', 1, { Overwrite: true })),
      shown('1', 'w2', { '*monetary': [toppedUp({ Value: 1 })] }),
      debit('4 with Overwrite', money('w2', 4, { Overwrite: true })),
      shown('-4', 'w2', { '*monetary': [toppedUp({ Value: -4 })] }),
      set('unrounded', money('w3', 1.234567, { Balance: { ID: 'B' } })),
      set('no Value but a Weight', {
        Account: 'w3',
        BalanceType: '*monetary',
        Balance: { ID: 'B', Weight: 10, ExpiryTime: '*unlimited', DestinationIDs: '' },
      }),
      set('120ms', { Account: 'w3', BalanceType: '*voice', Balance: { ID: 'V', Value: '120ms' } }),
      set('*default takes a Value only', money('w3', -7, { Balance: { ID: '*default', Weight: 5 } })),
      shown('values', 'w3', {
        '*monetary': [
          bareBalance({ ID: 'B', Value: 1.234567, Weight: 10, DestinationIDs: {} }),
          bareBalance({ ID: '*default', Value: 7 }),
        ],
        '*voice': [bareBalance({ ID: 'V', Value: 120000000 })],
      }),
      add('nothing', { Account: 'w4', BalanceType: '*monetary' }),
      shown('a balance of 0', 'w4', { '*monetary': [toppedUp({})] }),
    ],
  },
  {
    name: '04 1: what is added and taken is rounded',
    steps: [
      add('1.2345678', money('r', 1.2345678)),
      shown('1.23457', 'r', { '*monetary': [toppedUp({ Value: 1.23457 })] }),
      debit('1.234561 on nothing', money('r2', 1.234561)),
      shown('-1.23457', 'r2', { '*monetary': [toppedUp({ Value: -1.23457 })] }),
      add('past the digits of a float', money('r3', 3600000000000)),
      debit('0.4', money('r3', 0.4)),
      shown('exact', 'r3', { '*monetary': [toppedUp({ Value: 3599999999999.6 })] }),
    ],
  },
  {
    name: '04 13.1: the keys of a Balance',
    steps: [
      add('all of them, as texts and as values', {
        Account: 'k',
        BalanceType: '*voice',
        Balance: {
          ID: 'V',
          Value: '120ms',
          Weight: '10',
          ExpiryTime: '2090-01-01T00:00:00Z',
          DestinationIDs: 'A;!B',
          RatingSubject: '*zero1s',
          Categories: ['x', 'y'],
          SharedGroups: 'sg',
          TimingIDs: 'NOON',
          Disabled: 'true',
          Blocker: true,
          Factors: '{"a":2}',
          Type: 'ignored',
        },
      }),
      shown('all there', 'k', {
        '*voice': [
          toppedUp({
            ID: 'V',
            Value: 120000000,
            ExpirationDate: '2090-01-01T00:00:00Z',
            Weight: 10,
            DestinationIDs: { A: true, B: false },
            RatingSubject: '*zero1s',
            Categories: { x: true, y: true },
            SharedGroups: { sg: true },
            Timings: [
              {
                ID: 'NOON',
                Years: [],
                Months: [],
                MonthDays: [1],
                WeekDays: [],
                StartTime: '12:00:00',
                EndTime: '14:00:00',
              },
            ],
            TimingIDs: { NOON: true },
            Disabled: true,
            Factors: { a: 2 },
            Blocker: true,
          }),
        ],
      }),
      bad('Value', { Value: 'junk' }, 'strconv.ParseFloat: parsing "junk": invalid syntax'),
      bad('Value of time', { Value: 'junk' }, 'strconv.ParseFloat: parsing "junk": invalid syntax', '*voice'),
      bad('Weight', { Weight: 'junk' }, 'strconv.ParseFloat: parsing "junk": invalid syntax'),
      bad('Disabled', { Disabled: 'junk' }, 'strconv.ParseBool: parsing "junk": invalid syntax'),
      bad('Blocker', { Blocker: 'junk' }, 'strconv.ParseBool: parsing "junk": invalid syntax'),
      bad('ExpiryTime', { ExpiryTime: 'junk' }, 'Unsupported time format'),
      bad('Factors', { Factors: 'junk' }, "invalid character 'j' looking for beginning of value"),
      bad('a factor', { Factors: { a: 'x' } }, 'json: cannot unmarshal string into Go value of type float64'),
      bad('TimingIDs', { TimingIDs: 'junk' }, 'NOT_FOUND'),
      add(
        'Balance',
        { Account: 'bad', BalanceType: '*monetary', Balance: [] },
        'json: cannot unmarshal array into Go struct field AttrAddBalance.Balance of type map[string]interface {}',
      ),
      add(
        '04 W22: the top-level Value is a number',
        { Account: 'bad', BalanceType: '*voice', Value: '120ms' },
        'json: cannot unmarshal string into Go struct field AttrAddBalance.Value of type float64',
      ),
      { name: 'nothing was made', call: 'APIerSv2.GetAccount', params: { Account: 'bad' }, error: 'NOT_FOUND' },
      add('one', money('o', 5, { Balance: { ID: 'E', Weight: 1 } })),
      add('another', money('o', 5, { Balance: { ID: 'G', Weight: 1 } })),
      add('an empty id says nothing', money('o', 5, { Balance: { ID: '', UUID: '' } })),
      add('an unknown uuid makes one', money('o', 1, { Balance: { UUID: 'nope' } })),
      shown('both are changed', 'o', {
        '*monetary': [
          toppedUp({ ID: 'E', Value: 10, Weight: 1 }),
          toppedUp({ ID: 'G', Value: 10, Weight: 1 }),
          toppedUp({ Value: 1 }),
        ],
      }),
      add('a weight by time', money('v', 5, { Balance: { Weight: '*time_asc' } })),
      add('numbers are ids too', { Account: 'n', BalanceType: '*foo', Value: 3, Balance: { ID: 5, id: 'ignored' } }),
      shown('any type', 'n', { '*foo': [toppedUp({ ID: '5', Value: 3 })] }),
    ],
  },
  {
    name: '04 W22: SetBalances',
    steps: [
      setAll('three', {
        Account: 's',
        Balances: ['*data', '*sms', '*voice'].map((BalanceType, i) => ({
          BalanceType,
          Value: i + 1,
          Balance: { ID: 'Balance1' },
        })),
      }),
      setAll('one of them', {
        Account: 's',
        Balances: [{ BalanceType: '*data', Value: 9, Balance: { ID: 'Balance1' } }],
      }),
      shown('the others stay', 's', {
        '*data': [bareBalance({ ID: 'Balance1', Value: 9 })],
        '*sms': [bareBalance({ ID: 'Balance1', Value: 2 })],
        '*voice': [bareBalance({ ID: 'Balance1', Value: 3 })],
      }),
      setAll(
        'an entry without ID',
        { Account: 's', Balances: [{ BalanceType: '*data', Value: 7, Balance: { ID: 'Balance1' } }, { Value: 2 }] },
        'MANDATORY_IE_MISSING: [BalanceID or BalanceUUID]',
      ),
      setAll(
        'an entry that fails: none is set',
        {
          Account: 's',
          Balances: [
            { BalanceType: '*data', Value: 7, Balance: { ID: 'Balance1' } },
            { BalanceType: '*sms', Value: 7, Balance: { UUID: 'zz' } },
          ],
        },
        'PARTIALLY_EXECUTED',
      ),
      remove('by id', { Account: 's', BalanceType: '*sms', Balance: { ID: 'Balance1' } }),
      remove('all of a type', { Account: 's', BalanceType: '*data' }),
      remove('all of a type that it does not have', { Account: 's', BalanceType: '*monetary' }),
      remove('nothing matches', { Account: 's', BalanceType: '*voice', Balance: { ID: 'zz' } }, 'PARTIALLY_EXECUTED'),
      remove('no such account', { Account: 'none', BalanceType: '*voice' }, 'NOT_FOUND'),
      shown('left', 's', { '*data': null, '*sms': null, '*voice': [bareBalance({ ID: 'Balance1', Value: 3 })] }),
      set('an unknown uuid', money('s', 5, { Balance: { UUID: 'nope' } }), 'PARTIALLY_EXECUTED'),
    ],
  },
]

const transfer = (name: string, params: object, ends: { error: string } | undefined = undefined): Step => ({
  name,
  call: 'APIerSv1.TransferBalance',
  params: {
    SourceAccountID: 't1',
    SourceBalanceID: 'S',
    DestinationAccountID: 't2',
    DestinationBalanceID: 'D',
    ...params,
  },
  result: '""',
  ...ends,
})
const FAILED = { error: 'SERVER_ERROR: PARTIALLY_EXECUTED' }

const TRANSFERS: readonly Step[] = [
  set('source', money('t1', 10, { Balance: { ID: 'S' } })),
  set('destination', money('t2', 10, { Balance: { ID: 'D' } })),
  {
    name: 'all missing',
    call: 'APIerSv1.TransferBalance',
    error: 'MANDATORY_IE_MISSING: [SourceAccountID SourceBalanceID DestinationAccountID DestinationBalanceID]',
  },
  transfer('no amount', {}, FAILED),
  transfer('4', { Units: 4, Cdrlog: true }),
  transfer('then 2', { Units: 2 }),
  transfer('then 3 to a missing balance', { Units: 3, DestinationBalanceID: 'NEW' }),
  transfer('more than there is', { Units: 30 }, FAILED),
  transfer('no such source', { SourceAccountID: 'nope', Units: 1 }, FAILED),
  transfer('no such source balance', { SourceBalanceID: 'nope', Units: 1 }, FAILED),
  transfer('no such destination', { DestinationAccountID: 'nope', Units: 1 }, FAILED),
  shown('source', 't1', { '*monetary': [bareBalance({ ID: 'S', Value: 1 })] }),
  shown('destination', 't2', {
    '*monetary': [bareBalance({ ID: 'D', Value: 16 }), bareBalance({ ID: 'NEW', Value: 3 })],
  }),
  transfer('back to a reference value', { DestinationReferenceValue: 1, DestinationBalanceID: 'NEW' }),
  transfer('within the account', { DestinationAccountID: 't1', DestinationBalanceID: 'T', Units: 1 }),
  shown('source', 't1', { '*monetary': [bareBalance({ ID: 'S', Value: 2 }), bareBalance({ ID: 'T', Value: 1 })] }),
  shown('destination', 't2', {
    '*monetary': [bareBalance({ ID: 'D', Value: 16 }), bareBalance({ ID: 'NEW', Value: 1 })],
  }),
  set('*default', money('t3', 2, { Balance: { ID: '*default' } })),
  transfer('only *default goes below 0', { SourceAccountID: 't3', SourceBalanceID: '*default', Units: 3 }),
  shown('-1', 't3', { '*monetary': [bareBalance({ ID: '*default', Value: -1 })] }),
]

type LoggedCdr = Record<string, unknown> & { ExtraFields: Record<string, string> }

async function cdrsOf(gateway: Gateway, account: string): Promise<LoggedCdr[]> {
  const text = await callText(gateway, 'CDRsV1.GetCDRs', { Accounts: [account] })
  return (JSON.parse(text) as { result: LoggedCdr[] }).result
}

t.test('balances', async (t) => {
  const gateway = await accountGateway(t)
  for (const { name, steps } of GROUPS) await t.test(name, (t) => runSteps(t, gateway, steps))
  await t.test('04 W23e: transfers', async (t) => {
    await runSteps(t, gateway, TRANSFERS)
    const [cdr, ...others] = await cdrsOf(gateway, 't1')
    t.match(cdr, {
      RunID: '*transfer_balance',
      ToR: '*voice',
      Category: 'call',
      Account: 't1',
      Destination: 't2',
      Usage: 1,
      PreRated: true,
      Cost: 4,
    })
    t.match(JSON.parse(cdr?.ExtraFields['SourceBalanceSummary'] ?? ''), { ID: 'S', Initial: 10, Value: 6 })
    t.match(JSON.parse(cdr?.ExtraFields['DestinationBalanceSummary'] ?? ''), { ID: 'D', Initial: 10, Value: 14 })
    t.same(others, [])
  })
  await t.test('04 11.6: the CDR of a change', async (t) => {
    const extra = { ActionExtraData: { MyField: 'x', Category: 'cc' } }
    await runSteps(t, gateway, [add('logged', money('l', 4, { Cdrlog: true, ...extra }))])
    t.match(await cdrsOf(gateway, 'l'), [
      {
        RunID: '*topup',
        OriginHost: '127.0.0.1',
        Source: '*cdrlog',
        ToR: '*monetary',
        RequestType: '*none',
        Category: 'cc',
        Account: 'l',
        Subject: 'l',
        Destination: '',
        Usage: 1,
        ExtraFields: { MyField: 'x' },
        PreRated: true,
        CostSource: '',
        Cost: 4,
        CostDetails: null,
      },
    ])
  })
  await t.test('changes from many connections at once add up', (t) => addUp(t, gateway))
})

/** 8 connections, each adds 0.01 and takes 0.003 fifty times. */
async function addUp(t: Test, gateway: Gateway): Promise<void> {
  await runSteps(t, gateway, [set('1', money('sum', 1, { Balance: { ID: 'S' } }))])
  const client = async () => {
    for (let i = 0; i < 50; i++) {
      await callText(gateway, 'APIerSv1.AddBalance', money('sum', 0.01, { Balance: { ID: 'S' } }))
      await callText(gateway, 'APIerSv1.DebitBalance', money('sum', 0.003, { Balance: { ID: 'S' } }))
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  await runSteps(t, gateway, [shown('1 + 400 x 0.007', 'sum', { '*monetary': [bareBalance({ ID: 'S', Value: 3.8 })] })])
}

t.test('04 11.6: without a connection to CDRs a logged change is none', async (t) => {
  const gateway = await accountGateway(t, { schedulers: { enabled: true, cdrs_conns: [] } })
  await runSteps(t, gateway, [
    add('logged', money('l', 4, { Cdrlog: true }), 'PARTIALLY_EXECUTED'),
    { name: 'nothing was made', call: 'APIerSv2.GetAccount', params: { Account: 'l' }, error: 'NOT_FOUND' },
  ])
})
