import fc from 'fast-check'
import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { accountKind } from '../../src/accounting/account-record.ts'
import { debit } from '../../src/accounting/debit.ts'
import type { ReactionEnvironment } from '../../src/accounting/reactions.ts'
import { type ActionTrigger, withTriggers } from '../../src/accounting/trigger.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { JsonWriter } from '../../src/core/json-writer.ts'
import { accountOf, contextOf, requestOf, settingsOf, tariffBySubject } from '../support/accounts.ts'

const NOW_NS = 1_000_000_000n

/** Sets `ADD <type> <amount>`: add to the first balance of the type. */
const reactions: ReactionEnvironment = {
  nowNs: NOW_NS,
  removeExpired: false,
  runSet(account, actionsId, changed) {
    const [, type = '', amount = ''] = actionsId.split(' ')
    const [first, ...rest] = account.balances[type] ?? []
    if (first === undefined) return undefined
    changed.add(first.uuid)
    const filled = { ...first, value: first.value.plus(Decimal.parse(amount)) }
    return { ...account, balances: { ...account.balances, [type]: [filled, ...rest] } }
  },
}

const TYPES = [
  '*min_balance',
  '*max_balance',
  '*max_event_counter',
  '*min_event_counter',
  '*max_balance_counter',
  '*min_balance_counter',
]
const triggers: fc.Arbitrary<ActionTrigger[]> = fc
  .array(
    fc.record({
      thresholdType: fc.constantFrom(...TYPES),
      threshold: fc.integer({ min: -5, max: 60 }).map((value) => Decimal.of(BigInt(value))),
      balanceType: fc.constantFrom('*data', '*monetary', '*sms'),
      recurrent: fc.boolean(),
      minSleepNs: fc.constantFrom(0n, 5n),
      executed: fc.boolean(),
      weight: fc.integer({ min: 0, max: 3 }),
      actionsId: fc.constantFrom('ADD *data 3', 'ADD *monetary 2', 'ADD *sms 1', 'ADD *nothing 1'),
    }),
    { maxLength: 4 },
  )
  .map((list) =>
    list.map((each, i) => ({
      ...each,
      id: 'G',
      uniqueId: `u${i}`,
      expiresAtNs: null,
      activatesAtNs: null,
      balance: {},
      minQueuedItems: 0,
      lastRunNs: null,
    })),
  )

const ONE_EACH = tariffBySubject({})

/** What is left, with triggers and counters; when something was done does not count. */
function stateOf({ balances, watch }: Account) {
  const values = Object.values(balances).flatMap((list) => list.map(({ id, value }) => `${id} ${value}`))
  return [values, watch?.triggers.map(({ executed }) => executed), watch?.counters.map(({ value }) => String(value))]
}

function debited(account: Account, usage: number, watched: Account = account): Account {
  const result = debit(watched, requestOf(String(usage), { toR: '*data' }), 'all', ONE_EACH, settingsOf(), {
    ...contextOf(),
    reactions: () => reactions,
  })
  return result.ok ? result.account : account
}

t.test('increments taken at once leave the account as increments taken one by one', async (t) => {
  fc.assert(
    fc.property(triggers, fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 40 }), (list, units, usage) => {
      // One balance alone pays, so that what was changed is the same in one debit as in many.
      const before = withTriggers(accountOf({ '*data': { D: String(units + usage) }, '*sms': { S: '1' } }), list)
      const calm = {
        ...before,
        watch: before.watch && {
          ...before.watch,
          triggers: before.watch.triggers.map((trigger) => ({ ...trigger, actionsId: 'ADD *data 3' })),
        },
      }
      let single: Account = calm
      for (let i = 0; i < usage; i++) single = debited(single, 1)
      t.same(stateOf(debited(calm, usage)), stateOf(single))
    }),
    { numRuns: 300 },
  )
})

t.test('a watched account comes back from the store as it was', async (t) => {
  fc.assert(
    fc.property(triggers, (list) => {
      const account = withTriggers(accountOf({ '*data': { D: '5' } }), list)
      const writer = new JsonWriter().begin()
      accountKind.write(account, writer)
      t.same(accountKind.decode(writer.finish().toString(), 't:1001'), account)
    }),
    { numRuns: 100 },
  )
})

t.test('a recurrent trigger on a million increments ends', async (t) => {
  const [trigger] =
    fc.sample(
      triggers.filter(({ length }) => length === 1),
      1,
    )[0] ?? []
  if (trigger === undefined) throw new Error('no trigger')
  const always = { ...trigger, thresholdType: '*min_balance', threshold: Decimal.of(10_000_000n), balanceType: '*data' }
  const recurrent = { ...always, recurrent: true, executed: false, minSleepNs: 0n, actionsId: 'ADD *sms 1' }
  const before = withTriggers(accountOf({ '*data': { D: '1000000' }, '*sms': { S: '0' } }), [recurrent])
  t.same(stateOf(debited(before, 1_000_000))[0], ['D 0', 'S 10000'])
})
