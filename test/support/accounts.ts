import { type Account, type Balance, type NameSet, newBalance } from '../../src/accounting/account.ts'
import { BalanceSubjects } from '../../src/accounting/balance-subject.ts'
import type { DebitContext, DebitRequest, DebitSettings } from '../../src/accounting/debit.ts'
import type { GroupAccess } from '../../src/accounting/purse.ts'
import { groupsOfAccount, type SharedGroup, sharingStrategy } from '../../src/accounting/shared-groups.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { parseDuration } from '../../src/core/duration.ts'
import { ZERO_TIME } from '../../src/core/time.ts'
import type { CallCost } from '../../src/rating/call-cost.ts'
import type { RateInterval } from '../../src/rating/model.ts'
import { TariffIndex } from '../../src/rating/tariff-index.ts'
import { at, interval } from './tariffs.ts'

/** Value as text; `*voice` values as durations (`10s`). */
export type BalanceText =
  | string
  | ({ value: string } & Partial<Omit<Balance, 'value' | 'factors'>> & { factors?: Record<string, string> })

/** An account of tenant `t`: balances by type and id; the id is the uuid as well. */
export function accountOf(
  balances: Record<string, Record<string, BalanceText>>,
  options: Partial<Pick<Account, 'id' | 'allowNegative' | 'disabled'>> = {},
): Account {
  const typed = Object.entries(balances).map(([type, byId]) => [
    type,
    Object.entries(byId).map(([id, text]) => balanceOf(type, id, text)),
  ])
  return {
    tenant: 't',
    id: '1001',
    balances: Object.fromEntries(typed),
    allowNegative: false,
    disabled: false,
    updatedAtMs: 0,
    watch: undefined,
    ...options,
  }
}

export function balanceOf(type: string, id: string, text: BalanceText): Balance {
  const { value, factors, ...rest } = typeof text === 'string' ? { value: text } : text
  const amount = type === '*voice' ? Decimal.of(parseDuration(value)) : Decimal.parse(value)
  const parsed = factors && Object.entries(factors).map(([name, factor]) => [name, Decimal.parse(factor)])
  return { ...newBalance(id, id, amount), ...rest, factors: parsed ? Object.fromEntries(parsed) : null }
}

/** `A 10, *default -2`: the balances of an account, in their units (`*voice` in ns). */
export function show(account: Account): string {
  return Object.values(account.balances)
    .flatMap((list) => list.map(({ id, uuid, value }) => `${id || uuid} ${value}`))
    .join(', ')
}

/** `3x1s@0.5 A` for runs of increments: count, duration or units, cost, who pays. */
export function showIncrements({ timespans }: CallCost): string {
  const runs = timespans.flatMap(({ increments, rounding }) =>
    rounding === null ? increments : [...increments, rounding],
  )
  return runs
    .map(({ count, duration, cost, payment: { unit, monetary } }) => {
      const payers = [unit?.balanceId, monetary?.balanceId].filter((id) => id !== undefined)
      return `${count}x${duration}@${cost} ${payers.join('+') || '-'}`
    })
    .join(', ')
}

/** A tariff of tenant `t`: rates by subject, for any category and destination. */
export function tariffBySubject(
  rates: Record<string, string | RateInterval>,
  options: { decimals?: number; destinations?: Record<string, readonly string[]> } = {},
): TariffIndex {
  const entries = Object.entries(rates).map(([subject, rate]) => ({
    subject,
    interval: typeof rate === 'string' ? interval(rate) : rate,
  }))
  return new TariffIndex(
    {
      destinations: new Map(Object.entries(options.destinations ?? {})),
      plans: new Map(entries.map(({ subject, interval }) => [subject, [{ destinationId: '*any', interval }]])),
      profiles: entries.map(({ subject }) => ({
        tenant: 't',
        category: 'call',
        subject,
        activations: [{ activationNs: ZERO_TIME.ns, planId: subject, fallbackSubjects: [] }],
      })),
    },
    { roundingDecimals: options.decimals ?? 5, fallbackDepth: 3, subjectPrefixMatching: false },
  )
}

export function settingsOf(roundingDecimals = 5): DebitSettings {
  return { roundingDecimals, subjects: new BalanceSubjects({ '*any': '*zero1ns', '*voice': '*zero1s' }) }
}

/** usage as a duration or plain units. */
export function requestOf(usage: string, fields: Partial<DebitRequest> = {}): DebitRequest {
  return {
    category: 'call',
    subject: '1001',
    destination: '0723123',
    toR: '*voice',
    balanceFactorId: '',
    timeStart: at('2026-10-01T10:00:00Z'),
    usage: parseDuration(usage),
    durationIndex: parseDuration(usage),
    loopIndex: 0,
    maxCostSoFar: Decimal.ZERO,
    ...fields,
  }
}

/** Uuids `new-1`, `new-2`... and a fixed clock. */
export function contextOf(nowMs = Date.UTC(2026, 9, 1, 10)): DebitContext {
  let made = 0
  return { nowMs, newUuid: () => `new-${++made}` }
}

export function names(...list: string[]): NameSet {
  return Object.fromEntries(list.map((name) => [name.replace(/^!/, ''), !name.startsWith('!')]))
}

/** Groups of a debit: how an account draws from them, and the accounts that are in them. */
export function groupsWith(strategies: Record<string, string>, members: readonly Account[], seed = 1): GroupAccess {
  const groups = Object.entries(strategies).map(([id, strategy]): [string, SharedGroup] => [
    id,
    new Map([['*any', { strategy, ratingSubject: '' }]]),
  ])
  const known = new Map(groups)
  return {
    strategyOf(groupId, accountId) {
      const group = known.get(groupId)
      return group && sharingStrategy(group, accountId)
    },
    membersOf: (groupId) => members.filter((account) => groupsOfAccount(account).includes(groupId)),
    seed,
  }
}
