import { mkdirSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cdr } from '../cdrs/cdr.ts'
import type { OutboxCdr } from '../cdrs/outbox.ts'
import type { CdrTarget } from '../cdrs/projector.ts'

export type CsvWriterOptions = {
  id: string
  folder: string
  headers: readonly string[]
  separator: string
  /** The cells of a CDR, one for each header; undefined: it is not written. */
  row: (cdr: Cdr) => readonly string[] | undefined
  /** It takes every CDR, not only those that are for it. */
  isOnline: boolean
  startedMs: number
}

/**
 * Appends CDRs to a CSV file, one per engine start (`<id>_<milliseconds>.csv`). A batch is on disk when `write` resolves; its
 * position is the length of the file, so that rows which a crash has left unacknowledged are cut off before they come again.
 * Reference 09, B6 (`*file_csv`).
 */
export class CsvWriter implements CdrTarget {
  readonly id: string
  readonly exporterId: string
  readonly path: string
  readonly #options: CsvWriterOptions
  #file: FileHandle | undefined
  #length = 0

  constructor(options: CsvWriterOptions) {
    mkdirSync(options.folder, { recursive: true })
    this.id = `csv ${options.id}`
    this.exporterId = options.id
    this.path = join(options.folder, `${options.id}_${options.startedMs}.csv`)
    this.#options = options
  }

  /** Rejects with what the file system says: the batch is offered again. */
  async write(batch: readonly OutboxCdr[]): Promise<void> {
    const { headers } = this.#options
    const rows = batch.flatMap(({ cdr }) => {
      const cells = this.#isMeant(cdr) ? this.rowOf(cdr) : undefined
      return cells === undefined ? [] : [this.#row(cells)]
    })
    if (rows.length === 0) return
    if (this.#length === 0) rows.unshift(this.#row(headers))
    const bytes = Buffer.from(rows.join(''))
    this.#file ??= await open(this.path, 'w')
    // A batch that failed half-way is written over.
    await this.#file.truncate(this.#length)
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#length + at)
      at += bytesWritten
    }
    await this.#file.datasync()
    this.#length += bytes.length
  }

  /** The cells that it would write of a CDR; undefined: none. */
  rowOf(cdr: Cdr): readonly string[] | undefined {
    return this.#options.row(cdr)
  }

  #isMeant({ exportTo }: Cdr): boolean {
    return exportTo === undefined ? this.#options.isOnline : exportTo.includes(this.exporterId)
  }

  position(): string {
    return JSON.stringify([this.path, this.#length])
  }

  async recover(position: string): Promise<void> {
    const [path, length] = JSON.parse(position) as [string, number]
    try {
      await truncate(path, length)
    } catch (cause) {
      // Files that were written whole are the operator's to move.
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  /** RFC 4180. */
  #row(values: readonly string[]): string {
    const { separator } = this.#options
    const cells = values.map((value) =>
      /["\r\n]/.test(value) || value.includes(separator) ? `"${value.replaceAll('"', '""')}"` : value,
    )
    return `${cells.join(separator)}\n`
  }
}
