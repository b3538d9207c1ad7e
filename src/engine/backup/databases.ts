import { isAbsolute, join, relative, resolve } from 'node:path'
import { StoreFailure } from '../../core/errors.ts'
import type { Database, DatabaseName, Databases } from '../../rpc/methods/databases.ts'
import { RpcError } from '../../rpc/rpc-error.ts'
import { BackupError, type BackupKind, dropBackup, startBackup } from '../../store/backup/backup-files.ts'
import type { DataStore } from '../../store/data-store.ts'
import { LmdbDataStore } from '../../store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../../store/memory-data-store.ts'
import { RedisDataStore } from '../../store/redis/redis-data-store.ts'
import type { Records } from '../../store/unit-of-work.ts'
import type { StorDb } from '../stor-db.ts'
import { Versions } from '../versions.ts'
import type { DatabasePaths } from './database-paths.ts'
import { inThread } from './in-thread.ts'
import { CDR_FILE } from './restore.ts'

export type DatabaseParts = {
  store: DataStore
  records: Records
  storDb: Pick<StorDb, 'file' | 'versions'>
  /** Resolves when the CDR store has taken what was made before, or cannot now: whether it has. */
  cdrsDelivered: () => Promise<boolean>
  paths: DatabasePaths
  /** Asks for a new start, which takes up what was laid ready. */
  restart: () => void
  log: (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void
}

/** How a store is written, copied, and put back. */
type Upkeep = {
  kind: BackupKind
  backups: string
  dump(): Promise<void>
  rewrite(): Promise<void>
  /** Copies the store into a folder that is there. */
  copy(folder: string): Promise<void>
  restore(path: string): Promise<string>
}

/** Upkeep of the data store and of the CDR store, for those who administer them. Reference 10, A8 and A10. */
export function buildDatabases(parts: DatabaseParts): Databases {
  const { store, records, storDb, paths } = parts
  const { file } = storDb
  const isOneStore = store instanceof MemoryDataStore && paths.cdrs === undefined && file !== undefined
  const versions = new Versions(records, { isOneStore, storDb: storDb.versions })
  const { data, cdrs } = paths
  const cdrsDelivered = async () => {
    if (!(await parts.cdrsDelivered())) throw new StoreFailure('the CDR store cannot take CDRs now')
  }
  const dataUpkeep: Upkeep | undefined =
    data !== undefined && store instanceof LmdbDataStore
      ? {
          kind: 'data_db',
          backups: paths.dataBackups,
          dump: () => store.flushed(),
          rewrite: () => store.checkpoint(),
          copy: (folder) => store.backup(folder),
          restore: (path) => inThread({ work: 'restoreData', path, folder: data, cdrs }),
        }
      : undefined
  const cdrUpkeep: Upkeep | undefined =
    cdrs !== undefined && file !== undefined
      ? {
          kind: 'stor_db',
          backups: paths.cdrBackups,
          dump: cdrsDelivered,
          rewrite: () => file.fold(),
          async copy(folder) {
            await cdrsDelivered()
            await inThread({ work: 'copyCdrs', from: cdrs, to: join(folder, CDR_FILE) })
          },
          restore: (path) => inThread({ work: 'restoreCdrs', path, cdrs }),
        }
      : undefined
  const isElsewhere = (name: DatabaseName) => (name === 'DataDB' ? store instanceof RedisDataStore : file === undefined)
  const database = (name: DatabaseName, upkeep: Upkeep | undefined): Database => ({
    versions: () => versions.of(name),
    setVersions: (changed, isReplacing) => versions.set(name, changed, isReplacing),
    ...(upkeep !== undefined ? onDisk(upkeep, [data, cdrs], parts) : isElsewhere(name) ? elsewhere() : inMemory(name)),
  })
  return { DataDB: database('DataDB', dataUpkeep), StorDB: database('StorDB', cdrUpkeep) }
}

function onDisk(
  upkeep: Upkeep,
  own: readonly (string | undefined)[],
  { log, restart }: DatabaseParts,
): Omit<Database, 'versions' | 'setVersions'> {
  const { kind } = upkeep
  const backup = async (folder: string, isZip: boolean) => {
    const into = resolve(folder || upkeep.backups)
    for (const path of own) if (path !== undefined) checkOutside(into, path)
    const gathered = await startBackup(into, Date.now())
    try {
      await upkeep.copy(gathered)
      const path = await inThread({ work: 'finish', gathered, kind, isZip })
      log('info', 'backup made', { kind, path })
    } catch (cause) {
      await dropBackup(gathered)
      throw cause instanceof StoreFailure ? cause : new BackupError(String((cause as Error).message), { cause })
    }
  }
  return {
    dump: () => upkeep.dump(),
    rewrite: () => upkeep.rewrite(),
    backup,
    async snapshot(folder, isZip) {
      await backup(folder, isZip)
      await upkeep.rewrite()
    },
    async restore(path) {
      const from = await upkeep.restore(resolve(path || upkeep.backups))
      log('warn', 'starting again with a backup in the place of the store', { kind, from })
      restart()
    },
  }
}

/** What a server is asked for by its own tools. */
function elsewhere(): Omit<Database, 'versions' | 'setVersions'> {
  const refused = async () => {
    throw new RpcError('NOT_IMPLEMENTED')
  }
  return { dump: refused, rewrite: refused, backup: refused, snapshot: refused, restore: refused }
}

/** What a store in memory answers, as that of the reference without a dump. */
function inMemory(name: DatabaseName): Omit<Database, 'versions' | 'setVersions'> {
  const item = name === 'DataDB' ? '*accounts' : '*cdrs'
  const refused = (text: string) => async () => {
    throw new BackupError(text)
  }
  return {
    dump: refused(`couldn't dump cache to file, ${item} offCollector is nil`),
    rewrite: refused("couldn't rewrite dump files, Cache offCollector is nil"),
    backup: refused('cache offCollector is nil'),
    snapshot: refused('cache offCollector is nil'),
    restore: refused("couldn't restore cache from backup, offline collector is nil"),
  }
}

/** Backups do not go into what they are of. Throws BackupError. */
function checkOutside(folder: string, own: string): void {
  const path = relative(own, folder)
  if (path === '' || (!path.startsWith('..') && !isAbsolute(path)))
    throw new BackupError(`backup folder ${folder} is inside ${own}`)
}
