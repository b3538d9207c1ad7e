import t from 'tap'
import { debit } from '../../src/accounting/debit.ts'
import { maxDebit } from '../../src/accounting/max-debit.ts'
import { creditsOfEventCost, creditsOfIncrements, creditsOfRounding, refund } from '../../src/accounting/refund.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { Increment, Payment } from '../../src/rating/call-cost.ts'
import { eventCostOf, trimEventCost } from '../../src/rating/event-cost.ts'
import { accountOf, contextOf, requestOf, settingsOf, show, tariffBySubject } from '../support/accounts.ts'

const S = 1_000_000_000n

/** An increment as the reference's examples write it; V: balance that gave seconds, M: balance that gave money. */
function increment(duration: bigint, cost: string, paid: { V?: string; M?: string }, count = 1n): Increment {
  const rest = { value: Decimal.ZERO, interval: null }
  const unit: Payment['unit'] =
    paid.V === undefined
      ? null
      : {
          ...rest,
          balanceUuid: paid.V,
          balanceId: paid.V,
          destination: '',
          consumed: Decimal.of(duration),
          factor: Decimal.of(1),
          category: 'call',
          toR: '*voice',
        }
  const monetary =
    paid.M === undefined ? null : { ...rest, accountId: 't:1001', balanceUuid: paid.M, balanceId: paid.M }
  return { duration, cost: Decimal.parse(cost), count, payment: { unit, monetary, accountId: 't:1001' } }
}

const BEFORE = { '*monetary': { m: '100' }, '*voice': { a: '10s', b: '10s' } }

t.test('03 Refund: money, units, and units that cost money', async (t) => {
  const credits = creditsOfIncrements([
    increment(0n, '2', { M: 'm' }),
    increment(3n * S, '2', { V: 'a', M: 'm' }),
    increment(4n * S, '0', { V: 'b' }),
    increment(S, '5', {}),
  ])
  const { account, lost } = refund(accountOf(BEFORE), credits, 5, 7)
  t.equal(show(account), 'm 104, a 13000000000, b 14000000000')
  t.equal(account.updatedAtMs, 7)
  t.same(lost, [])
})

t.test('03 Refund: a run gives back each of its increments', async (t) => {
  const credits = creditsOfIncrements([increment(S, '0.5', { M: 'm' }, 4n)])
  t.equal(show(refund(accountOf({ '*monetary': { m: '1' } }), credits, 5, 1).account), 'm 3')
})

t.test('03 Refund: a rounding correction is taken', async (t) => {
  const credits = creditsOfRounding([increment(0n, '0.25', { M: 'm' })])
  t.equal(show(refund(accountOf({ '*monetary': { m: '1' } }), credits, 5, 1).account), 'm 0.75')
})

t.test('what was paid by a balance that is gone is lost, and said to be', async (t) => {
  const before = accountOf({ '*monetary': { m: '1' } })
  const credits = creditsOfIncrements([increment(S, '1', { V: 'gone', M: 'm' }, 2n)])
  const { account, lost } = refund(before, credits, 5, 1)
  t.equal(show(account), 'm 3')
  t.same(
    lost.map(({ balanceUuid, amount }) => `${balanceUuid} ${amount}`),
    ['gone 2000000000'],
  )
})

t.test('credits of other accounts are left alone', async (t) => {
  const before = accountOf({ '*monetary': { m: '1' } })
  const [credit] = creditsOfIncrements([increment(0n, '1', { M: 'm' })])
  const { account, lost } = refund(before, credit ? [{ ...credit, accountId: 't:1002' }] : [], 5, 1)
  t.equal(account, before)
  t.same(lost, [])
})

const rows = [
  {
    name: '04 W13: factors',
    balances: { '*sms': { S: { value: '10', factors: { f: '4' } } }, '*monetary': { M: '5' } },
    rate: '1/1/1',
    usage: '4',
    fields: { toR: '*sms', balanceFactorId: 'f' },
    decimals: 5,
  },
  {
    name: '04 W14: fractions of units',
    balances: { '*generic': { G: { value: '100', factors: { f: '1.6666666666666667e-11' } } } },
    rate: '1/1s/1s',
    usage: '30s',
    fields: { balanceFactorId: 'f' },
    decimals: 6,
  },
  {
    name: '04 W19: steps of 5 ms',
    balances: { '*voice': { V: { value: '5s', ratingSubject: '*zero5ms' } } },
    rate: '1/1s/1s',
    usage: '2s',
    fields: {},
    decimals: 5,
  },
  {
    name: '04 W19: the fee comes back',
    balances: { '*monetary': { '*default': '10.65' } },
    rate: 'fee 0.2; 0.1/60s/1s',
    usage: '2m',
    fields: {},
    decimals: 6,
  },
  {
    name: '04 6: units of any type come back',
    balances: { '*mms': { X: '100' }, '*generic': { G: '5' } },
    rate: '1/1/1',
    usage: '104',
    fields: { toR: '*mms' },
    decimals: 5,
  },
]

for (const { name, balances, rate, usage, fields, decimals } of rows) {
  t.test(`full refund, ${name}`, async (t) => {
    const before = accountOf(balances)
    const tariff = tariffBySubject({ '*any': rate }, { decimals })
    const done = maxDebit(before, requestOf(usage, fields), tariff, settingsOf(decimals), contextOf())
    if (!done.ok) throw new Error(done.fault)
    t.not(show(done.account), show(before))
    const credits = creditsOfEventCost(eventCostOf(done.callCost, 'c', 'r'))
    t.equal(show(refund(done.account, credits, decimals, 1).account), show(before))
  })
}

t.test('04 W13: a session of 10 + 5 + 2 s gives back what it did not use', async (t) => {
  const before = accountOf({ '*voice': { V: { value: '100s', factors: { f: '2' } } } })
  const tariff = tariffBySubject({ '*any': '1/1s/1s' })
  const done = debit(before, requestOf('17s', { balanceFactorId: 'f' }), 'all', tariff, settingsOf(), contextOf())
  if (!done.ok) throw new Error(done.fault)
  const { surplus } = trimEventCost(eventCostOf(done.callCost, 'c', 'r'), 7n * S)
  const { account } = refund(done.account, surplus ? creditsOfEventCost(surplus) : [], 5, 1)
  t.equal(show(account), 'V 86000000000')
})

t.test('04 W33: what an expired balance paid is lost once it is gone', async (t) => {
  const tariff = tariffBySubject({ '*any': '1/1s/1s' })
  const before = accountOf({
    '*voice': {
      long: '3600s',
      short: { value: '1s', weight: 100, expiresAtNs: requestOf('1s').timeStart.ns + 2n * S },
    },
  })
  const paid = debit(before, requestOf('10s'), 'all', tariff, settingsOf(), contextOf())
  if (!paid.ok) throw new Error(paid.fault)
  t.equal(show(paid.account), 'long 3591000000000, short 0')
  const later = { ...paid.account, balances: { '*voice': (paid.account.balances['*voice'] ?? []).slice(0, 1) } }
  const { account, lost } = refund(later, creditsOfEventCost(eventCostOf(paid.callCost, '', '')), 5, 1)
  t.equal(show(account), 'long 3600000000000')
  t.same(
    lost.map(({ balanceUuid }) => balanceUuid),
    ['short'],
  )
})
