import { resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'

export type DatabasePaths = {
  /** Folder of the data store, file of the CDR store; undefined: in memory, or on a server. */
  data: string | undefined
  cdrs: string | undefined
  /** Where backups go that name no folder. */
  dataBackups: string
  cdrBackups: string
}

/** Where the stores of a configuration are, and their backups. */
export function databasePaths({ data_db: data, stor_db: cdrs }: Config, inMemory?: boolean): DatabasePaths {
  return {
    data: data.db_type !== '*lmdb' || inMemory ? undefined : resolve(data.opts.lmdbPath),
    cdrs: cdrs.db_type !== '*sqlite' || inMemory ? undefined : resolve(cdrs.opts.sqlitePath),
    dataBackups: data.opts.internalDBBackupPath ?? '',
    cdrBackups: cdrs.opts.internalDBBackupPath ?? '',
  }
}
