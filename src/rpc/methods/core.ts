import { readdirSync, readFileSync } from 'node:fs'
import { formatDuration } from '../../core/duration.ts'
import { wallClock, type ZonedTime, zoneOf } from '../../core/time.ts'
import { type Method, method, notYet, OK } from '../method.ts'
import { any, boolean, duration, integer, map, struct, text } from '../shape.ts'
import { tenantShape } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'

const STARTED_NS = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n

/** Methods of the process itself. Reference 01, 9.4. */
export function coreMethods(defaults: RpcDefaults): Method[] {
  return [
    method('CoreSv1.Status', {
      summary: 'Process, memory and time since the start.',
      params: struct('cores.V1StatusParams', { Debug: boolean, Timezone: text, Tenant: text, APIOpts: map(any) }),
      reply: map(any),
      run: ({ Timezone: timeZone }) => status(defaults, timeZone === '' ? 'UTC' : zoneOf(timeZone)),
    }),
    sleepMethod('CoreSv1.Sleep'),
    notYet('CoreSv1.Panic', struct('utils.PanicMessageArgs', { Message: text, Tenant: text, APIOpts: map(any) })),
    notYet(
      'CoreSv1.StartCPUProfiling',
      struct('utils.DirectoryArgs', { DirPath: text, Tenant: text, APIOpts: map(any) }),
    ),
    notYet('CoreSv1.StopCPUProfiling', tenantShape),
    notYet(
      'CoreSv1.StartMemoryProfiling',
      struct('cores.MemoryProfilingParams', {
        DirPath: text,
        Interval: duration,
        MaxFiles: integer,
        UseTimestamp: boolean,
        Tenant: text,
        APIOpts: map(any),
      }),
    ),
    notYet('CoreSv1.StopMemoryProfiling', tenantShape),
  ]
}

/** A method that answers after a while: clients try timeouts and limits with it. */
export function sleepMethod(name: string): Method {
  return method(name, {
    summary: 'Answers after a while.',
    params: struct('utils.DurationArgs', { Duration: duration, APIOpts: map(any), Tenant: text }),
    reply: OK,
    run: ({ Duration: ns }) => new Promise((done) => setTimeout(() => done('OK'), Number(ns / 1_000_000n))),
  })
}

function status({ nodeId, version }: RpcDefaults, timeZone: string): Record<string, unknown> {
  const { heapUsed, heapTotal, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return {
    active_memory: mebibytes(heapUsed),
    cpu_time: formatDuration(BigInt(user + system) * 1_000n),
    go_version: `node ${process.version}`,
    goroutines: process.getActiveResourcesInfo().length,
    node_id: nodeId,
    open_files: readdirSync('/proc/self/fd').length,
    os_threads_in_use: Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0),
    pid: process.pid,
    resident_memory: mebibytes(rss),
    running_since: unixDate({ ns: STARTED_NS, zone: timeZone }),
    system_memory: mebibytes(heapTotal),
    version: `Tollgate@${version}`,
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As `date` prints it: `Mon Nov 23 06:10:30 UTC 2026`. */
function unixDate(time: ZonedTime): string {
  const { year, month, day, weekday, secondOfDay } = wallClock(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = [Math.floor(secondOfDay / 3600), Math.floor(secondOfDay / 60) % 60, secondOfDay % 60].map(two).join(':')
  const name = new Intl.DateTimeFormat('en-US', { timeZone: time.zone, timeZoneName: 'short' })
    .formatToParts(new Date(Number(time.ns / 1_000_000n)))
    .find(({ type }) => type === 'timeZoneName')?.value
  return `${DAYS[weekday]} ${MONTHS[month - 1]} ${String(day).padStart(2)} ${clock} ${name} ${year}`
}

function mebibytes(octets: number): string {
  return `${(octets / (1 << 20)).toFixed(1)}MiB`
}
