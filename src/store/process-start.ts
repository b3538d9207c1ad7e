import { readFileSync } from 'node:fs'

/** Start time of a process in clock ticks since boot; '' when there is none. proc(5), field 22. */
export function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Whether the process with that id is still the one that began then. */
export function isRunning(pid: number, startTime: string): boolean {
  return startTime !== '' && startTimeOf(pid) === startTime
}
