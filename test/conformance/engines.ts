import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { startGateway, stopGateway } from '../support/gateway.ts'
import { portOf } from '../support/raw-socket.ts'
import { deadAddress } from '../support/rpc-hosts.ts'
import { Clients, type Ports } from './clients.ts'
import { FOLDER } from './story.ts'

/** A started engine. */
export type Engine = { connect: () => Clients; close: () => Promise<void> }

const LISTENERS = ['rpc_json', 'rpc_json_tls', 'http', 'http_tls', 'birpc_json'] as const
/** What `tollgate serve` calls them. */
const PRINTED = {
  rpc_json: 'JSON-RPC',
  rpc_json_tls: 'JSON-TLS',
  http: 'HTTP',
  http_tls: 'HTTPS',
  birpc_json: 'BiRPC',
} as const satisfies Record<keyof Ports, string>

/** Certificates that all engines of a run share. */
export type Setting = { readonly certificates: Certificates }

export function makeSetting(t: { teardown: (end: () => void) => void }): Setting {
  return { certificates: makeCertificates(t) }
}

/** Tollgate with a configuration, in memory, on ports that are free. */
export async function startTollgate(configuration: string, setting: Setting): Promise<Engine> {
  const folder = await configure(configuration, setting, async () => '127.0.0.1:0')
  const gateway = await startGateway(folder, null)
  const port = (key: keyof Ports) =>
    portOf(new RegExp(`^${PRINTED[key]} +([\\d.]+:\\d+)`, 'm').exec(gateway.output())?.[1])
  return {
    connect: () => clientsOf(port, setting),
    async close() {
      await stopGateway(gateway)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An engine of the given path, with the flags of the reference. */
export async function startReference(path: string, configuration: string, setting: Setting): Promise<Engine> {
  for (let tries = 1; ; tries++)
    try {
      return await startOnFreePorts(path, configuration, setting)
    } catch (cause) {
      // A port that was free may have been taken before the engine came to it.
      if (tries === 3 || !/EADDRINUSE|address already in use/.test(String(cause))) throw cause
    }
}

async function startOnFreePorts(path: string, configuration: string, setting: Setting): Promise<Engine> {
  const addresses = new Map<string, string>()
  const folder = await configure(configuration, setting, async (key) => {
    const address = await deadAddress()
    addresses.set(key, address)
    return address
  })
  const child = spawn(path, ['-config_path', join(folder, 'config'), '-logger', '*stdout'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const port = (key: keyof Ports) => portOf(addresses.get(key))
  const close = async () => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const key of listenersOf(configuration)) await listens(child, port(key))
    await answers(clientsOf(port, setting), configuration)
  } catch (cause) {
    await close()
    throw new Error(`${path}: ${log}`, { cause })
  }
  return { connect: () => clientsOf(port, setting), close }
}

function clientsOf(port: (key: keyof Ports) => number, { certificates }: Setting): Clients {
  const ports = Object.fromEntries(LISTENERS.map((key) => [key, port(key)])) as Ports
  return new Clients(ports, {
    ca: certificates.pem('ca', 'crt'),
    cert: certificates.pem('client', 'crt'),
    key: certificates.pem('client', 'key'),
  })
}

/** A folder with the configuration, and over it listeners and databases. `{certificates}` is the path of a certificate without its ending. */
async function configure(
  configuration: string,
  { certificates }: Setting,
  address: (key: string) => Promise<string>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-story-'))
  const path = certificates.path('ca', 'crt').replace(/\/ca\.crt$/, '')
  const text = readConfiguration(configuration)
  const listen: Record<string, string> = { birpc_gob: '' }
  for (const key of [...LISTENERS, 'rpc_gob', 'rpc_gob_tls']) listen[key] = await address(key)
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'a.json'), text.replaceAll('{certificates}', path))
  const own = { listen, data_db: { db_type: '*internal' }, stor_db: { db_type: '*internal' } }
  writeFileSync(join(folder, 'config', 'z.json'), JSON.stringify(own))
  return folder
}

/** Those that the reference opens: by TLS only with a certificate, both ways only with sessions. */
function listenersOf(configuration: string): (keyof Ports)[] {
  const text = readConfiguration(configuration)
  return LISTENERS.filter((key) =>
    key.endsWith('_tls') ? text.includes('"tls"') : key !== 'birpc_json' || text.includes('"sessions"'),
  )
}

function readConfiguration(name: string): string {
  return readFileSync(join(FOLDER, 'configurations', `${name}.json`), 'utf8')
}

/** Waits until a port is open. Errors: an engine that has ended, or that does not listen within 30 s. */
async function listens(child: ChildProcess, port: number): Promise<void> {
  const until = Date.now() + 30_000
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`left with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    if (Date.now() > until) throw new Error(`does not listen on ${port}`)
    await wait(20)
  }
}

/** Sections, and the services that each opens after the ports are open. */
const SERVICES = {
  apiers: ['APIerSv1', 'APIerSv2'],
  attributes: ['AttributeSv1'],
  cdrs: ['CDRsV1', 'CDRsV2'],
  chargers: ['ChargerSv1'],
  rals: ['Responder', 'RALsV1'],
  schedulers: ['SchedulerSv1'],
  sessions: ['SessionSv1'],
}

/** Waits until every service of the configuration answers. Errors: one that does not within 30 s. */
async function answers(clients: Clients, configuration: string): Promise<void> {
  const text = readConfiguration(configuration)
  const until = Date.now() + 30_000
  const wanted = Object.entries(SERVICES).filter(([section]) => text.includes(`"${section}"`))
  for (const service of wanted.flatMap(([, services]) => services))
    while (!(await clients.call('json-tcp', `${service}.Ping`, {})).includes('Pong')) {
      if (Date.now() > until) throw new Error(`${service} does not answer`)
      await wait(20)
    }
  await clients.close()
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
