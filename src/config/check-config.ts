import { zoneOf } from '../core/time.ts'
import { checkCaches } from './checks/caches.ts'
import { checkConnections } from './checks/connections.ts'
import { checkDatabases } from './checks/databases.ts'
import { fail } from './checks/fail.ts'
import { checkServices } from './checks/services.ts'
import { ConfigError } from './config-error.ts'
import type { LoadedConfig } from './load-config.ts'

/** Checks what sections ask of each other. Throws ConfigError with the first problem. Reference 01, 5. */
export function checkConfig({ config, builtIn, placeOf }: LoadedConfig): void {
  const { partitions } = builtIn['caches'] as { partitions: object }
  try {
    checkTimezone(config.general.default_timezone)
    checkConnections(config)
    checkServices(config)
    checkCaches(config, new Set(Object.keys(partitions)))
    checkDatabases(config)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigError(cause.problems.map((problem) => ({ ...problem, place: placeOf(problem.key) })))
  }
}

function checkTimezone(name: string): void {
  try {
    zoneOf(name)
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    fail('general.default_timezone', `${text}, expected UTC or a name such as Europe/Berlin`)
  }
}
