import { type Method, notYet } from '../../method.ts'
import { any, embedded, list, map, struct, text } from '../../shape.ts'

const more = { Tenant: text, APIOpts: map(any) }
const keyShape = struct('utils.StringWithAPIOpts', { Arg: text, ...more })
const sharedGroup = struct('engine.SharedGroup', { Id: text, AccountParameters: map(any), MemberIds: map(any) })

/** What another engine replicates that there is no place for: shared groups, its sessions. Reference 01, 9.5. */
export function absentReplicationMethods(): Method[] {
  const backup = { NodeID: text, ...more }
  return [
    notYet('ReplicatorSv1.GetSharedGroup', keyShape, sharedGroup),
    notYet(
      'ReplicatorSv1.SetSharedGroup',
      struct('engine.SharedGroupWithAPIOpts', { SharedGroup: embedded(sharedGroup), ...more }),
    ),
    notYet('ReplicatorSv1.RemoveSharedGroup', keyShape),
    notYet(
      'ReplicatorSv1.SetBackupSessions',
      struct('engine.SetBackupSessionsArgs', { ...backup, StoredSessions: list(any) }),
    ),
    notYet('ReplicatorSv1.RemoveSessionBackup', struct('engine.RemoveSessionBackupArgs', { ...backup, CGRID: text })),
  ]
}
