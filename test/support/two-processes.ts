import { createServer } from 'node:net'
import type { Test } from 'tap'
import { type Gateway, sampleFolder, startGateway, stopGateway } from './gateway.ts'
import { addressOf } from './rpc-hosts.ts'

/** Addresses that nothing listens on. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))))
  const addresses = servers.map(addressOf)
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.close(() => done()))))
  return addresses
}

export type Charging = { process: Gateway; json: string; gob: string; birpc: string; http: string; folder: string }

/** A process that charges and serves no Diameter; its addresses stay the same when it is started again in its folder. */
export async function startCharging(t: Test): Promise<Charging> {
  const [json = '', gob = '', birpc = '', http = ''] = await freeAddresses(4)
  const folder = sampleFolder(t, {
    listen: { rpc_json: json, rpc_gob: gob, birpc_json: birpc, http },
    diameter_agent: { enabled: false },
  })
  return { process: await startGateway(folder), json, gob, birpc, http, folder }
}

const OFF = { enabled: false }

/** The folder of a process that speaks Diameter and charges nothing itself. */
export function gatewayFolder(
  t: Test,
  rpcConns: object,
  sessionsConns: readonly string[],
  templates: object = {},
): string {
  return sampleFolder(t, {
    general: { node_id: 'gw' },
    rpc_conns: rpcConns,
    diameter_agent: {
      sessions_conns: sessionsConns,
      forced_disconnect: '*asr',
      ...('asr' in templates ? { asr_template: 'asr' } : {}),
    },
    templates,
    sessions: OFF,
    rals: OFF,
    chargers: OFF,
    cdrs: OFF,
    ees: OFF,
    schedulers: OFF,
  })
}

/** Starts a process and ends it with the test. */
export async function startFor(t: Test, folder: string): Promise<Gateway> {
  const gateway = await startGateway(folder, null)
  t.teardown(() => stopGateway(gateway, 'SIGKILL'))
  return gateway
}
