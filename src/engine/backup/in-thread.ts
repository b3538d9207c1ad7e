import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { BackupError, type BackupKind } from '../../store/backup/backup-files.ts'

/** What takes long: hashes, zip files, copies. */
export type BackupWork =
  | { work: 'finish'; gathered: string; kind: BackupKind; isZip: boolean }
  | { work: 'copyCdrs'; from: string; to: string }
  | { work: 'restoreData'; path: string; folder: string; cdrs: string | undefined }
  | { work: 'restoreCdrs'; path: string; cdrs: string }
export type WorkOutcome = { path: string } | { problem: string }

/** Does the work in a thread of its own: charging goes on. Resolves to the path that it is about. Rejects with BackupError. */
export async function inThread(work: BackupWork): Promise<string> {
  const worker = new Worker(new URL('./backup-thread.ts', import.meta.url), { workerData: work })
  const [outcome] = (await once(worker, 'message')) as [WorkOutcome]
  if ('problem' in outcome) throw new BackupError(outcome.problem)
  return outcome.path
}
