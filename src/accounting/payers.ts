import type { Tariff } from '../rating/model.ts'
import type { Balance } from './account.ts'
import type { GroupAccess, Purse, Purses } from './purse.ts'
import { type Candidate, type SelectedEvent, selectBalances } from './select.ts'
import { groupsOf, isShared, type SharingStrategy } from './shared-groups.ts'

/** A balance and the account that it is of. */
export type Payer = { balance: Balance; purse: Purse }

/** A balance that may pay, of the own account or of one that shares it. */
export type PayingCandidate = Candidate & Payer

/**
 * Balances of a type that may pay, in the order in which they are tried: a balance that is in shared groups gives its place to all
 * balances of these groups, each of which is tried once. One of groups that are not known stands for itself. Reference 04, 3 and 8.
 */
export function selectPayers(purses: Purses, type: string, event: SelectedEvent, tariff: Tariff): PayingCandidate[] {
  const { own, context } = purses
  const candidates = selectBalances(own, type, event, tariff)
  const { groups } = context
  if (groups === undefined || !candidates.some(({ balance }) => isShared(balance))) return candidates
  const ofGroup = new Map<string, PayingCandidate[]>()
  const members = (groupId: string): PayingCandidate[] => {
    const known = ofGroup.get(groupId)
    if (known !== undefined) return known
    const found = selectBalances(own, type, event, tariff, groupId)
    for (const account of groups.membersOf(groupId)) {
      const purse = purses.of(account)
      if (purse !== own && !account.disabled) found.push(...selectBalances(purse, type, event, tariff, groupId))
    }
    ofGroup.set(groupId, found)
    return found
  }
  const payers = new Map<Balance, PayingCandidate>()
  for (const candidate of candidates)
    for (const payer of inPlaceOf(candidate, groups, members))
      if (!payers.has(payer.balance)) payers.set(payer.balance, payer)
  return [...payers.values()]
}

function inPlaceOf(
  candidate: PayingCandidate,
  groups: GroupAccess,
  members: (groupId: string) => readonly PayingCandidate[],
): readonly PayingCandidate[] {
  const { accountId } = candidate.purse
  const lists = groupsOf(candidate.balance).flatMap((groupId) => {
    const strategy = groups.strategyOf(groupId, accountId)
    return strategy === undefined ? [] : [inOrder(members(groupId), strategy, candidate, groups.seed)]
  })
  return lists.length === 0 ? [candidate] : lists.flat()
}

/** Reference 04, 8: `mine` changes places with the first. Equal values stay as they were: the own account's first. */
function inOrder(
  members: readonly PayingCandidate[],
  { order, isMineFirst }: SharingStrategy,
  mine: PayingCandidate,
  seed: number,
): PayingCandidate[] {
  const sorted = order === 'random' ? shuffled(members, seed) : members.toSorted(byValue(order === 'lowest' ? 1 : -1))
  const at = sorted.findIndex(({ balance }) => balance === mine.balance)
  const [first] = sorted
  if (!isMineFirst || first === undefined || at <= 0) return sorted
  return sorted.with(at, first).with(0, mine)
}

function byValue(sign: 1 | -1): (a: Payer, b: Payer) => number {
  return (a, b) => sign * a.balance.value.compare(b.balance.value)
}

/** Fisher-Yates over mulberry32. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const shuffled = [...list]
  let state = seed | 0
  for (let last = shuffled.length - 1; last > 0; last--) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const at = ((mixed ^ (mixed >>> 14)) >>> 0) % (last + 1)
    const moved = shuffled[at] as T
    shuffled[at] = shuffled[last] as T
    shuffled[last] = moved
  }
  return shuffled
}
