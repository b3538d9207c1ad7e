import { type Account, accountKey } from '../accounting/account.ts'
import { groupsOfAccount } from '../accounting/shared-groups.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'

/** Shared groups of an account, by `tenant:account`. */
const accountGroupsKind: RecordKind<readonly string[]> = {
  table: 'meta',
  write: (groupIds, writer) => writer.json(JSON.stringify(groupIds)),
  decode: (text) => JSON.parse(text) as string[],
}
const ACCOUNT_GROUPS = 'account-groups/'
/** Whether a key of the table `meta` is that of the groups of an account. */
export function isOfGroups(key: string): boolean {
  return key.startsWith(ACCOUNT_GROUPS)
}

const NOBODY: ReadonlySet<string> = new Set()

/**
 * Which accounts share balances in which groups: one record an account, in the commit that gives it a balance of a group, and all of
 * them by group in memory. An account is a member whether or not the group is known, and until it is removed. Reference 04, 8.
 */
export class GroupMembers {
  readonly #byGroup = new Map<string, Set<string>>()

  /** Reads what the store holds, and follows what is committed from now on. */
  async open(store: DataStore, records: Records): Promise<void> {
    for await (const [key, { value }] of store.scan('meta', { prefix: ACCOUNT_GROUPS }))
      this.#move(key, undefined, accountGroupsKind.decode(value, key))
    records.watch(accountGroupsKind, (key, before, after) => {
      if (key.startsWith(ACCOUNT_GROUPS)) this.#move(key, before, after)
    })
  }

  /** Takes in what another engine has done to the groups of an account. key, text: the record as the store holds it. */
  take(key: string, text: string | undefined): void {
    const accountId = key.slice(ACCOUNT_GROUPS.length)
    const before = [...this.#byGroup].filter(([, members]) => members.has(accountId)).map(([groupId]) => groupId)
    this.#move(key, before, text === undefined ? undefined : accountGroupsKind.decode(text, key))
  }

  /** Members of a group, as `tenant:account`. */
  of(groupId: string): ReadonlySet<string> {
    return this.#byGroup.get(groupId) ?? NOBODY
  }

  /** Makes an account a member of the groups that its balances are in. */
  join(unit: Unit, account: Account): void {
    this.add(unit, accountKey(account.tenant, account.id), groupsOfAccount(account))
  }

  /** Makes an account a member of more groups. */
  add(unit: Unit, accountId: string, groupIds: readonly string[]): void {
    if (groupIds.length === 0) return
    const held = unit.get(accountGroupsKind, ACCOUNT_GROUPS + accountId) ?? []
    if (groupIds.every((id) => held.includes(id))) return
    unit.put(accountGroupsKind, ACCOUNT_GROUPS + accountId, [...new Set([...held, ...groupIds])])
  }

  /** Takes an account that is removed out of its groups. */
  leave(unit: Unit, accountId: string): void {
    const key = ACCOUNT_GROUPS + accountId
    if (unit.get(accountGroupsKind, key) !== undefined) unit.delete(accountGroupsKind, key)
  }

  #move(key: string, before: readonly string[] | undefined, after: readonly string[] | undefined): void {
    const accountId = key.slice(ACCOUNT_GROUPS.length)
    for (const groupId of before ?? []) this.#byGroup.get(groupId)?.delete(accountId)
    for (const groupId of after ?? []) {
      const members = this.#byGroup.get(groupId) ?? new Set()
      this.#byGroup.set(groupId, members.add(accountId))
    }
  }
}
