/**
 * `npm run bench:gy [-- --sessions N --updates N]`: update CCRs per second of Tollgate on one core, against a raw echo of the
 * same bytes in the same run, with the load on the other core. Durable, in memory, and with increments of 1 KiB.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: { sessions: { type: 'string', default: '500' }, updates: { type: 'string', default: '100' } },
})
const sessions = Number(values.sessions)
const updates = Number(values.updates)
const OCTETS = 10 << 20
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']))

type Figures = { perSecond: number; p50: number; p99: number; errors: number; updates: number }

async function start(
  command: readonly string[],
  folder: string,
): Promise<{ pid: number; port: number; stop: () => Promise<void> }> {
  const child = spawn('taskset', ['-c', '0', ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/^next/m.test(output)) ready()
    })
    child.once('exit', (code) => failed(new Error(`left with ${code}: ${output}`)))
  })
  const stop = () =>
    new Promise<void>((done) => {
      child.once('exit', () => done())
      child.kill('SIGTERM')
    })
  return { pid: child.pid ?? 0, port: Number(/^Diameter +[\d.]+:(\d+)/m.exec(output)?.[1]), stop }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function load(port: number, rate: number, echo: boolean): Promise<Figures> {
  return new Promise((done, failed) => {
    const args = [port, sessions, updates, OCTETS, rate, echo ? 1 : 0].map(String)
    const child = spawn('taskset', ['-c', '1', process.execPath, join(ROOT, 'bench/gy-load.ts'), ...args], {
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

/** The sample with the benchmark's accounts, its store kind and its increment. */
function folderFor(store: string, increment: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))
  cpSync(join(ROOT, 'config/samples/gy-data'), join(folder, 'config'), { recursive: true })
  const cdrStore = store === '*internal' ? '*internal' : '*sqlite'
  writeFileSync(
    join(folder, 'config', 'z-bench.json'),
    JSON.stringify({
      listen: { rpc_json: '127.0.0.1:0', http: '127.0.0.1:0', birpc_json: '' },
      data_db: { db_type: store },
      stor_db: { db_type: cdrStore },
      diameter_agent: { listeners: [{ address: '127.0.0.1:0' }] },
    }),
  )
  const tariff = join(folder, 'tariff')
  cpSync(join(ROOT, 'config/samples/gy-data/tariff'), tariff, { recursive: true })
  writeFileSync(
    join(tariff, 'Rates.csv'),
    readFileSync(join(tariff, 'Rates.csv'), 'utf8').replaceAll('65536', increment),
  )
  const accounts = Array.from(
    { length: Math.min(sessions + 1, 50_000) },
    (_, i) => `cgrates.org,${100_000 + i},AP_RICH,,false,false\n`,
  )
  mkdirSync(tariff, { recursive: true })
  writeFileSync(join(tariff, 'AccountActions.csv'), accounts.join(''))
  writeFileSync(
    join(tariff, 'Actions.csv'),
    'ACT_RICH,*topup_reset,,,MONEY,*monetary,,*any,,,*unlimited,,1000000000,10,false,false,10\n',
  )
  writeFileSync(join(tariff, 'ActionPlans.csv'), 'AP_RICH,ACT_RICH,*asap,10\n')
  return folder
}

async function measure(
  name: string,
  command: readonly string[],
  folder: string,
  echo: boolean,
  rate = 0,
): Promise<Figures> {
  const server = await start(command, folder)
  if (!echo) await load(server.port, 0, false)
  const before = cpuSeconds(server.pid)
  const figures = await load(server.port, rate, echo)
  const cpuMicroseconds = ((cpuSeconds(server.pid) - before) * 1e6) / (figures.updates * ((updates + 2) / updates))
  await server.stop()
  const columns = [
    name.padEnd(34),
    `${Math.round(figures.perSecond)} CCR/s`.padStart(14),
    `p50 ${figures.p50.toFixed(2)} ms`,
    `p99 ${figures.p99.toFixed(2)} ms`,
    `${cpuMicroseconds.toFixed(1)} us CPU/CCR`,
    figures.errors > 0 ? `${figures.errors} not 2001` : '',
  ]
  process.stdout.write(`${columns.join('  ')}\n`)
  return figures
}

const engine = (folder: string) => [
  join(ROOT, 'bin/tollgate'),
  'serve',
  '--config-path',
  join(folder, 'config'),
  '--tariff-path',
  join(folder, 'tariff'),
]
process.stdout.write(
  `${sessions} sessions x ${updates} updates of 10 MiB, one rating group, server on core 0, load on core 1\n`,
)
const raw = await measure('raw echo', [process.execPath, join(ROOT, 'bench/echo-server.ts')], ROOT, true)
for (const { name, store, increment } of [
  { name: 'Tollgate, durable, 64 KiB', store: '*lmdb', increment: '65536' },
  { name: 'Tollgate, durable, 1 KiB', store: '*lmdb', increment: '1024' },
  { name: 'Tollgate, in memory, 64 KiB', store: '*internal', increment: '65536' },
]) {
  const folder = folderFor(store, increment)
  const full = await measure(name, engine(folder), folder, false)
  process.stdout.write(`${''.padEnd(34)}  ${(full.perSecond / raw.perSecond).toFixed(3)} of the echo\n`)
  rmSync(folder, { recursive: true, force: true })
}
const folder = folderFor('*lmdb', '65536')
await measure('Tollgate, durable, at 10,000 CCR/s', engine(folder), folder, false, 10_000)
rmSync(folder, { recursive: true, force: true })
