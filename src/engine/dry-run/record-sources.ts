import { InvalidText } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { EVENT_READER } from '../../filters/event-reader.ts'
import type { MessageReader } from '../../mapping/context.ts'
import { parseXml, type XmlElement } from '../../mapping/xml/xml-document.ts'
import { CSV_READER } from '../../readers/csv/csv-paths.ts'
import { csvRows } from '../../readers/csv/csv-rows.ts'
import { FWV_READER } from '../../readers/fwv/fwv-paths.ts'
import { fwvFile } from '../../readers/fwv/fwv-rows.ts'
import { SQL_READER, sqlRow } from '../../readers/sql/sql-paths.ts'
import { xmlReader } from '../../readers/xml/xml-paths.ts'
import { rootSteps, xmlRecords } from '../../readers/xml/xml-records.ts'
import { beginsWith, compileRecordReader, type ReaderConfig } from '../record-readers.ts'
import type { DryRunRequest } from './dry-run.ts'
import { inputOf } from './input.ts'
import type { MappingReport } from './report.ts'

/** Maps the records of a file as a reader does. */
export type RecordRun = {
  dry: DryRunRequest
  reader: ReaderConfig
  /** Its place in `ers.readers`. */
  index: number
  report: MappingReport
  /** Says which record comes, and maps it. number: of the record, from 1, when records of the type have one. */
  map: <M>(title: string, message: M, processor: ReturnType<typeof compileRecordReader<M>>, number?: number) => void
}

/** Types of readers by the kind of their records, and how those are read. */
export const RECORD_SOURCES: Readonly<Record<string, { types: readonly string[]; run: (run: RecordRun) => void }>> = {
  csv: { types: ['*file_csv'], run: runCsv },
  fwv: { types: ['*file_fwv'], run: runFwv },
  xml: { types: ['*file_xml'], run: runXml },
  json: {
    types: [
      '*file_json',
      '*amqp_json_map',
      '*amqpv1_json_map',
      '*kafka_json_map',
      '*nats_json_map',
      '*sqs_json_map',
      '*s3_json_map',
    ],
    run: (run) => runObjects(run, EVENT_READER, 'message', (object) => object),
  },
  sql: { types: ['*sql'], run: (run) => runObjects(run, SQL_READER, 'row', sqlRow) },
}

function compiled<M>({ dry, index, report }: RecordRun, reader: MessageReader<M, never>) {
  return compileRecordReader(dry.loaded, index, reader, dry.sources, report)
}

function runCsv(run: RecordRun): void {
  const { opts } = run.reader
  const rows = csvRows(run.dry.bytes.toString('utf8'), {
    separator: opts.csvFieldSeparator ?? ',',
    headerPrefix: opts.csvHeaderDefineChar ?? ':',
    hasLazyQuotes: opts.csvLazyQuotes ?? false,
    rowLength: opts.csvRowLength ?? 0,
  })
  if (rows.length === 0) throw new InvalidText('there is no row in the file')
  const processor = compiled(run, CSV_READER)
  for (const row of rows) run.map(`row ${row.number} of ${row.cells.length} columns`, row, processor, row.number)
}

/** The trailer and the header come by themselves first, with the fields that begin with them. */
function runFwv(run: RecordRun): void {
  const { dry, index, report } = run
  const parts = (['*trl', '*hdr'] as const).map((area) => {
    const processor = compileRecordReader(dry.loaded, index, FWV_READER, dry.sources, report, beginsWith(area))
    return { area, processor, isRead: hasFields(run, area) }
  })
  const isRead = (area: string) => parts.some((part) => part.area === area && part.isRead)
  const { header, trailer, lines, rest } = fwvFile(dry.bytes, { hasHeader: isRead('*hdr'), hasTrailer: isRead('*trl') })
  if (lines.length === 0) throw new InvalidText('there is no line in the file')
  const processor = compiled(run, FWV_READER)
  for (const part of parts.filter((each) => each.isRead)) {
    const row = { line: undefined, header: undefined, trailer: undefined }
    const isTrailer = part.area === '*trl'
    run.map(isTrailer ? 'trailer' : 'header', isTrailer ? { ...row, trailer } : { ...row, header }, part.processor)
  }
  for (const [i, line] of lines.entries())
    run.map(`line ${i + 1} of ${line.length} octets`, { line, header, trailer }, processor, i + 1)
  if (rest.length > 0) report.say(`\n${rest.length} octets at the end are no whole line: left out`)
}

function hasFields({ dry, reader }: RecordRun, area: '*hdr' | '*trl'): boolean {
  const { templates } = dry.loaded.config
  const all = (fields: ReaderConfig['fields']): ReaderConfig['fields'] =>
    fields.flatMap((field) => (field.type === '*template' ? all(templates[field.value] ?? []) : [field]))
  const begins = beginsWith(area)
  return all(reader.fields).some(({ value }) => begins({ value }))
}

function runXml(run: RecordRun): void {
  const root = rootSteps(run.reader.opts.xmlRootPath ?? '')
  const records: readonly XmlElement[] = xmlRecords(parseXml(run.dry.bytes.toString('utf8')), root)
  if (records.length === 0) throw new InvalidText(`there is no record at ${JSON.stringify(root.join('.'))} in the file`)
  const processor = compiled(run, xmlReader(root.length))
  for (const [i, record] of records.entries()) run.map(`record ${i + 1}`, record, processor, i + 1)
}

function runObjects(
  run: RecordRun,
  reader: MessageReader<EventFields, never>,
  name: string,
  recordOf: (object: EventFields) => EventFields,
): void {
  const input = inputOf(run.dry.bytes)
  if (input.kind !== 'json') throw new InvalidText('the file is no JSON: expected an object, or a list of objects')
  const processor = compiled(run, reader)
  for (const [i, object] of input.messages.entries()) run.map(`${name} ${i + 1}`, recordOf(object), processor)
}
