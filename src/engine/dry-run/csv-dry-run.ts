import { basename } from 'node:path'
import { messageContext } from '../../agents/pipeline.ts'
import { InvalidText } from '../../core/errors.ts'
import { type CsvRow, csvRows } from '../../readers/csv/csv-rows.ts'
import { compileCsvReader } from '../csv-reader.ts'
import type { DryRunRequest } from './dry-run.ts'
import { DryRunError } from './dry-run-error.ts'
import { dryRunMessage } from './pipeline-dry-run.ts'
import { MappingReport } from './report.ts'

/**
 * Maps the rows of a CSV file as a reader of `ers` would: the one that is named, else the only one of type `*file_csv`. Throws InvalidText,
 * TemplateError, DryRunError.
 */
export function csvDryRun({ loaded, bytes, file, sources, now, name }: DryRunRequest): readonly string[] {
  const report = new MappingReport()
  const readers = loaded.config.ers.readers
    .map((reader, index) => ({ reader, index }))
    .filter(({ reader }) => reader.type === '*file_csv')
  const fitting = name === '' ? readers : readers.filter(({ reader }) => reader.id === name)
  const [found, second] = fitting
  const ids = readers.map(({ reader }) => reader.id).join(', ')
  if (found === undefined)
    throw new DryRunError(
      `csv reader ${JSON.stringify(name)}: expected one of: ${ids === '' ? 'none, ers.readers has no *file_csv' : ids}`,
    )
  if (second !== undefined)
    throw new DryRunError(`there are several CSV readers: name one of csv:${ids.replaceAll(', ', ', csv:')}`)
  const compiled = compileCsvReader(loaded, found.index, sources, report)
  if (compiled === undefined) return report.lines
  const { id, timezone } = found.reader
  const rows = csvRows(bytes.toString('utf8'), compiled.options)
  if (rows.length === 0) throw new InvalidText('there is no row in the file')
  for (const [i, row] of rows.entries()) {
    report.say(`${i === 0 ? '' : '\n'}row ${row.number} of ${row.cells.length} columns for reader ${id}`)
    const vars = { '*readerID': id, '*fileName': basename(file), '*fileLineNumber': String(row.number) }
    const at = timezone === '' ? now : { ns: now.ns, zone: timezone }
    const context = messageContext<CsvRow, never>(row, { vars, tenant: loaded.config.general.default_tenant, now: at })
    dryRunMessage([compiled.processor], context, {
      report,
      reply: undefined,
      answer: () => [],
      failure: (problem) => `not processed: ${problem}`,
    })
    if ('*partial' in context.opts) report.say('  *partial: it waits for the rest of its record')
  }
  return report.lines
}
