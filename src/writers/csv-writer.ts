import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Cdr } from '../cdrs/cdr.ts'

/** One column of a file: its header and how it is read from a CDR. */
export type CsvColumn = { header: string; read: (cdr: Cdr) => string }

/**
 * Appends CDRs to a CSV file, one per engine start (`<id>_<milliseconds>.csv`). A batch is on disk when `write` returns.
 * After a crash the last batch may be written again: rows carry CGRID and RunID to tell. Reference 09, B6 (`*file_csv`).
 */
export class CsvWriter {
  readonly path: string
  readonly #columns: readonly CsvColumn[]
  readonly #separator: string
  #hasHeader = false

  constructor(options: {
    id: string
    folder: string
    columns: readonly CsvColumn[]
    separator: string
    startedMs: number
  }) {
    mkdirSync(options.folder, { recursive: true })
    this.path = join(options.folder, `${options.id}_${options.startedMs}.csv`)
    this.#columns = options.columns
    this.#separator = options.separator
  }

  /** Throws what the file system throws: the batch is offered again. */
  write(cdrs: readonly Cdr[]): void {
    const rows = cdrs.map((cdr) => this.#row(this.#columns.map(({ read }) => read(cdr))))
    if (!this.#hasHeader) rows.unshift(this.#row(this.#columns.map(({ header }) => header)))
    const file = openSync(this.path, 'a')
    try {
      appendFileSync(file, rows.join(''))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    this.#hasHeader = true
  }

  /** RFC 4180. */
  #row(values: readonly string[]): string {
    return `${values.map((value) => (/["\r\n]/.test(value) || value.includes(this.#separator) ? `"${value.replaceAll('"', '""')}"` : value)).join(this.#separator)}\n`
  }
}
