import { randomUUID } from 'node:crypto'
import type { Cdr } from '../cdrs/cdr.ts'
import type { CdrExports } from '../cdrs/exports.ts'
import type { CdrQuery } from '../store/cdr-store.ts'
import type { FileWriter } from '../writers/file-writer.ts'
import type { CallOutcome } from './remote-services.ts'

export type { CdrExports } from '../cdrs/exports.ts'

export type CdrExportParts = {
  /** Undefined: no apiers.ees_conns. */
  writers: readonly FileWriter[] | undefined
  /** Has one CDR exported by another engine; undefined: the exporters are here. */
  send: ((cdr: Cdr, key: string) => Promise<CallOutcome>) | undefined
  find: (query: CdrQuery) => Promise<readonly { orderId: number; cdr: Cdr }[]>
  /** Puts CDRs into the outbox; durable when it resolves. */
  put: (cdrs: readonly Cdr[]) => Promise<void>
  /** Whether a target has taken everything in the outbox. */
  delivered: (target: string) => Promise<boolean>
}

/** CDRs that are put into the outbox at once. */
const PAGE = 1_000

/**
 * Writes stored CDRs by the exporters that are named, or by all: over the outbox, so that a crash neither loses nor doubles a row.
 * Undefined: none is found. A CDR that no exporter takes refuses the call, the others are written. Reference 09, B8.
 */
export async function exportCdrs(
  query: CdrQuery,
  exporterIds: readonly string[],
  { writers, send, find, put, delivered }: CdrExportParts,
): Promise<CdrExports | undefined> {
  if (send !== undefined) return exportElsewhere(await find(query), send)
  if (writers === undefined) return { refusal: 'NOT_CONNECTED: EEs', done: [] }
  const found = await find(query)
  if (found.length === 0) return undefined
  const wanted = writers.filter(({ exporterId }) => exporterIds.length === 0 || exporterIds.includes(exporterId))
  const taken = new Map(wanted.map((writer): [FileWriter, { orderId: number; cdr: Cdr }[]] => [writer, []]))
  let isWhole = true
  for (let at = 0; at < found.length; at += PAGE) {
    const meant = found.slice(at, at + PAGE).flatMap((each) => {
      const exportTo = wanted.filter((writer) => writer.rowOf(each.cdr) !== undefined)
      for (const writer of exportTo) taken.get(writer)?.push(each)
      if (exportTo.length === 0) isWhole = false
      const { replaces: _, ...cdr } = each.cdr
      return exportTo.length === 0
        ? []
        : [{ ...cdr, unstored: true as const, exportTo: exportTo.map(({ exporterId }) => exporterId) }]
    })
    await put(meant)
  }
  for (const { id } of wanted) if (!(await delivered(id))) isWhole = false
  const at = { ns: BigInt(Date.now()) * 1_000_000n, zone: 'UTC' }
  const done = [...taken]
    .filter(([, cdrs]) => cdrs.length > 0)
    .map(([{ exporterId, path }, cdrs]) => ({ exporterId, path, at, cdrs }))
  return { refusal: isWhole ? undefined : 'PARTIALLY_EXECUTED', done }
}

/** One call a CDR; of the answers the last ones count, as in the reference. */
async function exportElsewhere(
  found: readonly { cdr: Cdr }[],
  send: (cdr: Cdr, key: string) => Promise<CallOutcome>,
): Promise<CdrExports | undefined> {
  if (found.length === 0) return undefined
  const told: Record<string, Record<string, unknown>> = {}
  let isWhole = true
  for (const { cdr } of found) {
    const outcome = await send(cdr, randomUUID())
    if ('error' in outcome) isWhole = false
    else Object.assign(told, outcome.result)
  }
  return { refusal: isWhole ? undefined : 'PARTIALLY_EXECUTED', done: [], told }
}
