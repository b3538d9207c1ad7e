import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { type DebitMode, debit } from '../../src/accounting/debit.ts'
import { maxDebit } from '../../src/accounting/max-debit.ts'
import { maxUsage } from '../../src/accounting/max-usage.ts'
import { creditsOfEventCost, creditsOfIncrements, refund } from '../../src/accounting/refund.ts'
import { Decimal } from '../../src/core/decimal.ts'
import type { CallCost } from '../../src/rating/call-cost.ts'
import { eventCostOf } from '../../src/rating/event-cost.ts'
import { accountOf, type BalanceText, contextOf, requestOf, settingsOf, tariffBySubject } from '../support/accounts.ts'
import { naiveDebit } from '../support/naive-debit.ts'
import { interval } from '../support/tariffs.ts'

const DECIMALS = 2

/** Prices and values of few digits and few units: edges (just enough, one short, nothing) come up often. */
const price = fc.constantFrom('0', '0.01', '0.05', '0.3', '1', '2.5')
const rate = fc
  .record({
    fee: fc.constantFrom('0', '0.1', '2'),
    first: price,
    firstIncrement: fc.constantFrom('1', '2', '5'),
    boundary: fc.constantFrom('0', '3', '10'),
    second: price,
    secondIncrement: fc.constantFrom('1', '4'),
    maxCost: fc.constantFrom('', '', '1 *free', '0 *free', '2.5 *disconnect', '3'),
  })
  .map(({ fee, first, firstIncrement, boundary, second, secondIncrement, maxCost }) => {
    const slots = [`${first}/1/${firstIncrement}@0`]
    if (boundary !== '0') slots.push(`${second}/1/${secondIncrement}@${boundary}`)
    return interval(`fee ${fee}; ${slots.join(', ')}`, { maxCost })
  })

const weight = fc.integer({ min: 0, max: 2 })
const blocker = fc.integer({ min: 0, max: 7 }).map((value) => value === 0)
const money = fc.record<BalanceText & object>({
  value: fc.constantFrom('0', '0.01', '0.999', '1', '2', '3.5', '10', '100', '-1'),
  weight,
  blocker,
  ratingSubject: fc.constantFrom('', '', '', 'X', '*zero2'),
})
const units = fc.record<BalanceText & object>({
  value: fc.constantFrom('0', '1', '2', '7', '20', '1.5'),
  weight,
  blocker,
  ratingSubject: fc.constantFrom('', '', 'X', 'Y', '*zero3'),
  factors: fc.constantFrom({}, { f: '2' }, { f: '0.333' }, { f: '0' }),
})

function listOf(balance: fc.Arbitrary<BalanceText & object>, name: string, withDefault: boolean) {
  return fc
    .array(balance, { maxLength: 3 })
    .map((list) =>
      Object.fromEntries(list.map((each, i) => [withDefault && i === 1 ? '*default' : `${name}${i}`, each])),
    )
}

const account: fc.Arbitrary<Account> = fc
  .record({
    '*monetary': listOf(money, 'M', true),
    '*data': listOf(units, 'D', false),
    '*generic': fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: listOf(units, 'G', false) },
    ),
    allowNegative: blocker,
  })
  .map(({ allowNegative, ...balances }) => accountOf(balances, { allowNegative }))

const tariff = fc
  .record({ own: rate, X: rate, Y: rate })
  .map(({ own, X, Y }) => tariffBySubject({ '*any': own, X, Y }, { decimals: DECIMALS }))

const request = fc
  .record({
    usage: fc.integer({ min: 1, max: 40 }),
    before: fc.constantFrom(0n, 0n, 2n, 15n),
    loopIndex: fc.constantFrom(0, 0, 1),
    balanceFactorId: fc.constantFrom('', 'f'),
    maxCostSoFar: fc.constantFrom('0', '0', '0.7', '2.5'),
  })
  .map(({ usage, before, loopIndex, balanceFactorId, maxCostSoFar }) =>
    requestOf(String(usage), {
      toR: '*data',
      durationIndex: before + BigInt(usage),
      loopIndex,
      balanceFactorId,
      maxCostSoFar: Decimal.parse(maxCostSoFar),
    }),
  )

const settings = settingsOf(DECIMALS)
const numRuns = 2_000

/** Single increments, as the model writes them. */
function linesOf({ timespans }: CallCost): string[] {
  return timespans.flatMap(({ increments }) =>
    increments.flatMap(({ duration, cost, count, payment: { unit, monetary } }) => {
      const line = `${duration}@${cost} ${unit?.balanceUuid ?? ''} ${monetary?.balanceUuid ?? ''}`
      return Array.from({ length: Number(count) }, () => line)
    }),
  )
}

/** The new `*default` has a uuid of its own in the debit under test. */
const nameDefault = (text: string) => text.replaceAll('new-1', '*default')

function valuesOf(account: Account): Record<string, string> {
  const entries = Object.values(account.balances).flatMap((list) =>
    list.map(({ uuid, value }) => [nameDefault(uuid), value.toString()] as const),
  )
  return Object.fromEntries(entries)
}

t.test('the closed form equals the debit of one increment after the other', async (t) => {
  const modes = fc.constantFrom<DebitMode>('available', 'preview', 'all', 'covered')
  const property = fc.property(account, request, modes, tariff, (account, request, mode, tariff) => {
    const model = naiveDebit(account, request, mode, tariff, DECIMALS)
    const done = debit(account, request, mode, tariff, settings, contextOf())
    if ('fault' in model) return assert.equal(done.ok ? 'no fault' : done.fault, model.fault)
    const found = done.ok ? { lines: linesOf(done.callCost).map(nameDefault), values: valuesOf(done.account) } : done
    const lines = model.lines.map(({ duration, cost, units, money }) => `${duration}@${cost} ${units} ${money}`)
    assert.deepEqual(found, { lines, values: model.values })
  })
  fc.assert(property, { numRuns })
  t.pass()
})

/** Accounts whose values have no more digits than balances are written with. */
const rounded = account.map((account) => ({
  ...account,
  balances: Object.fromEntries(
    Object.entries(account.balances).map(([type, list]) => [
      type,
      list.map((balance) => ({ ...balance, value: balance.value.round(DECIMALS, '*down') })),
    ]),
  ),
}))

function total(account: Account, type: string): Decimal {
  return (account.balances[type] ?? []).reduce((sum, { value }) => sum.plus(value), Decimal.ZERO)
}

t.test('what balances lose is what the cost says', async (t) => {
  fc.assert(
    fc.property(rounded, request, tariff, (account, request, tariff) => {
      const done = debit(account, request, 'all', tariff, settings, contextOf())
      if (!done.ok) return true
      let units = Decimal.ZERO
      let money = Decimal.ZERO
      for (const { increments } of done.callCost.timespans) {
        for (const { cost, count, payment } of increments) {
          const consumed = (payment.unit?.consumed ?? Decimal.ZERO).timesInteger(count)
          // Money under a `*zero` subject is consumed as units.
          if (payment.unit?.toR === '*monetary') money = money.plus(consumed)
          else units = units.plus(consumed)
          if (payment.monetary !== null) money = money.plus(cost.timesInteger(count))
        }
      }
      const unitTypes = ['*data', '*generic']
      const sum = (account: Account) => unitTypes.reduce((all, type) => all.plus(total(account, type)), Decimal.ZERO)
      return (
        total(account, '*monetary').minus(total(done.account, '*monetary')).equals(money) &&
        sum(account).minus(sum(done.account)).equals(units)
      )
    }),
    { numRuns },
  )
  t.pass()
})

t.test('a full refund restores the account', async (t) => {
  fc.assert(
    fc.property(rounded, request, tariff, fc.boolean(), (account, request, tariff, viaEventCost) => {
      const done = debit(account, request, 'all', tariff, settings, contextOf())
      if (!done.ok) return true
      const credits = viaEventCost
        ? creditsOfEventCost(eventCostOf(done.callCost, '', ''))
        : creditsOfIncrements(done.callCost.timespans.flatMap(({ increments }) => increments))
      const { account: restored, lost } = refund(done.account, credits, DECIMALS, 1)
      const before = valuesOf(account)
      return (
        lost.length === 0 &&
        Object.entries(valuesOf(restored)).every(([uuid, value]) => (before[uuid] ?? '0') === value)
      )
    }),
    { numRuns },
  )
  t.pass()
})

t.test('MaxDebit takes what the longest usage promised, and makes no debt', async (t) => {
  fc.assert(
    fc.property(account, request, tariff, (account, request, tariff) => {
      const max = maxUsage(account, request, tariff, settings, contextOf())
      const done = maxDebit(account, request, tariff, settings, contextOf())
      if (!max.ok) return !done.ok && done.fault === max.fault
      if (account.allowNegative) return !done.ok || done.callCost.ratedUsage >= request.usage
      if (!done.ok) return false
      const debt = (account: Account) => valuesOf(account)['*default']?.startsWith('-') ?? false
      return done.callCost.ratedUsage >= max.usage && (debt(account) || !debt(done.account))
    }),
    { numRuns },
  )
  t.pass()
})
