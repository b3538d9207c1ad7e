import { objects } from '../tariffs/compile.ts'
import type { TariffRow, TariffRows } from '../tariffs/tariff-rows.ts'
import type { Account, Balance } from './account.ts'

/** How accounts draw from a shared group. strategy: as it was written. The subject is kept for those who ask. Reference 04, 8. */
export type SharingParameters = { strategy: string; ratingSubject: string }

/** A shared group: how each account draws from it, by `tenant:account`, `*any` for all others. */
export type SharedGroup = ReadonlyMap<string, SharingParameters>

/** In which order the balances of a group pay; isMineFirst: the balance that led to the group changes places with the first. */
export type SharingStrategy = { order: 'lowest' | 'highest' | 'random'; isMineFirst: boolean }

const MINE_RANDOM: SharingStrategy = { order: 'random', isMineFirst: true }

/** Anything else is `*mine_random`. Reference 04, 8. */
const STRATEGIES: Readonly<Record<string, SharingStrategy>> = {
  '*lowest': { order: 'lowest', isMineFirst: false },
  '*highest': { order: 'highest', isMineFirst: false },
  '*random': { order: 'random', isMineFirst: false },
  '*mine_lowest': { order: 'lowest', isMineFirst: true },
  '*mine_highest': { order: 'highest', isMineFirst: true },
  '*mine_random': MINE_RANDOM,
}

/** Shared groups by id: of several rows of an account the last one counts. Reference 03, 2.3. */
export function compileSharedGroups(rows: TariffRows): Map<string, SharedGroup> {
  const compiled = new Map<string, SharedGroup>()
  for (const [id, group] of objects(rows, 'SharedGroups'))
    compiled.set(
      id,
      new Map(
        group.map(({ values: [, account = '', strategy = '', ratingSubject = ''] }) => [
          account,
          { strategy, ratingSubject },
        ]),
      ),
    )
  return compiled
}

/** The row that says how an account draws from a group. */
export function sharingRow(
  groupId: string,
  accountId: string,
  { strategy, ratingSubject }: SharingParameters,
  place: string,
): TariffRow {
  return { values: [groupId, accountId, strategy, ratingSubject], place }
}

/** How an account draws from a group: by its own entry, else by that of `*any`. */
export function sharingStrategy(group: SharedGroup, accountId: string): SharingStrategy {
  const parameters = group.get(accountId) ?? group.get('*any')
  return STRATEGIES[parameters?.strategy ?? ''] ?? MINE_RANDOM
}

/** Ids of the groups that a balance is in, in the order in which it names them; `!ID` is not one of them. */
export function groupsOf({ sharedGroups }: Balance): string[] {
  return sharedGroups === null ? [] : Object.keys(sharedGroups).filter((id) => sharedGroups[id] === true)
}

/** Whether a balance is in any group: asked of every balance at every debit. */
export function isShared({ sharedGroups }: Balance): boolean {
  for (const id in sharedGroups) if (sharedGroups[id] === true) return true
  return false
}

/** Ids of the groups that any balance of an account is in. */
export function groupsOfAccount({ balances }: Account): string[] {
  const ids = new Set<string>()
  for (const list of Object.values(balances))
    for (const balance of list) if (isShared(balance)) for (const id of groupsOf(balance)) ids.add(id)
  return [...ids]
}

/** Whether any balance of an account is in a group. */
export function sharesBalances({ balances }: Account): boolean {
  for (const type in balances) for (const balance of balances[type] ?? []) if (isShared(balance)) return true
  return false
}
