import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** A CDR file that replaces that of `path` at the next start. */
export function restoreFileOf(path: string): string {
  return `${path}.restore`
}

/**
 * CDRs that were undone by a restore of the data: those with numbers above `from`, up to `until`, the 16 digits that ids begin with;
 * null: up to the next start.
 */
type Undone = [from: string, until: string | null]

/** Remembers that data are restored which know no CDR above `last` at the next start: a CDR file that is restored loses these. */
export function undoCdrsAfter(path: string, last: string): void {
  write(path, [...read(path).filter(([, until]) => until !== null), [last, null]])
}

/**
 * Puts the CDR file that waits for `path` in its place, without the CDRs that were undone; the file that was there goes beside. A
 * crash at any point is taken up by the next call. Before `path` is opened.
 */
export function takeUpCdrFile(path: string): void {
  const now = String(Date.now() * 1000).padStart(16, '0')
  const held = read(path)
  const undone = held.map(([from, until]): [string, string] => [from, until ?? now])
  if (held.some(([, until]) => until === null)) write(path, undone)
  const waiting = restoreFileOf(path)
  if (!existsSync(waiting)) return
  remove(waiting, undone)
  const beside = `${path}.replaced_${Math.floor(statSync(waiting).birthtimeMs)}`
  for (const end of ['-wal', '-shm', '']) if (existsSync(path + end)) renameSync(path + end, beside + end)
  renameSync(waiting, path)
}

function remove(path: string, undone: readonly [string, string][]): void {
  const database = new DatabaseSync(path)
  try {
    const statement = database.prepare('DELETE FROM cdrs WHERE substr(id, 1, 16) > ? AND substr(id, 1, 16) <= ?')
    for (const [from, until] of undone) statement.run(from, until)
  } finally {
    database.close()
  }
}

function read(path: string): Undone[] {
  const file = undoneFileOf(path)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Undone[]) : []
}

function write(path: string, undone: readonly Undone[]): void {
  const file = undoneFileOf(path)
  writeFileSync(`${file}.new`, JSON.stringify(undone), { flush: true })
  renameSync(`${file}.new`, file)
}

function undoneFileOf(path: string): string {
  return `${path}.undone`
}
