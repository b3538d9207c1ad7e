/**
 * `npm run bench:rpc [-- --calls N --engine PATH]`: RPC calls per second, latency and CPU per call of each transport on one core,
 * against a raw JSON echo in the same run (gob: against that over TCP), with the load on the other core. --engine: also another engine, started as
 * `PATH -config_path FOLDER -logger *stdout`.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: { calls: { type: 'string', default: '100000' }, engine: { type: 'string', default: '' } },
})
const calls = Number(values.calls)
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']))
const TARIFF = join(ROOT, 'config/samples/gy-data/tariff')

type Figures = { perSecond: number; p50: number; p99: number; calls: number; errors: number }
/** With CPU time of the server, us a call. */
type Measured = Figures & { cpu: number }
type Server = { pid: number; rpcPort: number; httpPort: number; gobPort?: number; stop: () => Promise<void> }

/** Connections, calls under way on each. One HTTP connection has one. */
const TRANSPORTS = [
  { transport: 'tcp', connections: 8, depth: 16 },
  { transport: 'http', connections: 32, depth: 1 },
  { transport: 'ws', connections: 8, depth: 16 },
  { transport: 'gob', connections: 8, depth: 16 },
] as const

const COST = {
  Tenant: 'cgrates.org',
  Category: 'data',
  Subject: '1001',
  AnswerTime: '2026-03-05T12:00:00Z',
  Destination: 'rg1',
  Usage: '10485760',
}

function start(
  command: readonly string[],
  folder: string,
): { pid: number; output: () => string; stop: () => Promise<void> } {
  const child = spawn('taskset', ['-c', '0', ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const stop = () =>
    new Promise<void>((done) => {
      child.once('exit', () => done())
      child.kill('SIGTERM')
    })
  return { pid: child.pid ?? 0, output: () => output, stop }
}

async function startOurs(command: readonly string[], folder: string): Promise<Server> {
  const { pid, output, stop } = start(command, folder)
  while (!/^next/m.test(output())) await new Promise((next) => setTimeout(next, 20))
  const port = (name: string) => Number(new RegExp(`^${name} +[\\d.]+:(\\d+)`, 'm').exec(output())?.[1])
  const gobPort = port('gob')
  return { pid, rpcPort: port('JSON-RPC'), httpPort: port('HTTP'), ...(gobPort && { gobPort }), stop }
}

function startTollgate(): Promise<Server> {
  const folder = scratch()
  cpSync(join(ROOT, 'config/samples/gy-data'), join(folder, 'config'), { recursive: true })
  writeFileSync(
    join(folder, 'config/z-bench.json'),
    JSON.stringify({
      listen: { rpc_json: '127.0.0.1:0', rpc_gob: '127.0.0.1:0', http: '127.0.0.1:0', birpc_json: '' },
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      diameter_agent: { enabled: false },
    }),
  )
  const command = [
    join(ROOT, 'bin/tollgate'),
    'serve',
    '--config-path',
    join(folder, 'config'),
    '--tariff-path',
    TARIFF,
  ]
  return startOurs(command, folder)
}

async function startOther(path: string): Promise<Server> {
  const folder = scratch()
  const [rpcPort = 0, httpPort = 0, gobPort = 0] = [await freePort(), await freePort(), await freePort()]
  writeFileSync(
    join(folder, 'bench.json'),
    JSON.stringify({
      general: { log_level: 3 },
      listen: {
        rpc_json: `127.0.0.1:${rpcPort}`,
        http: `127.0.0.1:${httpPort}`,
        rpc_gob: `127.0.0.1:${gobPort}`,
        birpc_json: '',
      },
      data_db: { db_type: '*internal' },
      stor_db: { db_type: '*internal' },
      rals: { enabled: true },
      schedulers: { enabled: true },
      apiers: { enabled: true, scheduler_conns: ['*internal'] },
    }),
  )
  const { pid, stop } = start([path, '-config_path', folder, '-logger', '*stdout'], folder)
  const load = { id: 1, method: 'APIerSv1.LoadTariffPlanFromFolder', params: [{ FolderPath: TARIFF }] }
  while (!(await ask(rpcPort, load)).includes('"OK"')) await new Promise((next) => setTimeout(next, 50))
  return { pid, rpcPort, httpPort, gobPort, stop }
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    })
  })
}

/** The reply to one call, '' while nothing listens. */
function ask(port: number, request: object): Promise<string> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.once('data', (chunk) => {
      socket.destroy()
      done(chunk.toString())
    })
    socket.on('error', () => done(''))
  })
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function load(args: readonly (string | number)[]): Promise<Figures> {
  return new Promise((done, failed) => {
    const command = ['-c', '1', process.execPath, join(ROOT, 'bench/rpc-load.ts'), ...args.map(String)]
    const child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('exit', (code) =>
      code === 0 ? done(JSON.parse(output) as Figures) : failed(new Error(`load left with ${code}`)),
    )
  })
}

async function measure(
  name: string,
  server: Server,
  method: string,
  argument: object,
  share = 1,
): Promise<Map<string, Measured>> {
  const found = new Map<string, Measured>()
  for (const { transport, connections, depth } of TRANSPORTS) {
    const port = { tcp: server.rpcPort, http: server.httpPort, ws: server.httpPort, gob: server.gobPort }[transport]
    if (port === undefined) continue
    const run = (count: number) => load([transport, port, connections, depth, count, method, JSON.stringify(argument)])
    // Compilers are done with what they do at first.
    await run(Math.ceil(calls * share))
    const before = cpuSeconds(server.pid)
    const figures = await run(Math.ceil(calls * share))
    const cpu = ((cpuSeconds(server.pid) - before) * 1e6) / figures.calls
    found.set(transport, { ...figures, cpu })
    const columns = [
      `${name}, ${transport}`.padEnd(32),
      `${Math.round(figures.perSecond)} calls/s`.padStart(16),
      `p50 ${figures.p50.toFixed(2)} ms`,
      `p99 ${figures.p99.toFixed(2)} ms`,
      `${cpu.toFixed(1)} us CPU/call`,
      figures.errors > 0 ? `${figures.errors} errors` : '',
    ]
    process.stdout.write(`${columns.join('  ')}\n`)
  }
  return found
}

/** How many times the calls of another server: a second as measured, and a second of CPU time, which other work on the machine touches less. */
function compare(name: string, ours: Map<string, Measured>, other: Map<string, Measured>): void {
  const shares = [...ours].map(([transport, { perSecond, cpu }]) => {
    const { perSecond: otherPerSecond = 0, cpu: otherCpu = 0 } = other.get(transport) ?? other.get('tcp') ?? {}
    return `${transport} ${(perSecond / otherPerSecond).toFixed(2)} (CPU ${(otherCpu / cpu).toFixed(2)})`
  })
  process.stdout.write(`${''.padEnd(32)}  of ${name}: ${shares.join(', ')}\n`)
}

const echoServer = await startOurs([process.execPath, join(ROOT, 'bench/rpc-echo-server.ts')], ROOT)
const echo = await measure('raw JSON echo', echoServer, 'CoreSv1.Ping', {})
await echoServer.stop()

const tollgate = await startTollgate()
const ping = await measure('Tollgate Ping', tollgate, 'CoreSv1.Ping', {})
compare('the echo', ping, echo)
const cost = await measure('Tollgate GetCost', tollgate, 'APIerSv1.GetCost', COST, 0.5)
await tollgate.stop()

if (values.engine !== '') {
  const other = await startOther(resolve(values.engine))
  compare('the other engine', ping, await measure('other Ping', other, 'CoreSv1.Ping', {}))
  compare('the other engine', cost, await measure('other GetCost', other, 'APIerSv1.GetCost', COST, 0.5))
  await other.stop()
}
