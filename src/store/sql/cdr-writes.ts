import type { CdrToStore } from './cdr-columns.ts'

/** A CDR that a table has already. */
export type HeldCdr = { readonly id: string; readonly cgrId: string; readonly runId: string; readonly madeUs: bigint }

export type CdrWrites = {
  readonly inserts: readonly CdrToStore[]
  /** By the number of the row whose place they take. */
  readonly updates: ReadonlyMap<string, CdrToStore>
}

/** A CDR of a session and run: a row that is there, or one of the inserts. */
type Version = { madeUs: bigint; readonly row: { readonly id: string } | { readonly insert: number } }

/**
 * What a batch changes in a table that may have some of it already, whole or in part: what comes again changes nothing. A CDR that
 * replaces takes the place of the newest of its session and run, unless that is newer. unitUs: the finest difference of times that
 * the table keeps, in microseconds.
 */
export function planWrites(held: readonly HeldCdr[], batch: readonly CdrToStore[], unitUs = 1n): CdrWrites {
  const inserts: CdrToStore[] = []
  const updates = new Map<string, CdrToStore>()
  const versions = new Map<string, Version[]>()
  const of = (key: string) => versions.get(key) ?? []
  for (const { id, cgrId, runId, madeUs } of held) {
    const key = keyOf(cgrId, runId)
    versions.set(key, [...of(key), { madeUs, row: { id } }])
  }
  for (const cdr of batch) {
    const key = keyOf(cdr.cgrId, cdr.runId)
    const madeUs = cdr.madeUs - (cdr.madeUs % unitUs)
    const newest = of(key).reduce<Version | undefined>(
      (a, b) => (a !== undefined && a.madeUs > b.madeUs ? a : b),
      undefined,
    )
    if (newest !== undefined && newest.madeUs > madeUs) continue
    if (newest === undefined || (!cdr.replaces && newest.madeUs < madeUs)) {
      versions.set(key, [...of(key), { madeUs, row: { insert: inserts.push(cdr) - 1 } }])
    } else if (cdr.replaces) {
      newest.madeUs = madeUs
      if ('id' in newest.row) updates.set(newest.row.id, cdr)
      else inserts[newest.row.insert] = cdr
    }
  }
  return { inserts, updates }
}

function keyOf(cgrId: string, runId: string): string {
  return JSON.stringify([cgrId, runId])
}
