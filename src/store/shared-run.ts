import type { Table } from './data-store.ts'

/** A unit that has asked the store for so many records does not ask for more: it assumes that there are none, and hears at its commit. */
const MOST_READS = 8

type Record = { readonly kind: { readonly table: Table }; readonly key: string }

/** The runs of one unit on a store that others share, until one of them counts. */
export class SharedRun<E extends Record> {
  /** What the run that is under way relies on. */
  seen = new Set<E>()
  /** What was found for this unit, whatever else memory drops meanwhile. */
  readonly #found = new Map<string, E>()
  #reads = 0
  attempts = 0

  /** The next run begins. */
  begin(): void {
    this.attempts++
    this.seen = new Set()
  }

  /** The store was asked for a record. */
  read(): void {
    this.#reads++
  }

  /** Whether records that are not known are assumed not to be there: a load would ask for each of thousands, one after the other. */
  get isBold(): boolean {
    return this.#reads >= MOST_READS
  }

  find(table: Table, key: string): E | undefined {
    return this.#found.get(`${table}/${key}`)
  }

  see(entry: E): E {
    this.seen.add(entry)
    if (this.isBold || this.attempts > 1) this.keep(entry)
    return entry
  }

  keep(entry: E): void {
    this.#found.set(`${entry.kind.table}/${entry.key}`, entry)
  }

  drop(table: Table, key: string): void {
    this.#found.delete(`${table}/${key}`)
  }
}
