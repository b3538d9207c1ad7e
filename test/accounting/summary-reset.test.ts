import t from 'tap'
import { resetToSummary } from '../../src/accounting/summary-reset.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { accountOf, show } from '../support/accounts.ts'

const summaryOf = (uuid: string, id: string, value: string) => ({
  tenant: 't',
  accountId: '1001',
  balances: [
    {
      uuid,
      id,
      type: '*monetary',
      initial: Decimal.ZERO,
      value: Decimal.parse(value),
      weight: 0,
      disabled: false,
      factors: null,
    },
  ],
  allowNegative: false,
  disabled: false,
})

t.test('04 11.4 n4: by uuid, else by ID, else made; what has expired is not found', async (t) => {
  const options = { nowNs: 10n, newUuid: () => 'new' }
  const account = accountOf({ '*monetary': { A: '5', B: '6' } })
  const uuid = account.balances['*monetary']?.[1]?.uuid ?? ''
  const values = (summary: ReturnType<typeof summaryOf>, of = account) =>
    resetToSummary(of, summary, options).balances['*monetary']?.map(({ id, value }) => [id, String(value)])
  t.same(values(summaryOf(uuid, 'C', '7')), [
    ['A', '5'],
    ['C', '7'],
  ])
  t.same(values(summaryOf('gone', 'A', '7')), [
    ['A', '7'],
    ['B', '6'],
  ])
  t.same(values(summaryOf('gone', 'C', '7')), [
    ['A', '5'],
    ['B', '6'],
    ['C', '7'],
  ])
  const expired = accountOf({ '*monetary': { A: { value: '5', expiresAtNs: 9n } } })
  t.same(values(summaryOf('gone', 'A', '7'), expired), [
    ['A', '5'],
    ['A', '7'],
  ])
  t.same(show(resetToSummary(account, { ...summaryOf('', '', '0'), balances: null }, options)), show(account))
})
