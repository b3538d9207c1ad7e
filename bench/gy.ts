/**
 * `npm run bench:gy [-- --sessions N --updates N --engine PATH]`: update CCRs per second of Tollgate on one core, against a raw
 * echo of the same bytes in the same run, with the load on the other core: durable, in memory, with increments of 1 KiB, at half
 * load, and where the CPU goes. `--engine`: another engine too, in memory, with a configuration and a tariff that both run.
 * `npm run bench:sessions` (`--live N`): memory of N live sessions, and the start after a kill -9 with them.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commonFolder, sampleFolder } from './folders.ts'
import {
  cpuSeconds,
  type Figures,
  freePort,
  type Load,
  memoryMib,
  profileIn,
  ROOT,
  runLoad,
  type Server,
  startEngine,
  startServer,
} from './server.ts'
import { STEPS, sharesOf } from './steps.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '500' },
    updates: { type: 'string', default: '100' },
    engine: { type: 'string' },
    live: { type: 'string' },
  },
})
const sessions = Number(values.sessions)
const updates = Number(values.updates)
const WORK: Load = { sessions, updates, octets: 10 << 20 }
const HALF_LOAD = 10_000
const HALF_SECONDS = 20
const say = (line: string) => process.stdout.write(`${line}\n`)

type Measured = Figures & { cpuUs: number; mainUs: number }

/** Loads a server and prints its row; it has been warmed up by the same load before, but for an echo. */
async function measure(name: string, server: Server, work: Load, echo?: Figures): Promise<Measured> {
  if (work.echo !== true) await runLoad(server.port, { ...work, rate: 0, seconds: 0 })
  const before = cpuSeconds(server.pid)
  const figures = await runLoad(server.port, work)
  const after = cpuSeconds(server.pid)
  const cpuUs = ((after.all - before.all) * 1e6) / figures.requests
  const columns = [
    name.padEnd(36),
    `${Math.round(figures.perSecond)} CCR/s`.padStart(13),
    echo === undefined ? ''.padEnd(14) : `${(figures.perSecond / echo.perSecond).toFixed(3)} of echo`.padEnd(14),
    `p50 ${figures.p50.toFixed(2)} ms`.padEnd(13),
    `p99 ${figures.p99.toFixed(2)} ms`.padEnd(13),
    `${cpuUs.toFixed(1)} us CPU/CCR`,
    figures.errors > 0 ? `${figures.errors} not 2001` : '',
  ]
  say(columns.join('  ').trimEnd())
  return { ...figures, cpuUs, mainUs: ((after.main - before.main) * 1e6) / figures.requests }
}

function tollgate(folder: string, node: readonly string[] = [join(ROOT, 'bin/tollgate')]): string[] {
  return [...node, 'serve', '--config-path', join(folder, 'config'), '--tariff-path', join(folder, 'tariff')]
}

/** Runs one case in a scratch folder of its own. */
async function inFolder<R>(folder: string, run: (folder: string) => Promise<R>): Promise<R> {
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureTollgate(name: string, folder: string, work: Load, echo?: Figures): Promise<Measured> {
  return inFolder(folder, async () => {
    const server = await startServer(tollgate(folder), folder)
    const measured = await measure(name, server, work, echo)
    await server.stop()
    return measured
  })
}

/** Where the CPU of the request path goes: shares from a sampled run, times of the run without sampling before it. */
async function printSteps(name: string, folder: string, { cpuUs, mainUs }: Measured): Promise<void> {
  await inFolder(folder, async () => {
    const profiles = join(folder, 'profiles')
    mkdirSync(profiles)
    const node = [process.execPath, '--cpu-prof', '--cpu-prof-interval', '250', '--cpu-prof-dir', profiles]
    const server = await startServer(tollgate(folder, [...node, join(ROOT, 'src/main.ts')]), folder)
    await runLoad(server.port, WORK)
    const from = Number(process.hrtime.bigint() / 1_000n)
    await runLoad(server.port, WORK)
    const to = Number(process.hrtime.bigint() / 1_000n)
    await server.stop()
    const shares = sharesOf(profileIn(profiles), from, to)
    say(`${name}: CPU per CCR by step`)
    for (const step of STEPS) {
      const share = shares.get(step) ?? 0
      say(
        `  ${step.padEnd(34)}${(share * mainUs).toFixed(1).padStart(7)} us  ${(share * 100).toFixed(0).padStart(3)} %`,
      )
    }
    say(`  ${'other threads (disk, SQLite, GC)'.padEnd(34)}${(cpuUs - mainUs).toFixed(1).padStart(7)} us`)
  })
}

async function compare(path: string, increment: string, name: string): Promise<void> {
  const ports = { diameter: await freePort(), rpc: await freePort() }
  // The other engine may be slow: a fifth of the sessions is enough to see how much.
  const work: Load = {
    ...WORK,
    sessions: Math.max(1, Math.floor(sessions / 5)),
    updates: increment === '1024' ? 2 : 20,
  }
  const of = async (label: string, start: (folder: string) => Promise<Server>) =>
    inFolder(commonFolder(work.sessions, increment, ports), async (folder) => {
      const server = await start(folder)
      const measured = await measure(label, server, work)
      await server.stop()
      return measured
    })
  const own = await of(`Tollgate, common config, ${name}`, (folder) => startServer(tollgate(folder), folder))
  const other = await of(`other engine, same config, ${name}`, (folder) => startEngine(path, folder, ports))
  say(`${''.padEnd(36)}  ${(own.perSecond / other.perSecond).toFixed(1)} times the other engine`)
}

async function measureThroughput(): Promise<void> {
  say(`${sessions} sessions x ${updates} updates of 10 MiB, one rating group, server on core 0, load on core 1`)
  const echoServer = await startServer([process.execPath, join(ROOT, 'bench/echo-server.ts')], ROOT)
  const echo = await measure('raw echo', echoServer, { ...WORK, echo: true })
  await echoServer.stop()
  const folderOf = (store: '*lmdb' | '*internal', increment: string) => sampleFolder(sessions, store, increment)
  const durable = await measureTollgate('Tollgate, durable, 64 KiB', folderOf('*lmdb', '65536'), WORK, echo)
  await measureTollgate('Tollgate, durable, 1 KiB', folderOf('*lmdb', '1024'), WORK, echo)
  const memory = await measureTollgate('Tollgate, in memory, 64 KiB', folderOf('*internal', '65536'), WORK, echo)
  const half = { ...WORK, rate: HALF_LOAD, seconds: HALF_SECONDS }
  await measureTollgate(`Tollgate, durable, at ${HALF_LOAD} CCR/s`, folderOf('*lmdb', '65536'), half)
  if (values.engine !== undefined) {
    await compare(values.engine, '1048576', '1 MiB')
    await compare(values.engine, '1024', '1 KiB')
  }
  await printSteps('Tollgate, durable, 64 KiB', folderOf('*lmdb', '65536'), durable)
  await printSteps('Tollgate, in memory, 64 KiB', folderOf('*internal', '65536'), memory)
}

/** Opens sessions and leaves them open: memory, and how long a start after a kill -9 takes. */
async function measureSessions(count: number): Promise<void> {
  await inFolder(sampleFolder(count, '*lmdb', '65536'), async (folder) => {
    const first = await startServer(tollgate(folder), folder)
    say(`ready in ${first.startedMs.toFixed(0)} ms with the tariff to load, ${memoryMib(first.pid).now.toFixed(0)} MiB`)
    const figures = await runLoad(first.port, { sessions: count, updates: 2, octets: 10 << 20, live: true })
    const { now, peak } = memoryMib(first.pid)
    const rate = `opened and updated twice at ${Math.round(figures.perSecond)} CCR/s`
    say(`${count} live sessions, ${rate}: ${now.toFixed(0)} MiB resident, ${peak.toFixed(0)} MiB at most`)
    if (figures.errors > 0) say(`${figures.errors} answers were not 2001`)
    await first.stop('SIGKILL')
    const second = await startServer(tollgate(folder), folder)
    say(
      `after kill -9: ready in ${second.startedMs.toFixed(0)} ms, ${memoryMib(second.pid).now.toFixed(0)} MiB resident`,
    )
    await second.stop()
    const third = await startServer(tollgate(folder), folder)
    say(`after SIGTERM: ready in ${third.startedMs.toFixed(0)} ms, ${memoryMib(third.pid).now.toFixed(0)} MiB resident`)
    await third.stop()
  })
}

if (values.live === undefined) await measureThroughput()
else await measureSessions(Number(values.live))
