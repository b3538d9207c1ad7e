import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { TariffError } from './tariff-error.ts'

/** A record of a tariff file, and where it stands: `file:line`. */
export type CsvRow = { readonly cells: readonly string[]; readonly place: string }

/** The CSV files of a folder and its subfolders, in order. Throws TariffError. */
export function csvFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return csvFiles(path)
        return entry.name.endsWith('.csv') ? [path] : []
      })
  } catch (cause) {
    if (cause instanceof TariffError) throw cause
    throw new TariffError(`${folder}: cannot be read as a tariff folder: ${String(cause)}`)
  }
}

/** The records of a tariff file. Throws as `parseCsv`. */
export function readCsvFile(path: string, columns: readonly string[], separator?: string): CsvRow[] {
  return parseCsv(readFileSync(path, 'utf8'), path, columns, separator)
}

/** The records of the text of a tariff file; lines that begin with `#` are none. Throws TariffError naming file and line. Reference 03, 2.1. */
export function parseCsv(text: string, path: string, columns: readonly string[], separator = ','): CsvRow[] {
  let records: { record: string[]; info: { lines: number } }[]
  try {
    records = parse(text, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
      delimiter: separator,
    }) as unknown as typeof records
  } catch (cause) {
    throw new TariffError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return records.map(({ record, info }) => {
    const place = `${path}:${info.lines}`
    if (record.length !== columns.length) {
      throw new TariffError(
        `${place}: record on line ${info.lines}: wrong number of fields: ${record.length}, expected ${columns.length} (${columns.join(',')})`,
      )
    }
    return { cells: record, place }
  })
}

/** A record as `parseCsv` reads it back: a line, with its end. */
export function csvLine(cells: readonly string[], separator = ','): string {
  // A first cell that begins with # would be a comment.
  const quote = (cell: string, at: number) =>
    /["\r\n]/.test(cell) || cell.includes(separator) || (at === 0 && cell.startsWith('#'))
      ? `"${cell.replaceAll('"', '""')}"`
      : cell
  return `${cells.map(quote).join(separator)}\n`
}
