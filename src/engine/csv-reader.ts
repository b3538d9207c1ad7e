import { leadElsewhere } from '../config/checks/connections.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import { CSV_READER } from '../readers/csv/csv-paths.ts'
import type { CsvOptions, CsvRow } from '../readers/csv/csv-rows.ts'
import { fieldTemplates } from './field-templates.ts'
import type { MappingSources } from './mapping-sources.ts'
import { ProcessorCompiler, placesOf } from './processors.ts'

/** One reader of the section `ers`, compiled: its rows go through one processor, which has no reply. */
export type CompiledCsvReader = { options: CsvOptions; processor: RequestProcessor<CsvRow, never> }

/** Compiles a reader of type `*file_csv`, by its place in the list. Throws TemplateError. Reference 09, A2 and A8. */
export function compileCsvReader(
  loaded: LoadedConfig,
  index: number,
  sources: MappingSources,
  trace?: Trace,
): CompiledCsvReader | undefined {
  const reader = loaded.config.ers.readers[index]
  if (reader === undefined || reader.type !== '*file_csv') return undefined
  const { id, filters, flags, tenant, opts } = reader
  const place = placesOf(loaded)
  const key = `ers.readers[${index}]`
  const compiler = new ProcessorCompiler<CsvRow, never>(loaded, CSV_READER, sources, trace, () => undefined)
  const areRemote = leadElsewhere(loaded.config, 'sessions', loaded.config.ers.sessions_conns)
  const template = {
    id,
    filters,
    flags,
    tenant,
    forEach: '',
    requestFields: fieldTemplates(reader.fields, `${key}.fields`, place),
    replyFields: [],
    place: place(key),
  }
  const processor = compiler.compileTemplate(template, { areRemote })
  return {
    options: {
      separator: opts.csvFieldSeparator ?? ',',
      headerPrefix: opts.csvHeaderDefineChar ?? ':',
      hasLazyQuotes: opts.csvLazyQuotes ?? false,
      rowLength: opts.csvRowLength ?? 0,
    },
    processor,
  }
}
