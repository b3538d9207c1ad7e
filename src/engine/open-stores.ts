import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { StoreFailure } from '../core/errors.ts'
import type { DataStore } from '../store/data-store.ts'
import { LmdbDataStore } from '../store/lmdb/lmdb-data-store.ts'
import { MemoryDataStore } from '../store/memory-data-store.ts'
import { RedisDataStore, type RedisEvent } from '../store/redis/redis-data-store.ts'
import { takeUpCdrFile } from '../store/sqlite/take-up.ts'
import { databasePaths } from './backup/database-paths.ts'
import type { EngineOptions } from './engine.ts'
import { redisSettingsOf } from './redis-settings.ts'
import { isToldToOthers } from './store-sharing.ts'

const STORE_EVENTS = {
  tornJournal:
    'store: a crash has left a commit that was never answered; it is cut off the journal and kept beside it as *.torn',
  checkpointFailed: 'store: the checkpoint could not be written; the journal goes on',
  restored: 'store: a backup has taken the place of the records, which are kept beside',
} as const

const REDIS_EVENTS: Readonly<Record<RedisEvent['kind'], readonly [level: 'info' | 'warn' | 'error', message: string]>> =
  {
    redisLost: ['error', 'store: Redis does not answer; nothing is charged until it does'],
    redisBack: ['warn', 'store: Redis answers again'],
    redisSetting: ['warn', 'store: a setting of Redis'],
    engines: ['info', 'store: engines that share Redis'],
  }

/** Opens the store of records; one that is not here is opened by `openSharedStore`. Throws ConfigError when it cannot be. */
export function openDataStore({ loaded, inMemory, log }: EngineOptions): DataStore {
  const { config } = loaded
  if (config.data_db.db_type === '*redis' && inMemory !== true) return redisStore(loaded, log)
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

function redisStore(loaded: LoadedConfig, log: EngineOptions['log']): RedisDataStore {
  try {
    return new RedisDataStore({
      settings: redisSettingsOf(loaded),
      isTold: isToldToOthers,
      onEvent({ kind, ...fields }) {
        const [level, message] = REDIS_EVENTS[kind]
        log(level, message, fields)
      },
    })
  } catch (cause) {
    return cannotOpen('data_db.opts', cause, loaded)
  }
}

/** Connects a store that other engines share. Rejects with ConfigError when it cannot be, with StoreInUse. */
export async function openSharedStore(store: RedisDataStore, loaded: LoadedConfig): Promise<void> {
  await store.open().catch((cause: unknown) => cannotOpen('data_db.db_host', cause, loaded))
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
