import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { TollgateError } from '../core/errors.ts'

/** Writes the process id into a file; returns its removal. Throws TollgateError. Reference 01, 10.1. */
export function writePidFile(path: string | undefined): () => void {
  if (path === undefined) return () => undefined
  try {
    writeFileSync(path, String(process.pid))
  } catch (cause) {
    throw new TollgateError('PID_FILE', `Could not write pid file: ${cause instanceof Error ? cause.message : cause}`)
  }
  const remove = () => rmSync(path, { force: true })
  process.once('exit', remove)
  return remove
}

/** Leaves at once with the exit code of a crash; what is under way is lost, what was answered is kept. Reference 10, C6. */
export function crash(message: string): never {
  process.stderr.write(`panic: ${message}\n`)
  process.exit(2)
}

/** Resolves when a signal or the time says that the process is to stop. Reference 01, 10.1. */
export function stopWanted(afterMs: number | undefined): Promise<void> {
  // It would start the inspector.
  process.on('SIGUSR1', () => undefined)
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.once(signal, () => resolve())
    if (afterMs !== undefined) setTimeout(resolve, afterMs)
  })
}

/**
 * Stops everything, and leaves the process when that takes longer than `timeoutMs`: what is under way then is not answered. What
 * was answered is kept: `flush` resolves when it is durable. Reference 10, B11.
 */
export async function stopWithin(
  timeoutMs: number,
  stop: () => Promise<void>,
  flush: () => Promise<void>,
  tooLate: (message: string) => void,
): Promise<void> {
  const timer = new AbortController()
  const late = wait(timeoutMs, 'late' as const, timer)
  const stopped = await Promise.race([stop(), late])
  timer.abort()
  if (stopped !== 'late') return
  tooLate('Failed to shutdown all subsystems in the given time')
  await flush()
  process.exit()
}
