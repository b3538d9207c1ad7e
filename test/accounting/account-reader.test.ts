import t from 'tap'
import { newAccount, newBalance } from '../../src/accounting/account.ts'
import { ACCOUNT_READER } from '../../src/accounting/account-reader.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { textOf } from '../../src/mapping/context.ts'

const now = { ns: 1_700_000_000_000_000_000n, zone: 'UTC' }
const balance = (id: string, value: string, more = {}) => ({
  ...newBalance(`uuid-${id}`, id, Decimal.parse(value)),
  ...more,
})
const account = {
  ...newAccount('cgrates.org', '1001', 0),
  balances: {
    '*monetary': [
      balance('MONEY', '10'),
      balance('DEBT', '-2.5'),
      balance('OLD', '100', { expiresAtNs: 1n }),
      balance('OFF', '1000', { disabled: true }),
    ],
  },
}

const rows: Readonly<Record<string, string>> = {
  ID: 'cgrates.org:1001',
  AllowNegative: 'false',
  'BalanceMap.*monetary[0].Value': '10',
  'BalanceMap.*monetary[1].ID': 'DEBT',
  'BalanceMap.*monetary.DEBT.Value': '-2.5',
  'BalanceMap.*monetary.NONE.Value': 'none',
  'BalanceMap.*monetary[9].Value': 'none',
  'BalanceMap.*monetary.GetTotalValue': '7.5',
  'BalanceMap.*data.GetTotalValue': 'none',
  'BalanceMap.*data[0].Value': 'none',
  'UnitCounters.*voice.0.Counters[0].Value': 'none',
  'ActionTriggers.X.Executed': 'none',
}

for (const [path, expected] of Object.entries(rows)) {
  t.test(`04, 2.7: ~*req.${path} of an account`, async (t) => {
    const value = ACCOUNT_READER.compileRequestPath(path)({ account, now })
    t.equal(value === undefined ? 'none' : textOf(value), expected)
  })
}
