import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { sampleFolder, startGateway, stopGateway } from '../support/gateway.ts'

/** Processor time of a process so far, in ms, as the kernel counts it: other processes do not change it much. */
function cpuMsOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user, system] = rest.split(' ').slice(11, 13).map(Number)
  return ((user ?? 0) + (system ?? 0)) * 10
}

/** That of the runtime without a program. */
function bareCpuMs(): number {
  const used = execFileSync(process.execPath, ['-p', 'Object.values(process.cpuUsage()).join()']).toString()
  return used.split(',').reduce((sum, us) => sum + Number(us), 0) / 1_000
}

/**
 * Ready within 1 s is 25 to 30 starts of the bare runtime on the machines that it was measured on, two thirds of them for modules.
 * Twice that is a module or a step too many.
 */
const MOST_STARTS = 60

t.test('a gateway is ready for little more than what its modules cost', async (t) => {
  const bare = Math.min(bareCpuMs(), bareCpuMs(), bareCpuMs())
  const starts: number[] = []
  // The first one may have to compile.
  for (let i = 0; i < 2; i++) {
    const gateway = await startGateway(sampleFolder(t))
    starts.push(cpuMsOf(gateway.process.pid ?? 0) / bare)
    t.equal(await stopGateway(gateway), 0)
  }
  const least = Math.min(...starts)
  t.comment(`${Math.round(least)} starts of the bare runtime`)
  t.ok(least < MOST_STARTS, `${Math.round(least)} starts of the bare runtime are below ${MOST_STARTS}`)
})
