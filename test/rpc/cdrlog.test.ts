import t from 'tap'
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

const setActions = (ActionsId: string, ...Actions: object[]): Step => ({
  name: ActionsId,
  call: 'APIerSv2.SetActions',
  params: { ActionsId, Actions },
})
const execute = (ActionsId: string, Account: string, error?: string): Step => ({
  name: `${ActionsId} for ${Account}`,
  call: 'APIerSv1.ExecuteAction',
  params: { ActionsId, Account },
  ...(error === undefined ? {} : { error }),
})
const expired = (Account: string, BalanceType: string, Value: number, Categories?: string): Step => ({
  name: `expired ${Value}`,
  call: 'APIerSv1.SetBalance',
  params: {
    Account,
    BalanceType,
    Value,
    Balance: { ID: `B${Value}${Categories ?? ''}`, ExpiryTime: '2020-01-01T00:00:00Z', Categories: Categories ?? '' },
  },
})
const shown = (id: string, balances: object): Step => ({
  name: 'left',
  call: 'APIerSv2.GetAccount',
  params: { Account: id },
  result: accountText(id, balances),
})

type LoggedCdr = { RunID: string; ToR: string; Cost: number; ExtraFields: Record<string, string> }

async function cdrsOf(gateway: Gateway, account: string): Promise<LoggedCdr[]> {
  const text = await callText(gateway, 'CDRsV1.GetCDRs', { Accounts: [account] })
  return (JSON.parse(text) as { result: LoggedCdr[] }).result
}

t.test('the CDRs of actions', async (t) => {
  const gateway = await accountGateway(t, { rals: { remove_expired: false } })

  await t.test('04 W34: a monthly fee', async (t) => {
    await runSteps(t, gateway, [
      setActions(
        'FEE',
        { Identifier: '*debit', BalanceType: '*monetary', Units: '10', Weight: 20 },
        { Identifier: '*cdrlog', Weight: 10 },
      ),
      execute('FEE', 'fee'),
      shown('fee', { '*monetary': [toppedUp({ Value: -10 })] }),
    ])
    t.match(await cdrsOf(gateway, 'fee'), [
      { RunID: '*debit', Cost: 10, ToR: '*monetary', RequestType: '*none', Source: '*cdrlog', PreRated: true },
    ])
  })

  await t.test('04 W23g: one for each expired balance that goes', async (t) => {
    await runSteps(t, gateway, [
      ...[11, 12, 13, 14].map((value) => expired('gone', '*monetary', value)),
      expired('gone', '*sms', 16),
      {
        name: 'a live one',
        call: 'APIerSv1.SetBalance',
        params: { Account: 'gone', BalanceType: '*monetary', Value: 1, Balance: { ID: 'LIVE' } },
      },
      setActions('CLEAN', { Identifier: '*remove_expired', Weight: 20 }, { Identifier: '*cdrlog', Weight: 10 }),
      execute('CLEAN', 'gone'),
      shown('gone', { '*monetary': [bareBalance({ ID: 'LIVE', Value: 1 })], '*sms': null }),
    ])
    const cdrs = await cdrsOf(gateway, 'gone')
    t.same(
      cdrs.map(({ RunID, ToR, Cost, ExtraFields }) => [RunID, ToR, Cost, ExtraFields['BalanceID']]),
      [
        ['*remove_expired', '*monetary', 11, 'B11'],
        ['*remove_expired', '*monetary', 12, 'B12'],
        ['*remove_expired', '*monetary', 13, 'B13'],
        ['*remove_expired', '*monetary', 14, 'B14'],
        ['*remove_expired', '*sms', 16, 'B16'],
      ],
    )
  })

  await t.test('04 W23g: of a category', async (t) => {
    await runSteps(t, gateway, [
      expired('some', '*monetary', 13, 'category1'),
      expired('some', '*monetary', 14, 'category1;category2'),
      expired('some', '*sms', 16, 'category1;category2'),
      setActions(
        'CLEAN_2',
        { Identifier: '*remove_expired', Categories: 'category2', Weight: 20 },
        { Identifier: '*cdrlog', Weight: 10 },
      ),
      execute('CLEAN_2', 'some'),
    ])
    t.same(
      (await cdrsOf(gateway, 'some')).map(({ Cost }) => Cost),
      [14, 16],
    )
  })

  await t.test('04 11.6: a template overrides and adds fields', async (t) => {
    const template = {
      Category: 'fees',
      Subject: '~*acnt.AccountID',
      BalanceID: '~*acnt.BalanceID',
      Left: '~*acnt.BalanceValue',
      Set: '~*act.ActionID',
      Cost: '~*act.ActionValue',
    }
    await runSteps(t, gateway, [
      setActions(
        'TEMPLATE',
        { Identifier: '*topup', BalanceId: 'M', BalanceType: '*monetary', Units: '7', Weight: 20 },
        { Identifier: '*cdrlog', ExtraParameters: JSON.stringify(template), Weight: 10 },
      ),
      execute('TEMPLATE', 'templated'),
    ])
    t.match(await cdrsOf(gateway, 'templated'), [
      {
        RunID: '*topup',
        Category: 'fees',
        Subject: 'cgrates.org:templated',
        Cost: 7,
        ExtraFields: { BalanceID: 'M', Left: '7', Set: 'TEMPLATE' },
      },
    ])
  })

  await t.test('a template that cannot be read stops its set', async (t) => {
    await runSteps(t, gateway, [
      setActions(
        'BAD',
        { Identifier: '*topup', BalanceType: '*monetary', Units: '7', Weight: 20 },
        { Identifier: '*cdrlog', ExtraParameters: '{"Left":"~*foo.Value"}', Weight: 10 },
      ),
      execute('BAD', 'bad', 'PARTIALLY_EXECUTED'),
      { name: 'nothing is kept', call: 'APIerSv2.GetAccount', params: { Account: 'bad' }, error: 'NOT_FOUND' },
    ])
  })
})
