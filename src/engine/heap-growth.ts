import { constants, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Octets that old space may grow before it is collected, however small it is, and the least it grows by, in percent. */
const ROOM = 128 << 20
const LEAST_PERCENT = 50

/**
 * Lets a small heap grow by 128 MiB and a large one by half before it is collected. A collection takes the time of its live
 * objects from charging: in a small heap it would come every few seconds, to find little. Returns what ends it.
 */
export function growHeapByRoom(): () => void {
  const adapt = () => {
    const percent = Math.max(LEAST_PERCENT, Math.round((100 * ROOM) / getHeapStatistics().used_heap_size))
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  adapt()
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isMajor)) adapt()
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

/** The detail of a garbage collection is not in the types of performance entries. */
function isMajor(entry: PerformanceEntry & { detail?: { kind?: number } }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}
