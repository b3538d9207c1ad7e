import { rmSync, writeFileSync } from 'node:fs'
import { TollgateError } from '../core/errors.ts'

/** Writes the process id into a file; returns its removal. Throws TollgateError. Reference 01, 10.1. */
export function writePidFile(path: string | undefined): () => void {
  if (path === undefined) return () => undefined
  try {
    writeFileSync(path, String(process.pid))
  } catch (cause) {
    throw new TollgateError('PID_FILE', `Could not write pid file: ${cause instanceof Error ? cause.message : cause}`)
  }
  return () => rmSync(path, { force: true })
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
