import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { StoreFailure } from '../../core/errors.ts'
import type { Table } from '../data-store.ts'
import { listSegments, segmentPath } from './journal.ts'
import { readRecord } from './journal-record.ts'
import { parseStored } from './stored-record.ts'

/**
 * The records of one table as they are on disk, for reading only: nothing is locked, changed or created, and an engine may use the
 * folder meanwhile. What it commits while this reads may be in it or not. Empty when there is no store. Throws StoreFailure.
 */
export function readTable(folder: string, table: Table): Map<string, string> {
  const path = join(folder, 'records.mdb')
  const records = new Map<string, string>()
  if (!existsSync(path)) return records
  // First the journal: what a checkpoint takes over meanwhile is found there.
  const changed = journalOf(folder, table)
  try {
    const root = open<Buffer, string>({ path, encoding: 'binary', readOnly: true, maxDbs: 16 })
    try {
      const stored = root.openDB<Buffer, string>({ name: table, encoding: 'binary' })
      for (const { key, value } of stored?.getRange({}) ?? []) records.set(key, parseStored(value).value.toString())
    } finally {
      root.close()
    }
  } catch (cause) {
    throw new StoreFailure(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  for (const [key, value] of changed) {
    if (value === undefined) records.delete(key)
    else records.set(key, value)
  }
  return records
}

/** What the journal says about a table, the last word on each key; undefined: deleted. */
function journalOf(folder: string, table: Table): Map<string, string | undefined> {
  const changed = new Map<string, string | undefined>()
  for (const segment of listSegments(folder)) {
    const bytes = segmentOctets(segmentPath(folder, segment))
    for (let at = 0; at < bytes.length; ) {
      const record = readRecord(bytes, at)
      // A commit that is being written: its end is not there yet.
      if (record === undefined) break
      for (const { table: of, key, value } of record.changes) if (of === table) changed.set(key, value?.toString())
      at = record.end
    }
  }
  return changed
}

/** A segment that a checkpoint has taken over is gone: its records are in the checkpoint. */
function segmentOctets(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw new StoreFailure(`cannot read ${path}: ${String(cause)}`, { cause })
  }
}
