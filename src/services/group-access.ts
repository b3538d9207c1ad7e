import { accountKind } from '../accounting/account-record.ts'
import type { GroupAccess } from '../accounting/purse.ts'
import type { SharingStrategy } from '../accounting/shared-groups.ts'
import type { Unit } from '../store/unit-of-work.ts'

/** Shared groups in force, and who is in them. */
export interface GroupDirectory {
  /** How an account draws from a group; undefined: there is no such group. */
  strategyOf(groupId: string, accountId: string): SharingStrategy | undefined
  /** Members of a group, as `tenant:account`. */
  memberIds(groupId: string): Iterable<string>
}

/** The groups as one request of a unit of work sees them: members are accounts of the unit. */
export function groupAccess(unit: Unit, directory: GroupDirectory): GroupAccess {
  return {
    strategyOf: (groupId, accountId) => directory.strategyOf(groupId, accountId),
    *membersOf(groupId) {
      for (const accountId of directory.memberIds(groupId)) {
        const account = unit.get(accountKind, accountId)
        if (account !== undefined) yield account
      }
    },
    seed: Math.trunc(Math.random() * 2 ** 32),
  }
}
