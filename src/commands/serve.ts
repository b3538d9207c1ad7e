import type { LoadedConfig } from '../config/load-config.ts'
import type { Engine, EngineOptions } from '../engine/engine.ts'
import { growHeapByRoom } from '../engine/heap-growth.ts'
import type { MemoryProfiling } from '../engine/process-profiles.ts'
import { buildRpcServer } from '../engine/rpc-server.ts'
import { buildRegistry } from '../rpc/methods/all.ts'
import { describeCounts } from './load.ts'
import { Metrics } from './metrics.ts'
import { type ConfigOverrides, openEngine } from './open-engine.ts'
import { stopWanted, stopWithin, writePidFile } from './process-life.ts'
import { programVersion, version } from './version.ts'

/** Keys of who wants listeners by TLS. */
const TLS_KEYS = [
  'listen.rpc_json_tls',
  'listen.rpc_gob_tls',
  'listen.http_tls',
  'tls.server_certificate',
  'tls.server_key',
]

type Listener = { close: () => Promise<void> }

export type ServeOptions = ConfigOverrides & {
  configPath: string
  tariffPath?: string
  /** Build everything, open nothing, leave. */
  checkConfig?: boolean
  /** Holds the process id while the gateway runs. */
  pidFile?: string
  /** Stop after so many ms, as by SIGTERM. */
  stopAfterMs?: number
  /** Print the configuration in force to standard error. */
  printConfig?: boolean
  /** Record the processor time into this folder, from the start to the end. */
  cpuProfileFolder?: string
  /** Record the heap, from the start to the end. */
  memoryProfiles?: MemoryProfiling
}

/**
 * Runs the gateway until SIGTERM, SIGINT or SIGQUIT, then drains: answers what is under way, commits, leaves with 0. SIGHUP reloads
 * the configuration. What cannot be opened ends it before it has answered anything. Reference 01, 10.1.
 */
export async function serve(options: ServeOptions): Promise<void> {
  if (options.checkConfig) return checkConfigOnly(options)
  const removePidFile = writePidFile(options.pidFile)
  const stop = stopWanted(options.stopAfterMs).then(() => 'stop' as const)
  try {
    while ((await run(options, stop)) === 'restart');
  } finally {
    removePidFile()
  }
}

async function checkConfigOnly(options: ServeOptions): Promise<void> {
  const { engine, loaded } = await openEngine(options.configPath, {}, { ...options, inMemory: true })
  await engine.close()
  process.stdout.write(`${loaded.files.length} files, ${loaded.warnings.length} keys without effect: ok\n`)
}

/** One life of the gateway: until it is to stop, or to start again with stores that were restored. */
async function run(options: ServeOptions, stop: Promise<'stop'>): Promise<'stop' | 'restart'> {
  const { configPath, tariffPath } = options
  const metrics = new Metrics()
  const { engine, loaded, log } = await openEngine(configPath, metrics.hooks, options)
  metrics.watch(engine)
  if (options.printConfig) printConfig(configPath, engine)
  const listeners: Listener[] = []
  // A reload that is asked for while the gateway starts waits until it has.
  const started = Promise.withResolvers<void>()
  const reload = () => void started.promise.then(() => reloadConfig(engine, configPath, log))
  process.on('SIGHUP', reload)
  let ending: 'stop' | 'restart' = 'stop'
  let stopGrowing = () => {}
  try {
    await startRecordings(engine, options)
    await engine.openTariff()
    const isEmpty = Object.keys(engine.tariff.counts()).length === 0
    if (tariffPath !== undefined && isEmpty) await engine.tariff.load(tariffPath)
    await listen(engine, loaded, metrics, log, listeners)
    stopGrowing = growHeapByRoom()
    started.resolve()
    ending = await Promise.race([stop, engine.endAsked])
    return ending
  } finally {
    process.off('SIGHUP', reload)
    stopGrowing()
    const { shutdown_timeout: timeout } = loaded.config.cores
    const stopAll = async () => {
      await Promise.all(listeners.map((listener) => listener.close()))
      await engine.close()
    }
    const tooLate = (message: string) => log('error', message, {})
    // A new start waits for the end of the old one: both have the same stores.
    if (ending === 'restart') await stopAll()
    else await stopWithin(Number(timeout / 1_000_000n), stopAll, () => engine.flushed(), tooLate)
  }
}

/** As the log of CGRateS has it: a line that names the source, and the sections. Secrets are masked. Reference 01, 10.1. */
function printConfig(configPath: string, engine: Engine): void {
  const sections = JSON.parse(engine.config.showJson('')) as object
  process.stderr.write(
    `Configuration loaded from ${JSON.stringify(configPath)}:\n${JSON.stringify(sections, null, 1)}\n`,
  )
}

async function startRecordings(engine: Engine, { cpuProfileFolder, memoryProfiles }: ServeOptions): Promise<void> {
  if (cpuProfileFolder !== undefined) await engine.recordings.startCpu(cpuProfileFolder)
  if (memoryProfiles !== undefined) await engine.recordings.startMemory(memoryProfiles)
}

/** Reads the configuration again. What is wrong with it is told in the log, and nothing changes then. Reference 01, 10.1. */
async function reloadConfig(engine: Engine, configPath: string, log: EngineOptions['log']): Promise<void> {
  try {
    await engine.config.reload(configPath, '', false)
  } catch (cause) {
    log('warn', `Error reloading configuration: <${cause instanceof Error ? cause.message : String(cause)}>`, {})
  }
}

/** Opens every listener, adds those of JSON-RPC to `opened`, and prints what listens where. */
async function listen(
  engine: Engine,
  loaded: LoadedConfig,
  metrics: Metrics,
  log: EngineOptions['log'],
  opened: Listener[],
): Promise<void> {
  const { http } = loaded.config
  const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(10)}${text}\n`)
  const methods = buildRegistry(engine, engine.rpcDefaults(programVersion()), (service) => engine.serves(service))
  engine.remote.attach(methods)
  for (const address of await engine.start()) say('Diameter', address)
  const rpc = buildRpcServer(loaded.config, {
    registry: methods,
    isTlsAsked: TLS_KEYS.some((key) => loaded.placeOf(key) !== undefined),
    version: version(),
    metrics: () => metrics.text(),
    served: (path) => engine.servedConfig(path),
    failure: () => engine.failure,
    clients: engine.clients,
    caps: engine.caps,
    evaluations: engine.evaluations,
    extraCdrFields: () => engine.extraCdrFields,
    registerHosts: (hosts) => engine.registerHosts(hosts),
    log,
  })
  engine.config.watch(({ config }) => rpc.configure(config))
  metrics.watchRpc(rpc)
  opened.push(rpc.listeners)
  await rpc.listeners.open()
  const pages = `  (/metrics, /healthz, ${http.json_rpc_url})`
  for (const [key, name, more] of [
    ['rpc_json', 'JSON-RPC', ''],
    ['rpc_json_tls', 'JSON-TLS', ''],
    ['rpc_gob', 'gob', ''],
    ['rpc_gob_tls', 'gob-TLS', ''],
    ['birpc_json', 'BiRPC', ''],
    ['birpc_gob', 'BiRPC-gob', ''],
    ['http', 'HTTP', pages],
    ['http_tls', 'HTTPS', pages],
  ] as const) {
    const address = rpc.listeners.address(key)
    if (address !== undefined) say(name, address + more)
  }
  say(
    'tariff',
    describeCounts(engine.tariff.counts()) || 'none; load one with: tollgate load --config-path DIR --path DIR',
  )
  for (const file of engine.exportFiles) say('CDRs', file)
  say('next', 'npm run try')
}
