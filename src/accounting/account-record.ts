import { Decimal } from '../core/decimal.ts'
import type { Timing } from '../rating/model.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import type { Account, Balance, NameSet } from './account.ts'

type StoredBalance = [
  uuid: string,
  id: string,
  value: string,
  expiresAtNs: string | null,
  weight: number,
  flags: number,
  rest: StoredRest | 0,
]

/** What most balances do not have. */
type StoredRest = {
  destinationIds: NameSet
  ratingSubject: string
  categories: NameSet
  sharedGroups: NameSet
  timings: readonly Timing[] | null
  timingIds: NameSet
  factors: Record<string, string> | null
}

const DISABLED = 1
const BLOCKER = 2
const ALLOW_NEGATIVE = 2

type StoredAccount = {
  tenant: string
  id: string
  flags: number
  updatedAtMs: number
  balances: Record<string, StoredBalance[]>
}

/** Accounts in the data store, by `tenant:id`. */
export const accountKind: RecordKind<Account> = {
  table: 'account',
  encode(account) {
    const balances: Record<string, StoredBalance[]> = {}
    for (const [type, list] of Object.entries(account.balances)) balances[type] = list.map(encodeBalance)
    const flags = (account.disabled ? DISABLED : 0) | (account.allowNegative ? ALLOW_NEGATIVE : 0)
    const { tenant, id, updatedAtMs } = account
    return JSON.stringify({ tenant, id, flags, updatedAtMs, balances } satisfies StoredAccount)
  },
  decode(text) {
    const { tenant, id, flags, updatedAtMs, balances: stored } = JSON.parse(text) as StoredAccount
    const balances: Record<string, readonly Balance[]> = {}
    for (const [type, list] of Object.entries(stored)) balances[type] = list.map(decodeBalance)
    return {
      tenant,
      id,
      balances,
      allowNegative: (flags & ALLOW_NEGATIVE) !== 0,
      disabled: (flags & DISABLED) !== 0,
      updatedAtMs,
    }
  },
}

function encodeBalance(balance: Balance): StoredBalance {
  const flags = (balance.disabled ? DISABLED : 0) | (balance.blocker ? BLOCKER : 0)
  const expires = balance.expiresAtNs === null ? null : String(balance.expiresAtNs)
  return [balance.uuid, balance.id, balance.value.toString(), expires, balance.weight, flags, encodeRest(balance)]
}

function encodeRest(balance: Balance): StoredRest | 0 {
  const { destinationIds, ratingSubject, categories, sharedGroups, timings, timingIds, factors } = balance
  const plain = ratingSubject === '' && destinationIds === null && categories === null && sharedGroups === null
  if (plain && timings === null && timingIds === null && factors === null) return 0
  return {
    destinationIds,
    ratingSubject,
    categories,
    sharedGroups,
    timings,
    timingIds,
    factors: factors && Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, factor.toString()])),
  }
}

function decodeBalance([uuid, id, value, expires, weight, flags, rest]: StoredBalance): Balance {
  const factors = rest === 0 ? null : rest.factors
  return {
    uuid,
    id,
    value: Decimal.parse(value),
    expiresAtNs: expires === null ? null : BigInt(expires),
    weight,
    destinationIds: rest === 0 ? null : rest.destinationIds,
    ratingSubject: rest === 0 ? '' : rest.ratingSubject,
    categories: rest === 0 ? null : rest.categories,
    sharedGroups: rest === 0 ? null : rest.sharedGroups,
    timings: rest === 0 ? null : rest.timings,
    timingIds: rest === 0 ? null : rest.timingIds,
    disabled: (flags & DISABLED) !== 0,
    factors: factors && Object.fromEntries(Object.entries(factors).map(([name, text]) => [name, Decimal.parse(text)])),
    blocker: (flags & BLOCKER) !== 0,
  }
}
