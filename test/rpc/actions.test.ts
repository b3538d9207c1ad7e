import t from 'tap'
import { accountGateway, accountText, bareBalance, runSteps, type Step, toppedUp } from '../support/rpc-steps.ts'

/** An action as text; what is not given is as the reference engine fills it in. */
function actionText(fields: object): object {
  return {
    Identifier: '*topup',
    BalanceId: '',
    BalanceUuid: '',
    BalanceType: '',
    Units: '0',
    ExpiryTime: '',
    Filters: '',
    TimingTags: '',
    DestinationIds: '',
    RatingSubject: '',
    Categories: '',
    SharedGroups: '',
    BalanceWeight: '0',
    ExtraParameters: '',
    BalanceBlocker: 'false',
    BalanceDisabled: 'false',
    Weight: 0,
    ...fields,
  }
}

/** An action as it is stored. balance: fields that it says something about. */
function stored(fields: object, balance: object): object {
  return {
    Id: '',
    ActionType: '*topup',
    ExtraParameters: '',
    Filters: null,
    ExpirationString: '',
    Weight: 0,
    ...fields,
    Balance: {
      Uuid: null,
      ID: null,
      Type: null,
      Value: null,
      ExpirationDate: null,
      Weight: null,
      DestinationIDs: null,
      RatingSubject: null,
      Categories: null,
      SharedGroups: null,
      TimingIDs: null,
      Timings: null,
      Disabled: null,
      Factors: null,
      Blocker: null,
      ...balance,
    },
  }
}

/** Empty texts and sets of an action that was set by API. Reference 04, 13.2. */
const WHOLE = {
  Uuid: '',
  ID: '',
  Type: '',
  DestinationIDs: {},
  RatingSubject: '',
  Categories: {},
  SharedGroups: {},
  TimingIDs: {},
}
const units = (amount: number) => ({ Method: '', Params: null, Static: amount })
const NOON = {
  ID: 'NOON',
  Years: [],
  Months: [],
  MonthDays: [1],
  WeekDays: [],
  StartTime: '12:00:00',
  EndTime: '14:00:00',
}

const ACT_A = stored(
  { Id: 'ACT_A', ExpirationString: '*unlimited', Weight: 10 },
  {
    ID: 'A',
    Type: '*monetary',
    Value: units(5),
    Weight: 10,
    DestinationIDs: { DST_A: true, DST_B: false },
    Disabled: false,
    Blocker: false,
  },
)
const ACT_B = stored(
  { Id: 'ACT_B', ExpirationString: '*unlimited', Weight: 20 },
  { ID: 'B', Type: '*voice', Value: units(600000000000), TimingIDs: { NOON: true }, Timings: [NOON] },
)
const ACT_C = stored({ Id: 'ACT_C', ActionType: '*log', Weight: 5 }, {})
const ACT_F = stored(
  { Id: 'ACT_F', ActionType: '*debit', ExpirationString: '*monthly', Weight: 10 },
  {
    ID: 'F',
    Type: '*monetary',
    Value: { Method: '*incremental', Params: { Increment: 'day', Interval: 'month', Units: 10 }, Static: 0 },
  },
)

const asText = (name: string, id: string, wanted: object[] | { error: string }): Step => ({
  name,
  call: 'APIerSv1.GetActions',
  params: id,
  ...(Array.isArray(wanted) ? { result: JSON.stringify(wanted) } : wanted),
})
const asStored = (name: string, params: object, wanted: object): Step => ({
  name,
  call: 'APIerSv2.GetActions',
  params,
  ...('error' in wanted ? { error: String(wanted.error) } : { result: JSON.stringify(wanted) }),
})
const set = (version: number) => (name: string, params: object, error?: string) => ({
  name,
  call: `APIerSv${version}.SetActions`,
  params,
  ...(error === undefined ? {} : { error }),
})
const setV1 = set(1)
const setV2 = set(2)
const badV2 = (name: string, action: object, error: string) =>
  setV2(name, { ActionsId: 'BAD', Actions: [action] }, error)
const execute = (name: string, params: object, error?: string) => ({
  name,
  call: 'APIerSv1.ExecuteAction',
  params,
  ...(error === undefined ? {} : { error }),
})
const shown = (name: string, id: string, balances: object | null): Step => ({
  name,
  call: 'APIerSv2.GetAccount',
  params: { Account: id },
  result: accountText(id, balances),
})

/** Replies that the reference engine gave to the same calls on the same tariff. */
const LOADED: readonly Step[] = [
  asText('04 13.2: sets and exclusions', 'ACT_A', [
    actionText({
      BalanceId: 'A',
      BalanceType: '*monetary',
      Units: '5',
      ExpiryTime: '*unlimited',
      DestinationIds: 'DST_A;!DST_B',
      BalanceWeight: '10',
      Weight: 10,
    }),
  ]),
  asText('04 13.2: *voice units, no weight', 'ACT_B', [
    actionText({
      BalanceId: 'B',
      BalanceType: '*voice',
      Units: '600000000000',
      ExpiryTime: '*unlimited',
      TimingTags: 'NOON',
      Weight: 20,
    }),
  ]),
  asText('no balance', 'ACT_C', [actionText({ Identifier: '*log', Weight: 5 })]),
  asText('unknown', 'ACT_X', { error: 'SERVER_ERROR: NOT_FOUND' }),
  asText('none named', '', { error: 'MANDATORY_IE_MISSING ActionsId: ' }),
  asStored('by id', { ActionIDs: ['ACT_A'] }, { ACT_A: [ACT_A] }),
  asStored('with timings', { ActionIDs: ['ACT_B'] }, { ACT_B: [ACT_B] }),
  asStored('unknown', { ActionIDs: ['ACT_X'] }, { error: 'SERVER_ERROR: NOT_FOUND' }),
  asStored('all', {}, { ACT_A: [ACT_A], ACT_B: [ACT_B], ACT_C: [ACT_C], ACT_F: [ACT_F] }),
  asStored('a page', { Offset: 2, Limit: 1 }, { ACT_C: [ACT_C] }),
  asStored('past the end', { Offset: 9 }, {}),
  { name: 'count', call: 'APIerSv2.GetActionsCount', params: {}, result: '4' },
]

const REFUSED: readonly Step[] = [
  setV1('nothing', {}, 'MANDATORY_IE_MISSING: [ActionsId Actions]'),
  setV1('no action', { ActionsId: 'BAD', Actions: [] }, 'MANDATORY_IE_MISSING: [Actions]'),
  setV1(
    'no identifier',
    { ActionsId: 'BAD', Actions: [{ BalanceType: '*monetary' }] },
    'MANDATORY_IE_MISSING:Action::[Identifier]',
  ),
  setV1(
    'units of v1 are a number',
    { ActionsId: 'BAD', Actions: [{ Identifier: '*topup', Units: '5' }] },
    'json: cannot unmarshal string into Go struct field V1TPAction.Actions.Units of type float64',
  ),
  badV2(
    'units of v2 are text',
    { Identifier: '*topup', Units: 5 },
    'json: cannot unmarshal number into Go struct field TPAction.Actions.Units of type string',
  ),
  badV2('no identifier, no units', { BalanceType: '*monetary' }, 'MANDATORY_IE_MISSING:Action::[Identifier Units]'),
  badV2('no units', { Identifier: '*topup', BalanceType: '*monetary' }, 'MANDATORY_IE_MISSING:Action:*topup:[Units]'),
  badV2('units', { Identifier: '*topup', Units: 'junk' }, 'Invalid value: junk'),
  badV2(
    'balance weight',
    { Identifier: '*topup', BalanceWeight: 'junk' },
    'strconv.ParseFloat: parsing "junk": invalid syntax',
  ),
  badV2('timing', { Identifier: '*topup', TimingTags: 'junk' }, 'error: NOT_FOUND querying timing with id: "junk"'),
  badV2('flag', { Identifier: '*topup', BalanceBlocker: 'junk' }, 'strconv.ParseBool: parsing "junk": invalid syntax'),
  asText('nothing was set', 'BAD', { error: 'SERVER_ERROR: NOT_FOUND' }),
]

const SET: readonly Step[] = [
  setV1('two actions', {
    ActionsId: 'N1',
    Actions: [
      { Identifier: '*topup', BalanceType: '*monetary', Units: 5, Weight: 10 },
      { Identifier: '*log', Filters: ['*lt:~*req.BalanceMap.*monetary.GetTotalValue:30'], Weight: 5 },
    ],
  }),
  setV1('again', { ActionsId: 'N1', Actions: [{ Identifier: '*log' }] }, 'EXISTS'),
  asText('two', 'N1', [
    actionText({ BalanceType: '*monetary', Units: '5', Weight: 10 }),
    actionText({ Identifier: '*log', Filters: '*lt:~*req.BalanceMap.*monetary.GetTotalValue:30', Weight: 5 }),
  ]),
  asStored(
    '04 13.2: empty texts are values',
    { ActionIDs: ['N1'] },
    {
      N1: [
        stored({ Id: 'N1', Weight: 10 }, { ...WHOLE, Type: '*monetary', Value: units(5) }),
        stored(
          {
            Id: 'N1',
            ActionType: '*log',
            Filters: ['*lt:~*req.BalanceMap.*monetary.GetTotalValue:30'],
            Weight: 5,
          },
          { ...WHOLE, Value: units(0) },
        ),
      ],
    },
  ),
  setV1('every field', {
    ActionsId: 'N1',
    Overwrite: true,
    Actions: [
      {
        Identifier: '*topup',
        BalanceId: 'x',
        BalanceUuid: 'u',
        BalanceType: '*voice',
        Units: 5,
        ExpiryTime: '*monthly',
        TimingTags: 'NOON',
        DestinationIds: 'A;!B',
        RatingSubject: '*zero1s',
        Categories: 'c',
        SharedGroups: 's',
        BalanceWeight: 7.5,
        ExtraParameters: '{}',
        BalanceBlocker: 'true',
        BalanceDisabled: 'true',
        Weight: 10,
      },
    ],
  }),
  asStored(
    'every field',
    { ActionIDs: ['N1'] },
    {
      N1: [
        stored(
          { Id: 'N1', ExtraParameters: '{}', ExpirationString: '*monthly', Weight: 10 },
          {
            Uuid: 'u',
            ID: 'x',
            Type: '*voice',
            Value: units(5),
            Weight: 7.5,
            DestinationIDs: { A: true, B: false },
            RatingSubject: '*zero1s',
            Categories: { c: true },
            SharedGroups: { s: true },
            TimingIDs: { NOON: true },
            Timings: [NOON],
            Disabled: true,
            Blocker: true,
          },
        ),
      ],
    },
  ),
  setV2('v2', {
    ActionsId: 'N2',
    Actions: [{ Identifier: '*topup', BalanceType: '*voice', Units: '10m', Filters: '*lt:~*req.A:1;*gt:~*req.B:2' }],
  }),
  setV2('again', { ActionsId: 'N2', Actions: [{ Identifier: '*log' }] }, 'EXISTS'),
  asStored(
    'v2',
    { ActionIDs: ['N2'] },
    {
      N2: [
        stored(
          { Id: 'N2', Filters: ['*lt:~*req.A:1', '*gt:~*req.B:2'] },
          { ...WHOLE, Type: '*voice', Value: units(600000000000) },
        ),
      ],
    },
  ),
  setV2('*any is a text like others', {
    ActionsId: 'N3',
    Actions: [
      {
        Identifier: '*topup',
        BalanceType: '*monetary',
        Units: '1',
        BalanceId: '*any',
        RatingSubject: '*any',
        DestinationIds: '*any',
        Categories: '*zero',
      },
    ],
  }),
  asStored(
    '*any is a text like others',
    { ActionIDs: ['N3'] },
    {
      N3: [
        stored(
          { Id: 'N3' },
          {
            ...WHOLE,
            ID: '*any',
            Type: '*monetary',
            Value: units(1),
            DestinationIDs: { '*any': true },
            RatingSubject: '*any',
          },
        ),
      ],
    },
  ),
  { name: 'without a list', call: 'APIerSv1.RemoveActions', params: {}, error: 'NOT_FOUND' },
  { name: 'an empty list', call: 'APIerSv1.RemoveActions', params: { ActionIDs: [] } },
  { name: 'unknown ones too', call: 'APIerSv1.RemoveActions', params: { ActionIDs: ['N2', 'none'] } },
  asText('removed', 'N2', { error: 'SERVER_ERROR: NOT_FOUND' }),
]

const EXECUTED: readonly Step[] = [
  execute('nothing', {}, 'NOT_FOUND'),
  execute('an unknown set', { Account: 'x1', ActionsId: 'none' }, 'NOT_FOUND'),
  execute('an unknown account', { Account: 'x1', ActionsId: 'ACT_A' }),
  shown('is made', 'x1', {
    '*monetary': [toppedUp({ ID: 'A', Value: 5, Weight: 10, DestinationIDs: { DST_A: true, DST_B: false } })],
  }),
  execute('without an account', { ActionsId: 'ACT_A' }),
  setV2('an unknown action', {
    ActionsId: 'BROKEN',
    Actions: [
      { Identifier: '*topup', BalanceType: '*monetary', Units: '5', Weight: 20 },
      { Identifier: '*foo', Weight: 10 },
    ],
  }),
  execute('04 11.2: it stops the set', { Account: 'x2', ActionsId: 'BROKEN' }, 'PARTIALLY_EXECUTED'),
  { name: 'nothing of it is kept', call: 'APIerSv2.GetAccount', params: { Account: 'x2' }, error: 'NOT_FOUND' },
  { name: '04 13.2: a balance', call: 'APIerSv1.SetBalance', params: keep() },
  setV2('a set that names it', {
    ActionsId: 'SETTER',
    Actions: [{ Identifier: '*set_balance', BalanceId: 'keep', BalanceType: '*monetary', Units: '9' }],
  }),
  execute('04 13.2: set by API', { Account: 'x3', ActionsId: 'SETTER' }),
  shown('04 13.2: weight stays, what was not given is wiped', 'x3', {
    '*monetary': [toppedUp({ ID: 'keep', Value: 9, Weight: 5 })],
  }),
  setV2('04 W23c: a filter on the total', {
    ActionsId: 'UPTO',
    Actions: [
      {
        Identifier: '*topup',
        BalanceType: '*monetary',
        Units: '11',
        BalanceWeight: '30',
        Filters: '*lt:~*req.BalanceMap.*monetary.GetTotalValue:30',
      },
    ],
  }),
  { name: '04 W23c: 20', call: 'APIerSv1.SetBalances', params: total() },
  execute('04 W23c: below 30', { Account: 'x4', ActionsId: 'UPTO' }),
  execute('04 W23c: 31 is skipped', { Account: 'x4', ActionsId: 'UPTO' }),
  shown('04 W23c: once', 'x4', {
    '*monetary': [
      bareBalance({ ID: 'a', Value: 10 }),
      bareBalance({ ID: 'b', Value: 10 }),
      toppedUp({ Value: 11, Weight: 30 }),
    ],
  }),
]

function keep(): object {
  const Balance = { ID: 'keep', Weight: 5, RatingSubject: 'S', DestinationIDs: 'D', Categories: 'c' }
  return { Account: 'x3', BalanceType: '*monetary', Value: 1, Balance }
}

function total(): object {
  const Balances = ['a', 'b'].map((ID) => ({ BalanceType: '*monetary', Value: 10, Balance: { ID } }))
  return { Account: 'x4', Balances }
}

t.test('actions', async (t) => {
  const gateway = await accountGateway(t)
  await t.test('of a load are read', (t) => runSteps(t, gateway, LOADED))
  await t.test('that cannot be set are refused', (t) => runSteps(t, gateway, REFUSED))
  await t.test('are set, replaced and removed', (t) => runSteps(t, gateway, SET))
  await t.test('run now', (t) => runSteps(t, gateway, EXECUTED))
})
