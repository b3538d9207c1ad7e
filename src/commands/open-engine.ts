import { join } from 'node:path'
import { pino } from 'pino'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { Engine, type EngineOptions } from '../engine/engine.ts'
import { packageRoot } from '../engine/package-root.ts'
import { crash } from './process-life.ts'

/** pino levels of general.log_level (syslog numbers). */
const LEVELS = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const

export type StorDbKeys = Partial<Omit<Config['stor_db'], 'opts'>> & { sqlitePath?: string }

/** What the command line says instead of the configuration. */
export type ConfigOverrides = {
  nodeId?: string
  /** Of the log only: the configuration shows its own. */
  logLevel?: number
  /** Where the log goes, of the log only, too. */
  logger?: string
  /** Nothing is read from or written to the stores of the configuration. */
  inMemory?: boolean
  /** Keys of `stor_db`: where CDRs and tariff plans are. */
  storDb?: StorDbKeys
  /** Versions that a database server keeps are replaced instead of checked. */
  setVersions?: boolean
}

/** Loads a configuration and builds its engine, logging JSON lines to standard error, or to standard output when the logger is `*stdout`. */
export async function openEngine(
  configPath: string,
  options: Pick<EngineOptions, 'received' | 'observe'> = {},
  overrides: ConfigOverrides = {},
): Promise<{ engine: Engine; loaded: LoadedConfig; log: EngineOptions['log'] }> {
  const defaults = join(packageRoot(), 'config', 'tollgate.json')
  const loaded = overridden(await loadConfig(configPath, process.env, defaults), overrides)
  const dest = (overrides.logger ?? loaded.config.general.logger) === '*stdout' ? 1 : 2
  const logger = pino({ level: levelOf(loaded, overrides), base: null }, pino.destination({ dest, sync: true }))
  for (const { place, key, problem } of loaded.warnings)
    logger.warn({ file: place?.file, line: place?.line }, `configuration: ${key} ${problem}`)
  const log: EngineOptions['log'] = (level, message, fields) => logger[level](fields, message)
  const engine = new Engine({
    loaded,
    root: packageRoot(),
    inMemory: overrides.inMemory ?? false,
    setsVersions: overrides.setVersions ?? false,
    log,
    panic: crash,
    ...options,
  })
  engine.config.watch((changed) => {
    logger.level = levelOf(changed, overrides)
  })
  return { engine, loaded, log }
}

function levelOf({ config }: LoadedConfig, { logLevel }: ConfigOverrides): string {
  return LEVELS[Math.max(0, logLevel ?? config.general.log_level)] ?? 'debug'
}

function overridden(loaded: LoadedConfig, { nodeId, storDb }: ConfigOverrides): LoadedConfig {
  const { config, merged } = loaded
  const named = nodeId
    ? {
        ...loaded,
        merged: { ...merged, general: { ...(merged['general'] as object), node_id: nodeId } },
        config: { ...config, general: { ...config.general, node_id: nodeId } },
      }
    : loaded
  return storDb === undefined ? named : withStorDb(named, storDb)
}

/** The configuration with other keys of `stor_db`. */
export function withStorDb(loaded: LoadedConfig, { sqlitePath, ...keys }: StorDbKeys): LoadedConfig {
  const { config } = loaded
  const { stor_db: held } = config
  const opts = sqlitePath === undefined ? held.opts : { ...held.opts, sqlitePath }
  return { ...loaded, config: { ...config, stor_db: { ...held, ...keys, opts } } }
}
