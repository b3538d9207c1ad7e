import { Decimal } from '../core/decimal.ts'
import type { AccountSummary, BalanceSummary } from '../rating/call-cost.ts'
import type { Timing } from '../rating/model.ts'
import type { Watch } from './trigger.ts'

/** A set of names; false means "not this one". Null: the field was never set. Reference 04, 2.1. */
export type NameSet = Readonly<Record<string, boolean>> | null

/** One balance. Money in currency, `*voice` in ns, all else in plain units. Immutable. Reference 04, 2.2. */
export type Balance = {
  uuid: string
  id: string
  value: Decimal
  /** ns since the epoch; null: never expires. */
  expiresAtNs: bigint | null
  weight: number
  destinationIds: NameSet
  ratingSubject: string
  categories: NameSet
  sharedGroups: NameSet
  timings: readonly Timing[] | null
  timingIds: NameSet
  disabled: boolean
  /** Multipliers by name; the event's BalanceFactorID picks one. */
  factors: Readonly<Record<string, Decimal>> | null
  /** When it cannot cover all of a request, nothing after it is tried. */
  blocker: boolean
}

/** An account with its balances by type (`*monetary`, `*data`...). Immutable: a debit makes a new one. */
export type Account = {
  tenant: string
  id: string
  balances: Readonly<Record<string, readonly Balance[]>>
  allowNegative: boolean
  disabled: boolean
  /** ms since the epoch of the last change. */
  updatedAtMs: number
  /** Its action triggers and their counters; most accounts have none. */
  watch: Watch | undefined
}

/** The id of the balance that takes what nothing else covers. Reference 04, 4.5. */
export const DEFAULT_BALANCE = '*default'

/** Key of an account in the store and on the wire. */
export function accountKey(tenant: string, id: string): string {
  return `${tenant}:${id}`
}

export function newAccount(tenant: string, id: string, nowMs: number): Account {
  return { tenant, id, balances: {}, allowNegative: false, disabled: false, updatedAtMs: nowMs, watch: undefined }
}

/** A balance with nothing set. */
export function newBalance(uuid: string, id: string, value: Decimal): Balance {
  return {
    uuid,
    id,
    value,
    expiresAtNs: null,
    weight: 0,
    destinationIds: null,
    ratingSubject: '',
    categories: null,
    sharedGroups: null,
    timings: null,
    timingIds: null,
    disabled: false,
    factors: null,
    blocker: false,
  }
}

/** Types in the order of account summaries. Reference 04, 2.4. */
const SUMMARY_ORDER = ['*data', '*sms', '*mms', '*voice', '*generic', '*monetary']

/** The summary that cost documents carry. before: the account as it was before the debit. Reference 04, 2.4. */
export function accountSummary(account: Account, before: Account): AccountSummary {
  const balances: BalanceSummary[] = []
  for (const type of SUMMARY_ORDER) {
    const list = account.balances[type] ?? []
    const earlier = before.balances[type] ?? []
    for (const [i, { uuid, id, value, weight, disabled, factors }] of list.entries()) {
      const was = earlier[i]?.uuid === uuid ? earlier[i] : earlier.find((balance) => balance.uuid === uuid)
      const initial = was?.value ?? Decimal.ZERO
      balances.push({ uuid, id: id || uuid, type, initial, value, weight, disabled, factors })
    }
    for (const { uuid, id, weight, disabled, factors } of earlier) {
      if (list.some((balance) => balance.uuid === uuid)) continue
      const nothing = { initial: Decimal.ZERO, value: Decimal.ZERO }
      balances.push({ uuid, id: id || uuid, type, ...nothing, weight, disabled, factors })
    }
  }
  return {
    tenant: account.tenant,
    accountId: account.id,
    balances: balances.length === 0 ? null : balances,
    allowNegative: account.allowNegative,
    disabled: account.disabled,
  }
}
