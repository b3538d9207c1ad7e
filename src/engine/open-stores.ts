import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { StoreFailure } from '../core/errors.ts'
import type { DataStore } from '../store/data-store.ts'
import { LmdbDataStore } from '../store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../store/memory-data-store.ts'
import { takeUpCdrFile } from '../store/sqlite/take-up.ts'
import { databasePaths } from './backup/database-paths.ts'
import type { EngineOptions } from './engine.ts'

const STORE_EVENTS = {
  tornJournal:
    'store: a crash has left a commit that was never answered; it is cut off the journal and kept beside it as *.torn',
  checkpointFailed: 'store: the checkpoint could not be written; the journal goes on',
  restored: 'store: a backup has taken the place of the records, which are kept beside',
} as const

/** Opens the store of records. Throws ConfigError when it cannot be. */
export function openDataStore({ loaded, inMemory, log }: EngineOptions): DataStore {
  const { config } = loaded
  const { data: folder } = databasePaths(config, inMemory)
  if (folder === undefined) return new MemoryDataStore()
  try {
    return new LmdbDataStore({
      folder,
      durability: config.general.durability,
      onEvent: (event) => log('warn', STORE_EVENTS[event.kind], { ...event, kind: undefined }),
    })
  } catch (cause) {
    return cannotOpen('data_db.opts.lmdbPath', cause, loaded)
  }
}

/** Puts a CDR file that was restored in its place, before anybody opens it. Throws ConfigError when it cannot be. */
export function takeUpCdrs(path: string, loaded: LoadedConfig): void {
  try {
    takeUpCdrFile(path)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    cannotOpen('stor_db.opts.sqlitePath', new StoreFailure(`cannot restore ${path}: ${problem}`, { cause }), loaded)
  }
}

/** Says which key names the store that cannot be opened. Throws ConfigError; what is no StoreFailure as it is. */
export function cannotOpen(key: string, cause: unknown, { placeOf }: LoadedConfig): never {
  if (!(cause instanceof StoreFailure)) throw cause
  throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
}
