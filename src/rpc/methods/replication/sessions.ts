import { type Method, method, OK } from '../../method.ts'
import { any, list, struct, text } from '../../shape.ts'
import { OPTIONS } from './replicated.ts'

/** Backups of another engine's sessions: they are for its own next start, which asks nobody for them. Reference 01, 9.5; 05, 6.20. */
export function replicatedSessionMethods(): Method[] {
  return [
    method('ReplicatorSv1.SetBackupSessions', {
      summary: 'Answers OK: sessions are stored with every change by the engine that charges them.',
      params: struct('engine.SetBackupSessionsArgs', { NodeID: text, StoredSessions: list(any), ...OPTIONS }),
      reply: OK,
      run: () => 'OK',
    }),
    method('ReplicatorSv1.RemoveSessionBackup', {
      summary: 'Answers OK: sessions are stored with every change by the engine that charges them.',
      params: struct('engine.RemoveSessionBackupArgs', { NodeID: text, CGRID: text, ...OPTIONS }),
      reply: OK,
      run: () => 'OK',
    }),
  ]
}
