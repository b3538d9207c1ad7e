import { type WallClock, wallClock, type ZonedTime } from '../core/time.ts'
import type { Tariff, Timing } from '../rating/model.ts'
import type { Account, Balance, NameSet } from './account.ts'
import { isShared } from './shared-groups.ts'

/** A balance that may pay, with the prefix of the destination that made it match ('' for all destinations). */
export type Candidate = {
  balance: Balance
  /** The type it is kept under. */
  type: string
  prefix: string
  destinationId: string
}

/** What an event shows of itself to balances. */
export type SelectedEvent = { destination: string; category: string; start: ZonedTime }

/**
 * Balances of a type that may pay for an event that starts at `start`, in the order in which they are tried.
 * A destination-specific balance goes before a general one whatever their weights are. groupId: only those of that shared group.
 * Reference 04, 3.
 */
export function selectBalances<P extends { readonly account: Account }>(
  purse: P,
  type: string,
  event: SelectedEvent,
  tariff: Tariff,
  groupId?: string,
): (Candidate & { purse: P })[] {
  const types = type === '*monetary' || type === '*generic' ? [type] : [type, '*generic']
  const candidates: (Candidate & { purse: P })[] = []
  for (const each of types) {
    for (const balance of purse.account.balances[each] ?? []) {
      if (balance.disabled || isExpired(balance, event.start.ns)) continue
      if (groupId !== undefined && balance.sharedGroups?.[groupId] !== true) continue
      if (!balance.value.isPositive && !balance.blocker && !isShared(balance)) continue
      if (!matchesCategory(balance.categories, event.category)) continue
      const matched = matchDestination(balance.destinationIds, event.destination, tariff)
      if (matched !== undefined) candidates.push({ balance, purse, type: each, ...matched })
    }
  }
  if (candidates.length < 2) return candidates
  return candidates.sort((a, b) => b.prefix.length - a.prefix.length || b.balance.weight - a.balance.weight)
}

export function isExpired({ expiresAtNs }: Balance, atNs: bigint): boolean {
  return expiresAtNs !== null && expiresAtNs < atNs
}

/** Names only: neither exclusions nor `*any` work in categories. Reference 04, 2.2. */
function matchesCategory(categories: NameSet, category: string): boolean {
  return categories === null || categories[category] === true || Object.keys(categories).length === 0
}

/** Reference 04, 3.2. */
function matchDestination(
  names: NameSet,
  destination: string,
  tariff: Tariff,
): { prefix: string; destinationId: string } | undefined {
  if (names === null) return ALL
  const listed = Object.keys(names)
  if (listed.length === 0 || names['*any'] === true) return ALL
  const hasInclusion = listed.some((name) => names[name] === true)
  for (let length = destination.length; length > 0; length--) {
    const prefix = destination.slice(0, length)
    const ids = tariff.destinationsOfPrefix(prefix)
    if (ids.length === 0) continue
    const named = ids.filter((id) => names[id] !== undefined)
    if (named.length === 0 && hasInclusion) continue
    if (named.some((id) => names[id] === false)) return undefined
    return { prefix, destinationId: named[0] ?? '' }
  }
  return undefined
}

const ALL = { prefix: '', destinationId: '' }

/** Whether the timings of a balance allow it at that moment. Reference 04, 2.2. */
export function isActiveAt({ timings, timingIds }: Balance, at: ZonedTime): boolean {
  if (timings === null || timings.length === 0) return true
  const clock = wallClock(at)
  const excluded = (timing: Timing) => timingIds?.[timing.id] === false
  if (timings.some((timing) => excluded(timing) && timingContains(timing, clock))) return false
  const positive = timings.filter((timing) => !excluded(timing))
  return positive.length === 0 || positive.some((timing) => timingContains(timing, clock))
}

/** Whether a timing holds at a moment, first and last second included. Reference 04, 2.2. */
export function timingContains(timing: Timing, { year, month, day, weekday, secondOfDay }: WallClock): boolean {
  const has = (list: readonly number[], value: number) => list.length === 0 || list.includes(value)
  return (
    has(timing.years, year) &&
    has(timing.months, month) &&
    has(timing.monthDays, day) &&
    has(timing.weekDays, weekday) &&
    secondOfDay >= secondsOf(timing.startTime, 0) &&
    secondOfDay <= secondsOf(timing.endTime, 86_400)
  )
}

function secondsOf(clock: string, empty: number): number {
  if (clock === '') return empty
  const [hour = 0, minute = 0, second = 0] = clock.split(':').map(Number)
  return hour * 3600 + minute * 60 + second
}
