import t from 'tap'
import type { Account } from '../../src/accounting/account.ts'
import { type DebitMode, type DebitRequest, type DebitResult, debit } from '../../src/accounting/debit.ts'
import { directDebit } from '../../src/accounting/direct-debit.ts'
import { maxDebit } from '../../src/accounting/max-debit.ts'
import { maxUsage } from '../../src/accounting/max-usage.ts'
import type { LiveAccounts } from '../../src/accounting/purse.ts'
import type { ReactionEnvironment } from '../../src/accounting/reactions.ts'
import { creditsOfEventCost, creditsOfIncrements, refund } from '../../src/accounting/refund.ts'
import { roundCallCost } from '../../src/accounting/rounding.ts'
import { compileSharedGroups, groupsOf, sharingStrategy } from '../../src/accounting/shared-groups.ts'
import { type ActionTrigger, withTriggers } from '../../src/accounting/trigger.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { eventCostOf } from '../../src/rating/event-cost.ts'
import {
  accountOf,
  type BalanceText,
  balanceOf,
  contextOf,
  groupsWith,
  names,
  requestOf,
  settingsOf,
  show,
  showIncrements,
  tariffBySubject,
} from '../support/accounts.ts'
import { at, interval } from '../support/tariffs.ts'

type Balances = Record<string, Record<string, BalanceText>>

/** Balances of one type that are in a group; the other fields as they are given. */
const shared = (value: string, more: object = {}): BalanceText => ({ value, sharedGroups: names('SG'), ...more })
const money = (byId: Record<string, BalanceText>): Balances => ({ '*monetary': byId })

const MODES = { debit: 'all', deny: 'covered', dry: 'available' } as const satisfies Record<string, DebitMode>

/** One row: accounts by id, the first is debited; what must come of it, accounts in order. */
type Row = {
  name: string
  strategy?: string
  rate?: string
  accounts: Record<string, Balances>
  flags?: Record<string, Partial<Pick<Account, 'allowNegative' | 'disabled'>>>
  do: keyof typeof MODES | 'maxDebit' | 'max'
  usage: string
  fields?: Partial<DebitRequest>
  result: string
  after?: string
  runs?: string
}

function accountsOf({ accounts, flags = {} }: Pick<Row, 'accounts' | 'flags'>): [Account, ...Account[]] {
  const made = Object.entries(accounts).map(([id, balances]) => accountOf(balances, { id, ...flags[id] }))
  return made as [Account, ...Account[]]
}

/** Values of all accounts, those that a debit has changed as they are then. */
function shownAfter(accounts: readonly Account[], done: Extract<DebitResult, { ok: true }>): string {
  const changed = new Map([done.account, ...done.others].map((account) => [account.id, account]))
  return accounts.map((account) => show(changed.get(account.id) ?? account)).join(' | ')
}

const VALUES = { a: money({ A: shared('2') }), b: money({ B: shared('1') }), c: money({ C: shared('3') }) }
const FOUR = {
  a: money({ A: shared('2') }),
  b: money({ B: shared('4') }),
  c: money({ C: shared('3') }),
  d: money({ D: shared('1') }),
}
const FEE = 'fee 2; 1/1s/1s'

// biome-ignore format: what is asked and what comes of it stand side by side
const rows: Row[] = [
  { name: '04 W15: a member with nothing draws on another one', rate: '2/1s/10s', accounts: { a: money({ A: shared('0') }), b: money({ B: shared('130') }) }, do: 'debit', usage: '60s', result: '120', after: 'A 0 | B 10', runs: '6x10000000000@20 B' },
  { name: '04 W15: *lowest', strategy: '*lowest', accounts: VALUES, do: 'debit', usage: '6s', result: '6', runs: '1x1000000000@1 B, 2x1000000000@1 A, 3x1000000000@1 C' },
  { name: '04 W15: *highest', strategy: '*highest', accounts: VALUES, do: 'debit', usage: '6s', result: '6', runs: '3x1000000000@1 C, 2x1000000000@1 A, 1x1000000000@1 B' },
  { name: '04 W15: *mine_highest', strategy: '*mine_highest', accounts: VALUES, do: 'debit', usage: '6s', result: '6', runs: '2x1000000000@1 A, 3x1000000000@1 C, 1x1000000000@1 B' },
  { name: '04 8: *mine_lowest changes places with the first', strategy: '*mine_lowest', accounts: VALUES, do: 'debit', usage: '6s', result: '6', runs: '2x1000000000@1 A, 1x1000000000@1 B, 3x1000000000@1 C' },
  { name: '04 8: own 2 of 4, 3, 2, 1 gives 2, 3, 4, 1', strategy: '*mine_highest', accounts: FOUR, do: 'debit', usage: '10s', result: '10', runs: '2x1000000000@1 A, 3x1000000000@1 C, 4x1000000000@1 B, 1x1000000000@1 D' },
  { name: 'a group takes the place of the balance, after one of a longer prefix', strategy: '*highest', accounts: { a: money({ A: shared('1', { weight: 50 }), N: { value: '1', destinationIds: names('NAT') }, P: { value: '9', weight: 20 } }), b: money({ B: shared('2') }) }, do: 'debit', usage: '5s', result: '5', runs: '1x1000000000@1 N, 2x1000000000@1 B, 1x1000000000@1 A, 1x1000000000@1 P' },
  { name: 'two own balances of a group lead to it once', strategy: '*mine_highest', accounts: { a: money({ A1: shared('1', { weight: 10 }), P: { value: '4', weight: 20 }, A2: shared('2', { weight: 30 }) }), b: money({ B: shared('3') }) }, do: 'debit', usage: '9s', result: '9', after: 'A1 0, P 1, A2 0 | B 0', runs: '2x1000000000@1 A2, 3x1000000000@1 B, 1x1000000000@1 A1, 3x1000000000@1 P' },
  { name: 'a balance that two groups lead to pays once', strategy: '*mine_lowest', accounts: { a: money({ A: shared('1', { sharedGroups: names('SG', 'SG2') }) }), b: money({ B: shared('2') }), c: money({ C: shared('3', { sharedGroups: names('SG2') }) }), d: money({ D: shared('4', { sharedGroups: names('SG', 'SG2') }) }) }, do: 'debit', usage: '10s', result: '10', after: 'A 0 | B 0 | C 0 | D 0', runs: '1x1000000000@1 A, 2x1000000000@1 B, 4x1000000000@1 D, 3x1000000000@1 C' },
  { name: 'only what matches the event is drawn on', strategy: '*highest', accounts: { a: money({ A: shared('0') }), b: money({ B: shared('9', { categories: names('sms') }), B2: '9' }), c: money({ C: shared('8', { disabled: true }) }), d: money({ D: shared('7', { expiresAtNs: at('2026-01-01T00:00:00Z').ns }) }), e: money({ E: shared('6', { destinationIds: names('NAT') }) }), f: money({ F: shared('-3') }) }, do: 'maxDebit', usage: '60s', result: '6', after: 'A 0 | B 9, B2 9 | C 8 | D 7 | E 0 | F -3' },
  { name: '04 17: a disabled member is skipped', accounts: { a: money({ A: shared('0') }), b: money({ B: shared('9') }), c: money({ C: shared('1') }) }, flags: { b: { disabled: true } }, do: 'maxDebit', usage: '5s', result: '1', after: 'A 0 | B 9 | C 0' },
  { name: 'a disabled account draws on nobody', accounts: { a: money({ A: shared('0') }), b: money({ B: shared('9') }) }, flags: { a: { disabled: true } }, do: 'max', usage: '5s', result: 'ACCOUNT_DISABLED' },
  { name: 'an account without a balance of the group draws on nobody', accounts: { a: money({ A: '1' }), b: money({ B: shared('9') }) }, do: 'maxDebit', usage: '5s', result: '1', after: 'A 0 | B 9' },
  { name: 'a balance of a group that is not known is its own account\'s', accounts: { a: money({ A: shared('2', { sharedGroups: names('GONE') }) }), b: money({ B: shared('9', { sharedGroups: names('GONE') }) }) }, do: 'maxDebit', usage: '5s', result: '2', after: 'A 0 | B 9' },
  { name: '!SG is not in the group', accounts: { a: money({ A: shared('2', { sharedGroups: names('!SG') }) }), b: money({ B: shared('9') }) }, do: 'maxDebit', usage: '5s', result: '2', after: 'A 0 | B 9' },
  { name: 'a blocker of a member ends the debit', strategy: '*lowest', accounts: { a: money({ A: shared('1') }), b: money({ B: shared('2', { blocker: true }) }), c: money({ C: shared('3') }) }, do: 'maxDebit', usage: '5s', result: '3', after: 'A 0 | B 0 | C 3' },
  { name: 'a blocker of a member fails a whole debit', strategy: '*lowest', accounts: { a: money({ A: shared('1') }), b: money({ B: shared('2', { blocker: true }) }), c: money({ C: shared('3') }) }, do: 'debit', usage: '5s', result: 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER' },
  { name: 'the longest usage is that of the group', accounts: VALUES, do: 'max', usage: '60s', result: '6000000000' },
  { name: 'a member that may go negative lends nothing', strategy: '*highest', accounts: { a: money({ A: shared('1') }), b: money({ B: shared('2') }) }, flags: { b: { allowNegative: true } }, do: 'max', usage: '60s', result: '3000000000' },
  { name: 'what nobody covers is the debt of the account itself', strategy: '*highest', accounts: { a: money({ A: shared('1') }), b: money({ B: shared('2') }) }, do: 'debit', usage: '5s', result: '5', after: 'A 0, *default -2 | B 0' },
  { name: 'DenyNegativeAccount: it is dropped', strategy: '*highest', accounts: { a: money({ A: shared('1') }), b: money({ B: shared('2') }) }, do: 'deny', usage: '5s', result: '3', after: 'A 0 | B 0' },
  { name: 'the connect fee is paid by the first that has it', strategy: '*lowest', rate: FEE, accounts: { a: money({ A: shared('1') }), b: money({ B: shared('9') }) }, do: 'maxDebit', usage: '3s', result: '5', after: 'A 0 | B 5', runs: '1x0@2 B, 1x1000000000@1 A, 2x1000000000@1 B' },
  { name: 'a connect fee that nobody has is the debt of the account itself', rate: FEE, accounts: { a: money({ A: shared('0') }), b: money({ B: shared('1') }) }, do: 'debit', usage: '3s', result: '5', after: 'A 0, *default -4 | B 0', runs: '1x0@2 *default, 1x1000000000@1 B, 2x1000000000@1 *default' },
  { name: 'units of a member', strategy: '*mine_lowest', accounts: { a: { '*voice': { A: shared('1s') }, '*monetary': { M: '9' } }, b: { '*voice': { B: shared('5s') } } }, do: 'debit', usage: '8s', result: '2', after: 'A 0, M 7 | B 0', runs: '1x1000000000@0 A, 5x1000000000@0 B, 2x1000000000@1 M' },
  { name: '*generic units of a member for any type', strategy: '*highest', accounts: { a: { '*data': { A: shared('1') } }, b: { '*generic': { B: shared('5') }, '*data': { C: shared('2') } } }, do: 'debit', usage: '8', fields: { toR: '*data' }, result: '0', after: 'A 0 | B 0, C 0', runs: '5x1@0 B, 2x1@0 C, 1x1@0 A' },
  { name: 'own units whose price a member pays', accounts: { a: { '*voice': { V: { value: '10s', ratingSubject: 'U' } }, '*monetary': { A: shared('0') } }, b: money({ B: shared('3') }) }, do: 'maxDebit', usage: '5s', result: '3', after: 'V 7000000000, A 0 | B 0', runs: '3x1000000000@1 V+B' },
  { name: 'units of a member whose price the account pays', accounts: { a: { '*voice': { V: shared('0s') }, '*monetary': { A: '3' } }, b: { '*voice': { B: shared('10s', { ratingSubject: 'U' }) } } }, do: 'maxDebit', usage: '5s', result: '3', after: 'V 0, A 0 | B 7000000000', runs: '3x1000000000@1 B+A' },
]

for (const { name, strategy = '*lowest', rate = '1/1s/1s', do: operation, usage, fields, ...row } of rows)
  t.test(name, async (t) => {
    const accounts = accountsOf(row)
    const tariff = tariffBySubject({ '*any': rate, U: '1/1s/1s' }, { destinations: { NAT: ['0723'] } })
    const request = requestOf(usage, fields)
    const settings = settingsOf()
    const context = { ...contextOf(), groups: groupsWith({ SG: strategy, SG2: strategy }, accounts) }
    if (operation === 'max') {
      const max = maxUsage(accounts[0], request, tariff, settings, context)
      t.equal(max.ok ? String(max.usage) : max.fault, row.result)
      return
    }
    const done =
      operation === 'maxDebit'
        ? maxDebit(accounts[0], request, tariff, settings, context)
        : debit(accounts[0], request, MODES[operation], tariff, settings, context)
    t.equal(done.ok ? done.callCost.cost.toString() : done.fault, row.result, 'result')
    if (!done.ok) return
    if (row.after !== undefined) t.equal(shownAfter(accounts, done), row.after, 'balances after')
    if (row.runs !== undefined) t.equal(showIncrements(done.callCost), row.runs, 'increments')
  })

const TARIFF = tariffBySubject({ '*any': '1/1s/1s', U: '1/1s/1s' })

t.test('random orders: *random is any, *mine_random begins with the own balance, a seed gives one order', async (t) => {
  const [own, ...others] = accountsOf({ accounts: FOUR })
  const payers = (strategy: string, seed: number): string => {
    const context = { ...contextOf(), groups: groupsWith({ SG: strategy }, [own, ...others], seed) }
    const done = debit(own, requestOf('10s'), 'all', TARIFF, settingsOf(), context)
    return done.ok ? showIncrements(done.callCost).replaceAll(/[^A-Z]/g, '') : done.fault
  }
  const seeds = Array.from({ length: 400 }, (_, seed) => seed)
  const seen = (strategy: string) => new Set(seeds.map((seed) => payers(strategy, seed)))
  t.equal(seen('*random').size, 24, 'every order of four')
  for (const strategy of ['*mine_random', '', '*strange']) {
    t.ok(
      [...seen(strategy)].every((order) => order.startsWith('A')),
      `${strategy}: mine first`,
    )
    t.equal(seen(strategy).size, 6, `${strategy}: the others in any order`)
  }
  t.equal(payers('*random', 7), payers('*random', 7))
})

t.test(
  'the cost names the account of every balance that pays, the summary only balances of the account itself',
  async (t) => {
    const [own, member] = accountsOf({
      accounts: {
        a: { '*voice': { V: { value: '2s', ratingSubject: 'U' } }, '*monetary': { A: shared('0') } },
        b: money({ B: shared('5') }),
      },
    })
    const context = { ...contextOf(), groups: groupsWith({ SG: '*lowest' }, [own, member as Account]) }
    const done = debit(own, requestOf('4s'), 'all', TARIFF, settingsOf(), context)
    if (!done.ok) throw new Error(done.fault)
    const paid = done.callCost.timespans.flatMap(({ increments }) =>
      increments.map(({ count, payment: { accountId, monetary } }) => `${count} ${accountId} ${monetary?.accountId}`),
    )
    t.same(paid, ['2 t:a t:b', '2 t:b t:b'])
    t.same(
      done.callCost.accountSummary?.balances?.map(({ id, initial, value }) => `${id} ${initial} ${value}`),
      ['V 2000000000 0', 'A 0 0'],
    )
    for (const credits of [
      creditsOfIncrements(done.callCost.timespans.flatMap(({ increments }) => increments)),
      creditsOfEventCost(eventCostOf(done.callCost, '', '')),
    ]) {
      const refunded = [done.account, ...done.others].map((account) => refund(account, credits, 5, 1))
      t.equal(refunded.map(({ account }) => show(account)).join(' | '), 'V 2000000000, A 0 | B 5')
      t.same(
        refunded.flatMap(({ lost }) => lost),
        [],
      )
    }
  },
)

t.test('04 6: a correction of the rounding is booked where the money came from', async (t) => {
  const [own, member] = accountsOf({ accounts: { a: money({ A: shared('0') }), b: money({ B: shared('10') }) } })
  const tariff = tariffBySubject({ '*any': interval('0.033/1s/1s', { rounding: 'up1' }) })
  const context = { ...contextOf(), groups: groupsWith({ SG: '*lowest' }, [own, member as Account]) }
  const done = debit(own, requestOf('10s'), 'all', tariff, settingsOf(), context)
  if (!done.ok) throw new Error(done.fault)
  const rounded = roundCallCost(done, own, 5, 1)
  t.equal(String(rounded.callCost.cost), '0.4')
  t.equal([rounded.account, ...rounded.others].map(show).join(' | '), 'A 0 | B 9.6')
})

t.test('04 7: a cost that the event brings is paid by the group, the rest by the account itself', async (t) => {
  const [own, member] = accountsOf({ accounts: { a: money({ A: shared('2') }), b: money({ B: shared('5') }) } })
  const context = { ...contextOf(), groups: groupsWith({ SG: '*highest' }, [own, member as Account]) }
  const done = directDebit(own, requestOf('8s'), Decimal.parse('8'), TARIFF, settingsOf(), context)
  if (!done.ok) throw new Error(done.fault)
  t.equal([done.account, ...done.others].map(show).join(' | '), 'A 0, *default -1 | B 0')
  t.equal(showIncrements(done.callCost), '1x8000000000@5 B, 1x0@2 A, 1x0@1 *default')
})

/** Sets of triggers: `GIVE` moves 3 from the account to the other one of the debit, all others add one `*sms` of their name. */
function reactionsOf(accounts: readonly Account[]) {
  return (accountId: string, live: LiveAccounts): ReactionEnvironment => ({
    nowNs: at('2026-10-01T10:00:00Z').ns,
    removeExpired: true,
    runSet(account, actionsId, changed) {
      if (actionsId !== 'GIVE') {
        const sms = [...(account.balances['*sms'] ?? []), balanceOf('*sms', actionsId, '1')]
        return { ...account, balances: { ...account.balances, '*sms': sms } }
      }
      const other = accounts.find(({ tenant, id }) => `${tenant}:${id}` !== accountId)
      const held = other && (live.get(`${other.tenant}:${other.id}`) ?? other)
      if (held === undefined) return undefined
      const moved = (each: Account, amount: string): Account => ({
        ...each,
        balances: {
          ...each.balances,
          '*monetary': (each.balances['*monetary'] ?? []).map((balance) => ({
            ...balance,
            value: balance.value.plus(Decimal.parse(amount)),
          })),
        },
      })
      t.ok(live.put(moved(held, '3')), 'the other account is part of the debit')
      for (const { uuid } of account.balances['*monetary'] ?? []) changed.add(uuid)
      return moved(account, '-3')
    },
  })
}

function triggerOf(uniqueId: string, thresholdType: string, threshold: string, balanceType: string): ActionTrigger {
  return {
    id: 'G',
    uniqueId,
    thresholdType,
    threshold: Decimal.parse(threshold),
    recurrent: false,
    minSleepNs: 0n,
    expiresAtNs: null,
    activatesAtNs: null,
    balanceType,
    balance: {},
    weight: 0,
    actionsId: uniqueId,
    minQueuedItems: 0,
    executed: false,
    lastRunNs: null,
  }
}

t.test(
  'counters count and triggers fire on the account of the balance; the connection counts where the first part is taken from',
  async (t) => {
    const watched = (account: Account, name: string, threshold: string) =>
      withTriggers(account, [
        triggerOf(name, '*min_balance', threshold, '*monetary'),
        triggerOf('money', '*max_event_counter', '1e12', '*monetary'),
        triggerOf('voice', '*max_event_counter', '1e12', '*voice'),
        triggerOf('connect', '*max_event_counter', '1e12', '*event_connect'),
      ])
    const counted = (account: Account | undefined) =>
      account?.watch?.counters.map(({ value }) => String(value)).join(' ')
    const fired = (account: Account | undefined) => account?.balances['*sms']?.map(({ id }) => id).join(' ') ?? ''
    const play = (accounts: Record<string, Balances>, usage: string) => {
      const [own, member] = accountsOf({ accounts })
      const all = [watched(own, 'OWN', '-1'), watched(member as Account, 'MEMBER', '1')] as const
      const context = { ...contextOf(), groups: groupsWith({ SG: '*lowest' }, all), reactions: reactionsOf(all) }
      const done = maxDebit(all[0], requestOf(usage), TARIFF, settingsOf(), context)
      if (!done.ok) throw new Error(done.fault)
      const [other] = done.others
      return [counted(done.account), fired(done.account), counted(other), fired(other)]
    }
    t.same(
      play({ a: money({ A: shared('0') }), b: money({ B: shared('5') }) }, '4s'),
      ['0 0 0', '', '4 0 1', 'MEMBER'],
      'money of the member',
    )
    t.same(
      play(
        {
          a: { '*voice': { V: { value: '9s', ratingSubject: 'U' } }, ...money({ A: shared('0') }) },
          b: money({ B: shared('5') }),
        },
        '4s',
      ),
      ['0 4000000000 1', '', '4 0 0', 'MEMBER'],
      'own units whose price the member pays',
    )
  },
)

t.test('what a trigger moves between accounts of the debit stays moved', async (t) => {
  const [own, member] = accountsOf({ accounts: { a: money({ A: shared('5') }), b: money({ B: shared('1') }) } })
  const all = [withTriggers(own, [triggerOf('GIVE', '*min_balance', '4', '*monetary')]), member as Account] as const
  const context = { ...contextOf(), groups: groupsWith({ SG: '*mine_lowest' }, all), reactions: reactionsOf(all) }
  const done = debit(all[0], requestOf('4s'), 'all', TARIFF, settingsOf(), context)
  if (!done.ok) throw new Error(done.fault)
  t.equal(shownAfter(all, done), 'A 0 | B 2')
})

t.test('03 2.3: of several rows of an account the last one counts; its own entry goes before *any', async (t) => {
  const rows = [
    ['G', '*any', '*highest', ''],
    ['G', 't:a', '*lowest', 's'],
    ['G', '*any', '*random', ''],
  ].map((values) => ({ values, place: 'SharedGroups.csv' }))
  const group = compileSharedGroups(new Map([['SharedGroups', new Map([['G', rows]])]])).get('G') ?? new Map()
  t.same(
    [...group],
    [
      ['*any', { strategy: '*random', ratingSubject: '' }],
      ['t:a', { strategy: '*lowest', ratingSubject: 's' }],
    ],
  )
  t.same(sharingStrategy(group, 't:a'), { order: 'lowest', isMineFirst: false })
  t.same(sharingStrategy(group, 't:b'), { order: 'random', isMineFirst: false })
  t.same(groupsOf(balanceOf('*sms', 'S', shared('1', { sharedGroups: names('X', '!Y', 'Z') }))), ['X', 'Z'])
})
