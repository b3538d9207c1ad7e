import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StoreFailure, StoreInUse } from '../../core/errors.ts'
import { isRunning, startTimeOf } from '../process-start.ts'

/**
 * Makes this process the only owner of a data folder; returns the release. A lock whose process is gone (kill -9) is taken
 * over: the lock names the process by id and start time, so a reused id does not keep it. Throws StoreInUse, StoreFailure.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'owner.lock')
  const own = `${process.pid} ${startTimeOf(process.pid)}`
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(path, 'wx')
      writeSync(descriptor, own)
      closeSync(descriptor)
      return () => unlinkSync(path)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new StoreFailure(`cannot lock the data folder ${folder}: ${String(cause)}`, { cause })
      }
      const [pid = '', startTime = ''] = readFileSync(path, 'utf8').split(' ')
      if (isRunning(Number(pid), startTime)) {
        throw new StoreInUse(`the data folder ${folder} is in use by process ${pid}`)
      }
      unlinkSync(path)
    }
  }
  throw new StoreFailure(`the data folder ${folder} is being locked by another process`)
}
