import type { LoadedConfig } from '../config/load-config.ts'
import type { Engine, EngineOptions } from '../engine/engine.ts'
import { buildRpcServer } from '../engine/rpc-server.ts'
import { buildRegistry } from '../rpc/methods/all.ts'
import { describeCounts } from './load.ts'
import { Metrics } from './metrics.ts'
import { openEngine } from './open-engine.ts'
import { version } from './version.ts'

type Listener = { close: () => Promise<void> }

/**
 * Runs the gateway until SIGTERM or SIGINT, then drains: answers what is under way, commits, leaves with 0. What cannot be
 * opened ends it before it has answered anything.
 */
export async function serve({ configPath, tariffPath }: { configPath: string; tariffPath?: string }): Promise<void> {
  const metrics = new Metrics()
  const { engine, loaded, log } = await openEngine(configPath, metrics.hooks)
  metrics.watch(engine)
  const listeners: Listener[] = []
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  try {
    await engine.openTariff()
    const isEmpty = Object.keys(engine.tariff.counts()).length === 0
    if (tariffPath !== undefined && isEmpty) await engine.tariff.load(tariffPath)
    await listen(engine, loaded, metrics, log, listeners)
    await told
  } finally {
    await Promise.all(listeners.map((listener) => listener.close()))
    await engine.close()
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
  const { general, http, apiers, sessions, cdrs } = loaded.config
  const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(10)}${text}\n`)
  const isOn = new Map([
    ['APIerSv1', apiers.enabled],
    ['APIerSv2', apiers.enabled],
    ['SessionSv1', sessions.enabled],
    ['CDRsV1', cdrs.enabled],
  ])
  const defaults = {
    nodeId: engine.nodeId,
    version: version(),
    tenant: general.default_tenant,
    category: general.default_category,
    timeZone: engine.timeZone,
    roundingDecimals: general.rounding_decimals,
  }
  const methods = buildRegistry(engine, defaults, (service) =>
    service === 'SchedulerSv1' ? engine.scheduler.isScheduling : isOn.get(service) !== false,
  )
  for (const address of await engine.start()) say('Diameter', address)
  const rpc = buildRpcServer(loaded.config, {
    registry: methods,
    version: version(),
    metrics: () => metrics.text(),
    failure: () => engine.failure,
    clients: engine.clients,
    log,
  })
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
  for (const file of engine.csvFiles) say('CDRs', file)
  say('next', 'npm run try')
}
