import { CsvError, parse } from 'csv-parse/sync'
import { InvalidText } from '../../core/errors.ts'

/** A data row. number: from 1, of data rows alone. columns: numbers by the names that header rows gave. */
export type CsvRow = { cells: readonly string[]; number: number; columns: ReadonlyMap<string, number> }

export type CsvOptions = {
  /** One character. */
  separator: string
  /** Beginning of the first cell of a header row, such as `:`. */
  headerPrefix: string
  /** A quote may stand inside of a cell without quotes. */
  hasLazyQuotes: boolean
  /** Cells of every row; 0: as many as the first has, -1: any number. */
  rowLength: number
}

/**
 * Rows of a file: lines that begin with `#` and empty ones say nothing, leading header rows name the columns, the last of them counts.
 * Throws InvalidText for wrong quotes or a wrong number of cells. Reference 09, A8.
 */
export function csvRows(text: string, { separator, headerPrefix, hasLazyQuotes, rowLength }: CsvOptions): CsvRow[] {
  const records = recordsOf(text, separator, hasLazyQuotes)
  const wanted = rowLength === 0 ? records[0]?.record.length : rowLength
  const rows: CsvRow[] = []
  let columns: ReadonlyMap<string, number> = new Map()
  for (const { record, info } of records) {
    if (wanted !== undefined && wanted > 0 && record.length !== wanted)
      throw new InvalidText(`record on line ${info.lines}: wrong number of fields`)
    const [first = ''] = record
    if (rows.length === 0 && headerPrefix !== '' && first.startsWith(headerPrefix)) {
      const names = [first.slice(headerPrefix.length), ...record.slice(1)]
      columns = new Map(names.map((name, i) => [name, i]))
    } else rows.push({ cells: record, number: rows.length + 1, columns })
  }
  return rows
}

function recordsOf(
  text: string,
  separator: string,
  hasLazyQuotes: boolean,
): { record: string[]; info: { lines: number } }[] {
  try {
    return parse(text, {
      bom: true,
      delimiter: separator.slice(0, 1),
      comment: '#',
      comment_no_infix: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: hasLazyQuotes,
      info: true,
    }) as unknown as { record: string[]; info: { lines: number } }[]
  } catch (cause) {
    if (cause instanceof CsvError) throw new InvalidText(cause.message)
    throw cause
  }
}
