import { ConfigError } from '../../config/config-error.ts'
import { parseDuration } from '../../core/duration.ts'
import { TollgateError } from '../../core/errors.ts'
import type { MemoryProfiling } from '../../engine/process-profiles.ts'
import { type Alias, tellWithoutEffect } from './aliases.ts'
import { booleanFlag, durationFlag, integerFlag, type Parsed, textFlag } from './go-flags.ts'

const flags = {
  check_config: booleanFlag('Check the configuration and exit'),
  config_path: textFlag('/etc/cgrates/', 'Configuration directory path'),
  cpuprof_dir: textFlag('', 'Directory for CPU profiles'),
  log_level: integerFlag(-1, 'Log level (0=emergency to 7=debug)'),
  logger: textFlag('', 'Logger type <*syslog|*stdout>'),
  memprof_dir: textFlag('', 'Directory for memory profiles'),
  memprof_interval: durationFlag('15s', 'Interval between memory profile saves'),
  memprof_maxfiles: integerFlag(1, 'Number of memory profiles to keep (most recent)'),
  memprof_timestamp: booleanFlag('Add timestamp to memory profile files'),
  node_id: textFlag('', 'Node ID of the engine'),
  pid: textFlag('', 'Path to write the PID file'),
  print_config: booleanFlag('Print configuration object in JSON format'),
  scheduled_shutdown: durationFlag('0s', 'Shutdown the engine after the specified duration'),
  set_versions: booleanFlag('Overwrite database versions'),
  singlecpu: booleanFlag('Run on a single CPU core'),
  version: booleanFlag('Print application version and exit'),
} as const

const WITHOUT_EFFECT = ['singlecpu']

/** The gateway under the name and with the flags of cgr-engine. Reference 01, 10.1. */
export const cgrEngine: Alias<typeof flags> = {
  flags,
  badFlag: 2,
  async run({ values, given }) {
    tellWithoutEffect(given, WITHOUT_EFFECT)
    const stopAfterMs = Number(parseDuration(values.scheduled_shutdown) / 1_000_000n)
    try {
      const { serve } = await import('../serve.ts')
      await serve({
        configPath: values.config_path,
        checkConfig: values.check_config,
        ...(values.node_id === '' ? {} : { nodeId: values.node_id }),
        ...(values.log_level < 0 ? {} : { logLevel: Math.min(7, values.log_level) }),
        ...(values.logger === '' ? {} : { logger: values.logger }),
        ...(values.pid === '' ? {} : { pidFile: values.pid }),
        ...(stopAfterMs > 0 ? { stopAfterMs } : {}),
        setVersions: values.set_versions,
        printConfig: values.print_config,
        ...(values.cpuprof_dir === '' ? {} : { cpuProfileFolder: values.cpuprof_dir }),
        ...(values.memprof_dir === '' ? {} : { memoryProfiles: memoryProfilesOf(values) }),
      })
      return 0
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause
      const message = cause instanceof ConfigError ? `Could not parse config: <${cause.message}>` : cause.message
      process.stderr.write(`${message}\n`)
      return 1
    }
  },
}

function memoryProfilesOf(values: Parsed<typeof flags>['values']): MemoryProfiling {
  return {
    folder: values.memprof_dir,
    intervalMs: Number(parseDuration(values.memprof_interval) / 1_000_000n),
    maxFiles: values.memprof_maxfiles,
    usesTimestamp: values.memprof_timestamp,
  }
}
