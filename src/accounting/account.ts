import type { Decimal } from '../core/decimal.ts'
import type { AccountSummary, BalanceSummary } from '../rating/call-cost.ts'
import type { Timing } from '../rating/model.ts'

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
}

/** The id of the balance that takes what nothing else covers. Reference 04, 4.5. */
export const DEFAULT_BALANCE = '*default'

/** Key of an account in the store and on the wire. */
export function accountKey(tenant: string, id: string): string {
  return `${tenant}:${id}`
}

export function newAccount(tenant: string, id: string, nowMs: number): Account {
  return { tenant, id, balances: {}, allowNegative: false, disabled: false, updatedAtMs: nowMs }
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

/** The account with new values of some balances (by uuid), and balances added to a type. */
export function withValues(
  account: Account,
  values: ReadonlyMap<string, Decimal>,
  added: { type: string; balance: Balance } | undefined,
  nowMs: number,
): Account {
  const balances: Record<string, readonly Balance[]> = {}
  for (const [type, list] of Object.entries(account.balances)) {
    balances[type] = list.some(({ uuid }) => values.has(uuid))
      ? list.map((balance) => {
          const value = values.get(balance.uuid)
          return value === undefined ? balance : { ...balance, value }
        })
      : list
  }
  if (added !== undefined) balances[added.type] = [...(balances[added.type] ?? []), added.balance]
  return { ...account, balances, updatedAtMs: nowMs }
}

/** Types in the order of account summaries. Reference 04, 2.4. */
const SUMMARY_ORDER = ['*data', '*sms', '*mms', '*voice', '*generic', '*monetary']

/** The summary that cost documents carry. initial: the account before the debit. Reference 04, 2.4. */
export function accountSummary(account: Account, initial: Account): AccountSummary {
  const before = new Map<string, Decimal>()
  for (const list of Object.values(initial.balances)) for (const { uuid, value } of list) before.set(uuid, value)
  const balances: BalanceSummary[] = []
  for (const type of SUMMARY_ORDER) {
    for (const { uuid, id, value, weight, disabled, factors } of account.balances[type] ?? []) {
      balances.push({
        uuid,
        id: id || uuid,
        type,
        initial: before.get(uuid) ?? value,
        value,
        weight,
        disabled,
        factors,
      })
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
