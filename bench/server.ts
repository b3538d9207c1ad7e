import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..')
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']))

/** A server under test, pinned to core 0. */
export type Server = { pid: number; port: number; startedMs: number; stop: (signal?: NodeJS.Signals) => Promise<void> }

/** Starts a server that prints `Diameter HOST:PORT` and then `next`. */
export async function startServer(command: readonly string[], folder: string): Promise<Server> {
  const beganMs = performance.now()
  const child = spawn('taskset', ['-c', '0', ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = stopperOf(child)
  let output = ''
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/^next/m.test(output)) ready()
    })
    child.once('exit', (code) => failed(new Error(`left with ${code}: ${output}`)))
  })
  const port = Number(/^Diameter +[\d.]+:(\d+)/m.exec(output)?.[1])
  return { pid: child.pid ?? 0, port, startedMs: performance.now() - beganMs, stop }
}

/** Starts an engine of the command line of CGRateS and loads a tariff folder over JSON-RPC; it listens on the ports given. */
export async function startEngine(
  path: string,
  folder: string,
  ports: { diameter: number; rpc: number },
): Promise<Server> {
  const beganMs = performance.now()
  const arguments_ = ['-config_path', join(folder, 'config'), '-logger', '*stdout']
  const child = spawn('taskset', ['-c', '0', path, ...arguments_], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const stop = stopperOf(child)
  let left: number | null | undefined
  child.once('exit', (code) => {
    left = code
  })
  for (const port of [ports.rpc, ports.diameter]) {
    while (!(await isListening(port))) {
      if (left !== undefined) throw new Error(`${path} left with ${left}`)
      await new Promise((next) => setTimeout(next, 20))
    }
  }
  await callRpc(ports.rpc, 'APIerSv1.LoadTariffPlanFromFolder', { FolderPath: join(folder, 'tariff') })
  return { pid: child.pid ?? 0, port: ports.diameter, startedMs: performance.now() - beganMs, stop }
}

/** Ends a server; a benchmark that fails does not leave one behind. */
function stopperOf(child: ReturnType<typeof spawn>): Server['stop'] {
  process.once('exit', () => child.kill('SIGKILL'))
  return (signal = 'SIGTERM') =>
    new Promise((done) => {
      child.once('exit', () => done())
      child.kill(signal)
    })
}

function isListening(port: number): Promise<boolean> {
  return new Promise((told) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => told(true)).once('error', () => told(false))
    socket.once('connect', () => socket.destroy())
  })
}

function callRpc(port: number, method: string, params: object): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(JSON.stringify({ id: 1, method, params: [params] }))
    let reply = ''
    socket.on('data', (chunk: Buffer) => {
      reply += chunk.toString()
      if (!reply.endsWith('}\n') && !reply.endsWith('}')) return
      socket.destroy()
      const { error } = JSON.parse(reply) as { error: string | null }
      if (error === null) done()
      else failed(new Error(`${method}: ${error}`))
    })
    socket.on('error', failed)
  })
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** CPU seconds of a process, and of its first thread alone. */
export function cpuSeconds(pid: number): { all: number; main: number } {
  const seconds = (path: string) => {
    const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  }
  return { all: seconds(`/proc/${pid}/stat`), main: seconds(`/proc/${pid}/task/${pid}/stat`) }
}

/** Resident memory in MiB: now, and the most so far. */
export function memoryMib(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  return { now: mib('VmRSS'), peak: mib('VmHWM') }
}

/** Figures of the updates; `requests`: all that were answered. */
export type Figures = { perSecond: number; p50: number; p99: number; errors: number; requests: number }
export type Load = {
  sessions: number
  updates: number
  octets: number
  rate?: number
  echo?: boolean
  live?: boolean
  /** Sessions in mixed phases, for so long after a settling time. */
  seconds?: number
}

/** Runs the load generator on core 1. */
export function runLoad(port: number, load: Load): Promise<Figures> {
  return new Promise((done, failed) => {
    const { sessions, updates, octets, rate = 0, echo, live, seconds = 0 } = load
    const numbers = [port, sessions, updates, octets, rate, echo ? 1 : 0, live ? 1 : 0, seconds].map(String)
    const child = spawn('taskset', ['-c', '1', process.execPath, join(ROOT, 'bench/gy-load.ts'), ...numbers], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('exit', (code) =>
      code === 0 ? done(JSON.parse(output) as Figures) : failed(new Error(`load left with ${code}`)),
    )
  })
}

/** The one CPU profile of the first thread that a run has left in a folder. */
export function profileIn(folder: string): string {
  const [name] = readdirSync(folder).filter((file) => /^CPU\.\d+\.\d+\.\d+\.0\.\d+\.cpuprofile$/.test(file))
  if (name === undefined) throw new Error(`no CPU profile of the first thread in ${folder}`)
  return join(folder, name)
}
