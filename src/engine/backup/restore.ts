import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { OutboxSequence } from '../../cdrs/outbox-sequence.ts'
import { takenIds } from '../../cdrs/projector.ts'
import { findBackup, unpackBackup } from '../../store/backup/backup-files.ts'
import { LmdbDataStore } from '../../store/lmdb/lmdb-data-store.ts'
import { markReady, RESTORE } from '../../store/lmdb/take-up.ts'
import { CdrTable } from '../../store/sqlite/cdr-table.ts'
import { restoreFileOf, undoCdrsAfter } from '../../store/sqlite/take-up.ts'

/** The one file of a backup of the CDR store. */
export const CDR_FILE = 'cdrs.sqlite'

/**
 * Lays the records of a backup ready below the folder of a data store: the next start takes them up. They are opened before, so that
 * a backup which cannot be used changes nothing. cdrs: the CDR file; a backup of it that is restored too, or later, loses the CDRs
 * that these records do not know. Resolves to the backup. Throws BackupError, StoreFailure.
 */
export async function prepareDataRestore(path: string, folder: string, cdrs: string | undefined): Promise<string> {
  const backup = await findBackup(path)
  const gathered = emptyFolder(join(folder, `${RESTORE}.part`))
  await unpackBackup(backup, 'data_db', gathered)
  const store = new LmdbDataStore({ folder: gathered, durability: 'commit' })
  const sequence = new OutboxSequence()
  await sequence.resume(store, await takenIds(store))
  await store.close()
  rmSync(join(gathered, 'records.mdb-lock'), { force: true })
  markReady(gathered, `replaced_${Date.now()}`)
  if (cdrs !== undefined) {
    mkdirSync(dirname(cdrs), { recursive: true })
    undoCdrsAfter(cdrs, sequence.last.slice(0, 16))
  }
  rmSync(join(folder, RESTORE), { recursive: true, force: true })
  renameSync(gathered, join(folder, RESTORE))
  return backup
}

/** Lays a CDR file ready: the next start takes it up. Resolves to the backup. Throws BackupError, or what SQLite says of the file. */
export async function prepareCdrRestore(path: string, cdrs: string): Promise<string> {
  const backup = await findBackup(path)
  mkdirSync(dirname(cdrs), { recursive: true })
  const gathered = emptyFolder(`${restoreFileOf(cdrs)}.part`)
  await unpackBackup(backup, 'stor_db', gathered)
  const file = join(gathered, CDR_FILE)
  new CdrTable(file).close()
  renameSync(file, restoreFileOf(cdrs))
  rmSync(gathered, { recursive: true })
  return backup
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}
