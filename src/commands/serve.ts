import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { listenHttp } from '../rpc/http.ts'
import { listenJsonTcp } from '../rpc/json-tcp.ts'
import { buildRegistry } from '../rpc/methods/all.ts'
import { describeCounts } from './load.ts'
import { openEngine } from './open-engine.ts'

/** Runs the gateway until SIGTERM or SIGINT, then drains: answers what is under way, commits, leaves with 0. */
export async function serve({ configPath, tariffPath }: { configPath: string; tariffPath?: string }): Promise<void> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counted = new Map<number, number>()
  new Counter({
    name: 'tollgate_diameter_answers_total',
    help: 'Diameter answers',
    labelNames: ['result_code'],
    registers: [registry],
    collect() {
      for (const [resultCode, count] of counted) this.inc({ result_code: String(resultCode) }, count)
      counted.clear()
    },
  })
  const latency = new Histogram({
    name: 'tollgate_diameter_latency_seconds',
    help: 'Time from a Diameter request to its answer',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10],
    registers: [registry],
  })
  const { engine, loaded } = openEngine(configPath, {
    observe: (resultCode, latencyNs) => {
      counted.set(resultCode, (counted.get(resultCode) ?? 0) + 1)
      latency.observe(Number(latencyNs) / 1e9)
    },
  })
  new Gauge({
    name: 'tollgate_diameter_peers',
    help: 'Open Diameter peers',
    registers: [registry],
    collect() {
      this.set(engine.openPeers)
    },
  })
  await engine.openTariff()
  if (tariffPath !== undefined && Object.keys(engine.tariff.counts()).length === 0) await engine.tariff.load(tariffPath)
  const diameter = await engine.start()
  const { general, listen, http, apiers, sessions, cdrs } = loaded.config
  const isOn = new Map([
    ['APIerSv1', apiers.enabled],
    ['APIerSv2', apiers.enabled],
    ['SessionSv1', sessions.enabled],
    ['CDRsV1', cdrs.enabled],
  ])
  const defaults = {
    tenant: general.default_tenant,
    category: general.default_category,
    timeZone: engine.timeZone,
    roundingDecimals: general.rounding_decimals,
  }
  const methods = buildRegistry(engine, defaults, (service) => isOn.get(service) !== false)
  const tcp = listen.rpc_json === '' ? undefined : await listenJsonTcp(listen.rpc_json, methods)
  const web =
    listen.http === ''
      ? undefined
      : await listenHttp(listen.http, {
          registry: methods,
          jsonRpcUrl: http.json_rpc_url,
          metrics: () => registry.metrics(),
          failure: () => engine.failure,
        })
  const say = (line: string) => process.stdout.write(`${line}\n`)
  for (const address of diameter) say(`Diameter  ${address}`)
  if (tcp !== undefined) say(`JSON-RPC  ${tcp.address}`)
  if (web !== undefined) say(`HTTP      ${web.address}  (/metrics, /healthz, ${http.json_rpc_url})`)
  say(
    `tariff    ${describeCounts(engine.tariff.counts()) || 'none; load one with: tollgate load --config-path DIR --path DIR'}`,
  )
  for (const file of engine.csvFiles) say(`CDRs      ${file}`)
  say('next      npm run try')
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  await Promise.all([tcp?.close(), web?.close()])
  await engine.close()
}
