import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { finishBackup } from '../../store/backup/backup-files.ts'
import type { BackupWork, WorkOutcome } from './in-thread.ts'
import { prepareCdrRestore, prepareDataRestore } from './restore.ts'

/** One piece of work with the disk, and the thread ends. */
async function run(work: BackupWork): Promise<string> {
  switch (work.work) {
    case 'finish':
      return finishBackup(work.gathered, work.kind, work.isZip)
    case 'copyCdrs': {
      // A reader of its own: those who write CDRs go on.
      const database = new DatabaseSync(work.from, { readOnly: true })
      database.prepare('VACUUM INTO ?').run(work.to)
      database.close()
      return work.to
    }
    case 'restoreData':
      return prepareDataRestore(work.path, work.folder, work.cdrs)
    case 'restoreCdrs':
      return prepareCdrRestore(work.path, work.cdrs)
  }
}

const outcome = await run(workerData as BackupWork).then(
  (path): WorkOutcome => ({ path }),
  (cause: unknown): WorkOutcome => ({ problem: cause instanceof Error ? cause.message : String(cause) }),
)
parentPort?.postMessage(outcome)
