import { mkdirSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cdr } from '../cdrs/cdr.ts'
import type { OutboxCdr } from '../cdrs/outbox.ts'
import type { CdrTarget } from '../cdrs/projector.ts'
import { textOctets } from '../core/octet-text.ts'
import type { ExportMetrics } from './export-metrics.ts'
import { lineOf, type RowFormat } from './file-rows.ts'

export type FileWriterOptions = {
  id: string
  folder: string
  format: RowFormat
  metrics: (path: string) => ExportMetrics
  /** First row of the file; undefined: it has none. */
  header: (metrics: ExportMetrics) => readonly string[] | undefined
  /** Last row, written when the file is closed. */
  trailer: (metrics: ExportMetrics) => readonly string[] | undefined
  /** The cells of a CDR; undefined: it is not for this exporter. counts: it is written, so that the metrics count it. */
  row: (cdr: Cdr, metrics: ExportMetrics, counts: boolean) => readonly string[] | undefined
  /** It takes every CDR, not only those that are for it. */
  isOnline: boolean
  startedMs: number
}

/**
 * Appends CDRs to a file of rows, one per engine start (`<id>_<milliseconds>.csv`, `.fwv`). A batch is on disk when `write` resolves; its
 * position is the length of the file, so that rows which a crash has left unacknowledged are cut off before they come again.
 * Reference 09, B6 (`*file_csv`, `*file_fwv`).
 */
export class FileWriter implements CdrTarget {
  readonly id: string
  readonly exporterId: string
  readonly path: string
  readonly #options: FileWriterOptions
  readonly #metrics: ExportMetrics
  #file: FileHandle | undefined
  #length = 0

  constructor(options: FileWriterOptions) {
    const { id, folder, format, startedMs } = options
    mkdirSync(folder, { recursive: true })
    this.id = `${format.kind} ${id}`
    this.exporterId = id
    this.path = join(folder, `${id}_${startedMs}.${format.kind}`)
    this.#options = options
    this.#metrics = options.metrics(this.path)
  }

  /** Rejects with what the file system says: the batch is offered again. */
  async write(batch: readonly OutboxCdr[]): Promise<void> {
    const before = this.#metrics.snapshot()
    try {
      const header = this.#length === 0 ? this.#options.header(this.#metrics) : undefined
      const rows = batch.flatMap(({ cdr }) => {
        const cells = this.#isMeant(cdr) ? this.#options.row(cdr, this.#metrics, true) : undefined
        return cells === undefined ? [] : [cells]
      })
      if (rows.length > 0) await this.#append(header === undefined ? rows : [header, ...rows])
    } catch (cause) {
      this.#metrics.restore(before)
      throw cause
    }
  }

  /** A batch that failed half-way is written over. */
  async #append(rows: readonly (readonly string[])[]): Promise<void> {
    const bytes = textOctets(rows.map((cells) => lineOf(cells, this.#options.format)).join(''))
    this.#file ??= await open(this.path, 'w')
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
    return this.#options.row(cdr, this.#metrics, false)
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

  /** Rejects when the trailer cannot be written; the file is closed all the same. */
  async close(): Promise<void> {
    const trailer = this.#length === 0 ? undefined : this.#options.trailer(this.#metrics)
    try {
      if (trailer !== undefined) await this.#append([trailer])
    } finally {
      await this.#file?.close()
    }
  }
}
