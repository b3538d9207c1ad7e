import type { Balance, NameSet } from './account.ts'

/** What an action says about balances: a field that is not there says nothing. Reference 04, 11.1. */
export type BalanceFilter = Partial<
  Pick<
    Balance,
    | 'uuid'
    | 'id'
    | 'expiresAtNs'
    | 'weight'
    | 'destinationIds'
    | 'ratingSubject'
    | 'categories'
    | 'sharedGroups'
    | 'timings'
    | 'timingIds'
    | 'disabled'
    | 'blocker'
    | 'factors'
  >
>

/**
 * The soft match of topup, debit and remove, of balances and of what triggers say of them: a given uuid decides alone, else a given id, else all given fields must
 * hold, where sets of the balance must include the given ones. Reference 04, 11.3.
 */
export function softMatches(balance: BalanceFilter, filter: BalanceFilter): boolean {
  if (filter.uuid !== undefined) return balance.uuid === filter.uuid
  if (filter.id !== undefined) return balance.id === filter.id
  return (
    holds(balance.expiresAtNs, filter.expiresAtNs) &&
    holds(balance.weight, filter.weight) &&
    holds(balance.blocker, filter.blocker) &&
    holds(balance.disabled, filter.disabled) &&
    holds(balance.ratingSubject, filter.ratingSubject) &&
    includes(balance.destinationIds, filter.destinationIds) &&
    includes(balance.categories, filter.categories) &&
    includes(balance.timingIds, filter.timingIds) &&
    includes(balance.sharedGroups, filter.sharedGroups)
  )
}

function holds<T>(value: T, wanted: T | undefined): boolean {
  return wanted === undefined || value === wanted
}

function includes(set: NameSet | undefined, wanted: NameSet | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([name, included]) => set?.[name] === included)
}
