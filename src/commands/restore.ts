import { TollgateError } from '../core/errors.ts'
import { databasePaths } from '../engine/backup/database-paths.ts'
import { prepareCdrRestore, prepareDataRestore } from '../engine/backup/restore.ts'
import { openEngine } from './open-engine.ts'

export type RestoreOptions = {
  configPath: string
  /** A backup, or a folder whose newest one is meant. */
  data?: string
  cdrs?: string
}

/**
 * Checks backups and lays them ready beside the stores of a configuration, whether a gateway runs or not: its next start takes them
 * up. CDRs that the records do not know yet are left out. Throws TollgateError; what it has told before is ready then.
 */
export async function restore({ configPath, data, cdrs }: RestoreOptions): Promise<void> {
  if (data === undefined && cdrs === undefined)
    throw new TollgateError('BACKUP_ERROR', 'nothing to restore: name a backup with --data or --cdrs')
  const { engine, loaded } = await openEngine(configPath, {}, { inMemory: true })
  await engine.close()
  const paths = databasePaths(loaded.config)
  const elsewhere = (key: 'data_db' | 'stor_db') => {
    const { db_type: type } = loaded.config[key]
    return new TollgateError('BACKUP_ERROR', `${key}.db_type is ${type}: nothing can be restored`)
  }
  if (data !== undefined) {
    if (paths.data === undefined) throw elsewhere('data_db')
    say('records', await prepareDataRestore(data, paths.data, paths.cdrs), paths.data)
  }
  if (cdrs !== undefined) {
    if (paths.cdrs === undefined) throw elsewhere('stor_db')
    say('CDRs', await prepareCdrRestore(cdrs, paths.cdrs), paths.cdrs)
  }
}

function say(what: string, backup: string, store: string): void {
  process.stdout.write(`${what} of ${backup} are ready for ${store}: the next start takes them up\n`)
}
