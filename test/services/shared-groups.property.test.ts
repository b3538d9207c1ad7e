import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Account, accountKey } from '../../src/accounting/account.ts'
import { accountKind } from '../../src/accounting/account-record.ts'
import { groupsOfAccount, sharingStrategy } from '../../src/accounting/shared-groups.ts'
import { Decimal } from '../../src/core/decimal.ts'
import {
  type EventCost,
  eventCostOf,
  eventCostUsage,
  mergeEventCost,
  trimEventCost,
} from '../../src/rating/event-cost.ts'
import type { ChargedAccount, Descriptor } from '../../src/services/charging.ts'
import { SessionRefused } from '../../src/services/errors.ts'
import { Responder } from '../../src/services/responder.ts'
import type { Change, DataStore, StoredRecord, Table } from '../../src/store/data-store.ts'
import { MemoryDataStore } from '../../src/store/memory-data-store.ts'
import { Records } from '../../src/store/unit-of-work.ts'
import { accountOf, type BalanceText, names, requestOf, settingsOf, tariffBySubject } from '../support/accounts.ts'
import { interval } from '../support/tariffs.ts'

/** A store that is elsewhere: what is read and committed comes some turns later, in an order that follows from the seed. */
class DistantStore implements DataStore {
  readonly #held = new MemoryDataStore()
  #state: number
  reads = 0

  constructor(seed: number) {
    this.#state = seed
  }

  async #turns(): Promise<void> {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0
    for (let left = (this.#state >>> 16) % 5; left > 0; left--) await undefined
  }

  async get(table: Table, key: string): Promise<StoredRecord | undefined> {
    this.reads++
    const found = this.#held.get(table, key)
    await this.#turns()
    return found
  }

  count(table: Table): number {
    return this.#held.count(table)
  }

  scan(table: Table): AsyncIterable<[string, StoredRecord]> {
    return this.#held.scan(table)
  }

  async commit(changes: readonly Change[]): Promise<void> {
    await this.#held.commit(changes)
    await this.#turns()
  }

  flushed(): Promise<void> {
    return this.#held.flushed()
  }

  deleteBefore(table: Table, key: string): Promise<void> {
    return this.#held.deleteBefore(table, key)
  }

  close(): Promise<void> {
    return this.#held.close()
  }
}

const STRATEGIES = ['*lowest', '*highest', '*random', '*mine_lowest', '*mine_highest', '*mine_random', '']
const groupIds = fc.constantFrom(['G'], ['G'], ['H'], ['G', 'H'], ['H', 'G'], ['UNKNOWN'], [])
const value = (...values: string[]) =>
  fc
    .record({ value: fc.constantFrom(...values), weight: fc.integer({ min: 0, max: 2 }), groups: groupIds })
    .map(({ value, weight, groups }): BalanceText => ({ value, weight, sharedGroups: names(...groups) }))
const lists = (balance: fc.Arbitrary<BalanceText>) => fc.array(balance, { maxLength: 2 })

const members = fc
  .array(
    fc.record({
      money: lists(value('0', '0.5', '3', '10', '40')),
      // Free units, and units that cost money.
      free: lists(value('0', '2', '7')),
      priced: lists(value('5', '20')),
    }),
    { minLength: 2, maxLength: 5 },
  )
  .map((list) =>
    list.map(({ money, free, priced }, at): Account => {
      const id = `m${at}`
      const byId = (kind: string, balances: readonly BalanceText[], more: object = {}) =>
        Object.fromEntries(balances.map((text, i) => [`${id}-${kind}${i}`, { ...Object(text), ...more }]))
      const data = { ...byId('free', free), ...byId('priced', priced, { ratingSubject: 'U' }) }
      return accountOf({ '*monetary': byId('money', money), '*data': data }, { id })
    }),
  )

/** What sessions do, each by a member: `grant` reserves, `all` debits at once, `end` gives back what was not used and rounds. */
const steps = fc.array(
  fc.record({
    session: fc.integer({ min: 0, max: 5 }),
    kind: fc.constantFrom('grant', 'grant', 'grant', 'all', 'end'),
    usage: fc.integer({ min: 1, max: 15 }),
  }),
  { minLength: 1, maxLength: 25 },
)

const rate = fc
  .constantFrom('1/1/1', 'fee 2; 0.033/1/1', '0.5/1/4', '0/1/1')
  .map((text) => interval(text, { rounding: 'up1' }))
const settings = { ...settingsOf(), maxComputedUsage: {} }

/** Money and units that a cost has taken. */
function taken({ charges }: EventCost): { money: Decimal; units: Decimal } {
  let money = Decimal.ZERO
  let units = Decimal.ZERO
  for (const { increments, count: copies } of charges)
    for (const { cost, accounting, count } of increments) {
      const times = count * copies
      if (accounting?.kind === 'unit') units = units.plus(accounting.units.timesInteger(times))
      const isPaid = accounting !== null && (accounting.kind !== 'unit' || accounting.extraCharge !== null)
      if (isPaid) money = money.plus(cost.timesInteger(times))
    }
  return { money, units }
}

function total(accounts: readonly Account[], type: string): Decimal {
  return accounts
    .flatMap(({ balances }) => balances[type] ?? [])
    .reduce((sum, { value }) => sum.plus(value), Decimal.ZERO)
}

t.test(
  'what the balances of all members lose is what the costs say, whoever pays, in whatever order sessions come',
  async (t) => {
    let paidByOthers = 0
    let reads = 0
    const property = fc.asyncProperty(
      members,
      steps,
      rate,
      fc.constantFrom(...STRATEGIES),
      fc.constantFrom(...STRATEGIES),
      fc.nat(),
      async (accounts, steps, rate, strategyG, strategyH, seed) => {
        const store = new DistantStore(seed)
        // Another engine has filled the store: this one has to read it.
        const filled = new Records(store, { limit: 100 })
        const records = new Records(store, { limit: 100 })
        const groups = new Map([
          ['G', new Map([['*any', { strategy: strategyG, ratingSubject: '' }]])],
          ['H', new Map([['*any', { strategy: strategyH, ratingSubject: '' }]])],
        ])
        let made = 0
        const responder = new Responder(
          settings,
          () => tariffBySubject({ '*any': rate }),
          () => ({ nowMs: 1, newUuid: () => `made-${++made}` }),
          () => assert.fail('no account has triggers'),
          {
            strategyOf: (groupId, accountId) => {
              const group = groups.get(groupId)
              return group && sharingStrategy(group, accountId)
            },
            memberIds: (groupId) =>
              accounts.filter((each) => groupsOfAccount(each).includes(groupId)).map(({ id }) => accountKey('t', id)),
          },
        )
        for (const account of accounts) await filled.run((unit) => unit.put(accountKind, `t:${account.id}`, account))
        const costs = new Map<number, EventCost>()
        const play = async ({ session, kind, usage }: { session: number; kind: string; usage: number }) => {
          const account = accounts[session % accounts.length]?.id ?? ''
          const event: ChargedAccount = { tenant: 't', account, category: 'call', destination: '0723', toR: '*data' }
          await records
            .run((unit) => {
              // A unit may run again: what it makes of a session's cost is told when it has ended.
              const held = costs.get(session)
              if (kind === 'end') {
                if (held === undefined) return
                const { kept, surplus } = trimEventCost(held, eventCostUsage(held) / 2n)
                if (surplus !== undefined) responder.refund(unit, event, surplus)
                const rounded = responder.round(unit, event, kept)
                queueMicrotask(() => ended.push(rounded))
                costs.delete(session)
                return
              }
              const { timeStart } = requestOf('0')
              const descriptor: Descriptor = {
                ...event,
                subject: account,
                balanceFactorId: '',
                timeStart,
                loopIndex: held === undefined ? 0 : 1,
                durationIndex: BigInt(usage),
                maxCostSoFar: Decimal.ZERO,
                forceDuration: false,
              }
              const callCost =
                kind === 'grant'
                  ? responder.maxDebit(unit, descriptor, BigInt(usage))
                  : responder.debit(unit, descriptor, BigInt(usage), false)
              const added = eventCostOf(callCost, '', '')
              if (
                added.charges.some(({ increments }) =>
                  increments.some(({ accounting }) => accounting !== null && accounting.accountId !== `t:${account}`),
                )
              )
                paidByOthers++
              costs.set(session, held === undefined ? added : mergeEventCost(held, added))
            })
            .catch((cause: unknown) => {
              if (!(cause instanceof SessionRefused)) throw cause
            })
        }
        const ended: EventCost[] = []
        await Promise.all(steps.map(play))
        const after = await Promise.all(
          accounts.map(({ id }) =>
            records.run((unit) => unit.get(accountKind, `t:${id}`) ?? assert.fail('it is gone')),
          ),
        )
        const open = [...ended, ...costs.values()].map(taken)
        const sum = (kind: 'money' | 'units') => open.reduce((all, each) => all.plus(each[kind]), Decimal.ZERO)
        assert.equal(String(total(accounts, '*monetary').minus(total(after, '*monetary'))), String(sum('money')))
        assert.equal(String(total(accounts, '*data').minus(total(after, '*data'))), String(sum('units')))
        reads += store.reads
      },
    )
    await fc.assert(property, { numRuns: 1_000 })
    t.ok(paidByOthers > 1_000, `${paidByOthers} debits were paid by others`)
    t.ok(reads > 5_000, `${reads} reads of the store`)
  },
)
