import { join } from 'node:path'
import { pino } from 'pino'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { Engine, type EngineOptions, packageRoot } from '../engine/engine.ts'

/** pino levels of general.log_level (syslog numbers). */
const LEVELS = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const

/** Loads a configuration and builds its engine, logging JSON lines to standard error. */
export async function openEngine(
  configPath: string,
  options: Pick<EngineOptions, 'received' | 'observe'> = {},
): Promise<{ engine: Engine; loaded: LoadedConfig; log: EngineOptions['log'] }> {
  const loaded = await loadConfig(configPath, process.env, join(packageRoot(), 'config', 'tollgate.json'))
  const logger = pino(
    { level: LEVELS[Math.max(0, loaded.config.general.log_level)] ?? 'debug', base: null },
    pino.destination({ dest: 2, sync: true }),
  )
  for (const { place, key, problem } of loaded.warnings)
    logger.warn({ file: place?.file, line: place?.line }, `configuration: ${key} ${problem}`)
  const log: EngineOptions['log'] = (level, message, fields) => logger[level](fields, message)
  const engine = new Engine({ loaded, root: packageRoot(), log, ...options })
  return { engine, loaded, log }
}
