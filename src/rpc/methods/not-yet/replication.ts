import { type Method, notYet } from '../../method.ts'
import { any, list, map, struct, text } from '../../shape.ts'

const more = { Tenant: text, APIOpts: map(any) }

/** What another engine replicates that there is no place for: its sessions. Reference 01, 9.5. */
export function absentReplicationMethods(): Method[] {
  const backup = { NodeID: text, ...more }
  return [
    notYet(
      'ReplicatorSv1.SetBackupSessions',
      struct('engine.SetBackupSessionsArgs', { ...backup, StoredSessions: list(any) }),
    ),
    notYet('ReplicatorSv1.RemoveSessionBackup', struct('engine.RemoveSessionBackupArgs', { ...backup, CGRID: text })),
  ]
}
