import { Decimal } from '../core/decimal.ts'
import type { Account, Balance, NameSet } from './account.ts'
import { type BalanceFilter, softMatches } from './balance-filter.ts'

/** Runs an action set when balances or counters of its account reach a threshold. Reference 04, 10.1. */
export type ActionTrigger = {
  /** Its group. */
  id: string
  uniqueId: string
  /** `*max_balance`... Others are kept and never fire. */
  thresholdType: string
  threshold: Decimal
  recurrent: boolean
  /** Least time between two runs of a recurrent one. */
  minSleepNs: bigint
  /** ns since the epoch; null: never. */
  expiresAtNs: bigint | null
  /** ns since the epoch; null: at once. */
  activatesAtNs: bigint | null
  /** '' when none is given. */
  balanceType: string
  balance: BalanceFilter
  weight: number
  actionsId: string
  minQueuedItems: number
  executed: boolean
  /** ns since the epoch; null: it has not run. */
  lastRunNs: bigint | null
}

/**
 * Counts for one trigger. kind: a balance type, or `*event_connect`. isOfBalance: by the paying balance, else by the event.
 * filter: that of its trigger, with the id of the counter. Reference 04, 9.
 */
export type Counter = { kind: string; isOfBalance: boolean; filter: BalanceFilter; value: Decimal }

/** What is watched on an account. */
export type Watch = { triggers: readonly ActionTrigger[]; counters: readonly Counter[] }

const COMPARED = {
  '*min_balance': { of: 'balance', isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) <= 0 },
  '*max_balance': { of: 'balance', isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) >= 0 },
  '*balance_expired': { of: 'expiry', isReached: () => true },
  '*min_event_counter': {
    of: 'event',
    isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) <= 0,
  },
  '*max_event_counter': {
    of: 'event',
    isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) >= 0,
  },
  '*min_balance_counter': {
    of: 'balanceCounter',
    isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) <= 0,
  },
  '*max_balance_counter': {
    of: 'balanceCounter',
    isReached: (value: Decimal, threshold: Decimal) => value.compare(threshold) >= 0,
  },
} as const

/** What a trigger looks at, and when it is reached; undefined for a threshold type that is none. */
export function comparisonOf({ thresholdType }: ActionTrigger) {
  return Object.hasOwn(COMPARED, thresholdType) ? COMPARED[thresholdType as keyof typeof COMPARED] : undefined
}

/** Whether it fires when it is reached: it is active, and has not run yet or may run again. */
export function isArmed(
  { executed, expiresAtNs, activatesAtNs, recurrent, lastRunNs, minSleepNs }: ActionTrigger,
  nowNs: bigint,
): boolean {
  if (executed || (expiresAtNs !== null && expiresAtNs < nowNs)) return false
  if (activatesAtNs !== null && activatesAtNs > nowNs) return false
  return !recurrent || lastRunNs === null || nowNs - lastRunNs >= minSleepNs
}

/** Id of the counter of a trigger. */
export function counterIdOf({ balance, uniqueId }: ActionTrigger): string {
  return balance.id ?? uniqueId
}

/** The counters that a trigger compares. */
export function isCounterOf(counter: Counter, trigger: ActionTrigger): boolean {
  const of = comparisonOf(trigger)?.of
  return (
    (of === 'event' || of === 'balanceCounter') &&
    counter.isOfBalance === (of === 'balanceCounter') &&
    counter.kind === trigger.balanceType &&
    counter.filter.id === counterIdOf(trigger)
  )
}

/** The account with these triggers; counters that they need are there, those of equal filters keep their values. Reference 04, 9. */
export function withTriggers(account: Account, triggers: readonly ActionTrigger[]): Account {
  if (triggers.length === 0) return account.watch === undefined ? account : { ...account, watch: undefined }
  const held = account.watch?.counters ?? []
  const counters: Counter[] = []
  for (const trigger of triggers) {
    const of = comparisonOf(trigger)?.of
    if (of !== 'event' && of !== 'balanceCounter') continue
    if (counters.some((counter) => isCounterOf(counter, trigger))) continue
    const filter = { ...trigger.balance, id: counterIdOf(trigger) }
    const value = held.find((counter) => isCounterOf(counter, trigger))?.value ?? Decimal.ZERO
    counters.push({ kind: trigger.balanceType, isOfBalance: of === 'balanceCounter', filter, value })
  }
  return { ...account, watch: { triggers, counters } }
}

/** Triggers with those of other groups; one that is there already stays as it is. */
export function addTriggers(held: readonly ActionTrigger[], added: readonly ActionTrigger[]): ActionTrigger[] {
  const isHeld = ({ id, uniqueId }: ActionTrigger) =>
    held.some((trigger) => trigger.id === id && trigger.uniqueId === uniqueId)
  return [...held, ...added.filter((trigger) => !isHeld(trigger))]
}

/** The account with every trigger armed. */
export function rearmed(account: Account): Account {
  if (account.watch === undefined) return account
  const { watch } = account
  return { ...account, watch: { ...watch, triggers: watch.triggers.map((each) => ({ ...each, executed: false })) } }
}

/**
 * The hard match of triggers and balance counters: every given field is equal, sets as a whole. withId: a given uuid, else a
 * given id, decides alone. Reference 04, 10.1.
 */
export function hardMatches(balance: Balance, filter: BalanceFilter, withId: boolean): boolean {
  if (withId && filter.uuid !== undefined) return balance.uuid === filter.uuid
  if (withId && filter.id !== undefined) return balance.id === filter.id
  return (
    isEqual(balance.expiresAtNs, filter.expiresAtNs) &&
    isEqual(balance.weight, filter.weight) &&
    isEqual(balance.blocker, filter.blocker) &&
    isEqual(balance.disabled, filter.disabled) &&
    isEqual(balance.ratingSubject, filter.ratingSubject) &&
    isSameSet(balance.destinationIds, filter.destinationIds) &&
    isSameSet(balance.categories, filter.categories) &&
    isSameSet(balance.timingIds, filter.timingIds) &&
    isSameSet(balance.sharedGroups, filter.sharedGroups)
  )
}

function isEqual<T>(value: T, wanted: T | undefined): boolean {
  return wanted === undefined || value === wanted
}

function isSameSet(set: NameSet, wanted: NameSet | undefined): boolean {
  if (wanted === undefined) return true
  const names = Object.entries(set ?? {})
  return (
    names.length === Object.keys(wanted ?? {}).length && names.every(([name, included]) => wanted?.[name] === included)
  )
}

/** Which triggers an action is for. Reference 04, 11.4 n5. */
export type TriggerSelector = {
  groupId: string
  uniqueId: string
  thresholdType: string
  balanceType: string
  balance: BalanceFilter
}

export function isSelected(trigger: ActionTrigger, selector: TriggerSelector): boolean {
  const { groupId, uniqueId, thresholdType, balanceType, balance } = selector
  if (balanceType !== '' && trigger.balanceType !== balanceType) return false
  if (groupId !== '') return trigger.id === groupId
  if (uniqueId !== '') return trigger.uniqueId === uniqueId
  return (thresholdType === '' || trigger.thresholdType === thresholdType) && softMatches(trigger.balance, balance)
}
