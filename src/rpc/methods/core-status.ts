import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { formatDuration } from '../../core/duration.ts'
import { wallClock, type ZonedTime } from '../../core/time.ts'

/** What a process says of itself beside its figures. */
export type StatusNames = { readonly nodeId: string; readonly version: string }

/** Calls under way (`caps_allocated`) and most of them at once (`caps_peak`), as far as they are counted. Reference 10, B10. */
export type CapsCounts = { readonly caps_allocated: number; readonly caps_peak?: number }

const STARTED_NS = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n

/** CoreSv1.Status for people: sizes and times as text. timeZone: of `running_since`. Reference 01, 11.10; 10, C6. */
export function shortStatus(
  { nodeId, version }: StatusNames,
  timeZone: string,
  caps: CapsCounts | undefined,
): Record<string, string | number> {
  const { heapUsed, heapTotal, rss } = process.memoryUsage()
  return {
    active_memory: mebibytes(heapUsed),
    ...caps,
    cpu_time: formatDuration(BigInt(Math.round(cpuSeconds() * 1e6)) * 1_000n),
    go_version: `node ${process.version}`,
    goroutines: openResources(),
    node_id: nodeId,
    open_files: openFiles(),
    os_threads_in_use: threads(),
    pid: process.pid,
    resident_memory: mebibytes(rss),
    running_since: unixDate({ ns: STARTED_NS, zone: timeZone }),
    system_memory: mebibytes(heapTotal),
    version,
  }
}

/**
 * CoreSv1.Status for collectors: octets and seconds as numbers. What only Go's runtime has is 0. Reference 10, C6.
 */
export function debugStatus({ nodeId, version }: StatusNames, caps: CapsCounts | undefined): Record<string, unknown> {
  const { heapUsed, heapTotal, rss } = process.memoryUsage()
  const { heap_size_limit: heapLimit } = getHeapStatistics()
  const limits = read('/proc/self/limits')
  const traffic = internetOctets()
  return {
    caps_stats: caps ?? null,
    gc_duration_stats: { count: 0, quantiles: QUANTILES.map((quantile) => ({ quantile, value: 0 })), sum: 0 },
    gc_percent: 0,
    go_version: `node ${process.version}`,
    goroutines: openResources(),
    maxprocs: availableParallelism(),
    mem_limit: heapLimit,
    mem_stats: {
      ...Object.fromEntries(GO_ONLY_MEMORY.map((name) => [name, 0])),
      alloc: heapUsed,
      heap_alloc: heapUsed,
      heap_idle: heapTotal - heapUsed,
      heap_inuse: heapUsed,
      heap_sys: heapTotal,
      sys: rss,
    },
    node_id: nodeId,
    pid: process.pid,
    proc_stats: {
      cpu_time: cpuSeconds(),
      max_fds: limitOf(limits, 'Max open files'),
      max_virtual_memory: limitOf(limits, 'Max address space'),
      network_receive_total: traffic.received,
      network_transmit_total: traffic.sent,
      open_fds: openFiles(),
      resident_memory: rss,
      start_time: performance.timeOrigin / 1_000,
      virtual_memory: Number(/^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status'))?.[1] ?? 0) * 1_024,
    },
    threads: threads(),
    version,
  }
}

const QUANTILES = [0, 0.25, 0.5, 0.75, 1]

const GO_ONLY_MEMORY = [
  'buckhash_sys',
  'frees',
  'gc_sys',
  'heap_objects',
  'heap_released',
  'last_gc',
  'mallocs',
  'mcache_inuse',
  'mcache_sys',
  'mspan_inuse',
  'mspan_sys',
  'next_gc',
  'other_sys',
  'stack_inuse',
  'stack_sys',
  'total_alloc',
]

/** What Go says for "no limit". */
const UNLIMITED = 2 ** 64

function limitOf(limits: string, name: string): number {
  const soft = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits)?.[1] ?? '0'
  return soft === 'unlimited' ? UNLIMITED : Number(soft)
}

/** Octets of the host's network name space. */
function internetOctets(): { received: number; sent: number } {
  const [names = '', values = ''] = read('/proc/self/net/netstat')
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
  const columns = names.split(' ')
  const octetsOf = (name: string) => Number(values.split(' ')[columns.indexOf(name)] ?? 0)
  return { received: octetsOf('InOctets'), sent: octetsOf('OutOctets') }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function openResources(): number {
  return process.getActiveResourcesInfo().length
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

function threads(): number {
  return Number(/^Threads:\s+(\d+)/m.exec(read('/proc/self/status'))?.[1] ?? 0)
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
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
