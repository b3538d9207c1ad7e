import type { Change, StoredRecord } from '../data-store.ts'
import type { Condition, Difference } from '../shared-data-store.ts'
import { TABLES } from './scripts.ts'

/** A commit that waits for its outcome. */
export type Commit = {
  conditions: readonly Condition[]
  /** Arguments of the script. */
  arguments: readonly string[]
  resolve: (differences: readonly Difference[]) => void
  reject: (cause: Error) => void
}

/** Commits that are sent together. */
export type Batch = { number: number; commits: readonly Commit[]; sentMs: number }

const TABLE_NUMBERS = new Map(TABLES.map((table, number) => [table, String(number)]))

/** Arguments of a commit. node: who writes; isTold: which changes others are told of. */
export function commitArguments(
  conditions: readonly Condition[],
  changes: readonly Change[],
  node: string,
  isTold: (change: Change) => boolean,
): string[] {
  const texts = [String(conditions.length), String(changes.length)]
  for (const { table, key, version } of conditions) texts.push(TABLE_NUMBERS.get(table) ?? '', key, String(version))
  for (const change of changes) {
    const { table, key, value, version } = change
    const text = value === undefined ? '' : `${version} ${node}\n${value.toString()}`
    texts.push(TABLE_NUMBERS.get(table) ?? '', key, isTold(change) ? '1' : '0', text)
  }
  return texts
}

/** A record as Redis holds it: its version, the engine that wrote it, a newline, the text. */
export function parseRecord(text: string): StoredRecord {
  const newline = text.indexOf('\n')
  const space = text.indexOf(' ')
  return {
    version: Number(text.slice(0, space)),
    writer: text.slice(space + 1, newline),
    value: text.slice(newline + 1),
  }
}

/** What became of the commits of a batch, from the reply of the script, and the numbers of the changes that others are told of. */
export function readOutcomes(
  reply: unknown,
  commits: readonly Commit[],
): { told: [from: number, to: number] | undefined; differences: readonly (readonly Difference[])[] } {
  if (typeof reply === 'string') {
    const differences = commits.map(({ conditions }, i) =>
      reply[i] === '1' ? [] : conditions.map(({ table, key }): Difference => ({ table, key, held: 'unknown' })),
    )
    return { told: undefined, differences }
  }
  const [before, after, ...outcomes] = reply as [number, number, ...(1 | (number | string | null)[])[]]
  return {
    told: [before, after],
    differences: outcomes.map((outcome) => (outcome === 1 ? [] : readDifferences(outcome))),
  }
}

function readDifferences(outcome: readonly (number | string | null)[]): Difference[] {
  const differences: Difference[] = []
  for (let at = 0; at < outcome.length; at += 3) {
    const [table, key, held] = outcome.slice(at, at + 3)
    const name = TABLES[Number(table)]
    if (name === undefined) continue
    differences.push({ table: name, key: String(key), held: held === null ? undefined : parseRecord(String(held)) })
  }
  return differences
}
