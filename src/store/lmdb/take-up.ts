import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Below the folder of a store: records that replace its own at the next start. */
export const RESTORE = 'restore'
const READY = 'ready'
const MOVING = 'moving'

/** Says that the records in a folder below that of a store are whole. replaced: where those of the store go. */
export function markReady(folder: string, replaced: string): void {
  writeFileSync(join(folder, READY), replaced, { flush: true })
}

/**
 * Puts the records that wait in `restore` in the place of those that the folder has, which go into a folder beside. A crash at any
 * point is taken up by the next call. Gives the name of the folder beside, undefined when nothing waits.
 */
export function takeUpRestore(folder: string): string | undefined {
  const restore = join(folder, RESTORE)
  const ready = join(restore, READY)
  const moving = join(restore, MOVING)
  if (existsSync(ready)) {
    const beside = join(folder, readFileSync(ready, 'utf8'))
    mkdirSync(beside, { recursive: true })
    for (const name of recordsIn(folder)) renameSync(join(folder, name), join(beside, name))
    renameSync(ready, moving)
  }
  if (!existsSync(moving)) return undefined
  for (const name of recordsIn(restore)) renameSync(join(restore, name), join(folder, name))
  const replaced = readFileSync(moving, 'utf8')
  unlinkSync(moving)
  rmSync(restore, { recursive: true })
  return replaced
}

/** Files of a store, without those of its owner. */
function recordsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^(records\.mdb|journal-\d+\.log)/.test(name))
}
