import { leadElsewhere } from '../config/checks/connections.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { MessageReader } from '../mapping/context.ts'
import type { FieldTemplate } from '../mapping/field-plan.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import { fieldTemplates } from './field-templates.ts'
import type { MappingSources } from './mapping-sources.ts'
import { ProcessorCompiler, placesOf } from './processors.ts'

/** A reader of the section `ers`, as it is configured. */
export type ReaderConfig = LoadedConfig['config']['ers']['readers'][number]

/**
 * Compiles a reader of the section `ers`, by its place in the list: its records go through one processor, which has no reply. isWanted: which
 * of its fields count, all without it. Throws TemplateError. Reference 09, A2 and A5.
 */
export function compileRecordReader<M>(
  loaded: LoadedConfig,
  index: number,
  reader: MessageReader<M, never>,
  sources: MappingSources,
  trace?: Trace,
  isWanted: (field: FieldTemplate) => boolean = () => true,
): RequestProcessor<M, never> {
  const { id, filters, flags, tenant, fields } = readerAt(loaded, index)
  const place = placesOf(loaded)
  const key = `ers.readers[${index}]`
  const compiler = new ProcessorCompiler<M, never>(loaded, reader, sources, trace, () => undefined)
  const areRemote = leadElsewhere(loaded.config, 'sessions', loaded.config.ers.sessions_conns)
  const template = {
    id,
    filters,
    flags,
    tenant,
    forEach: '',
    requestFields: compiler.inlined(fieldTemplates(fields, `${key}.fields`, place)).filter(isWanted),
    replyFields: [],
    place: place(key),
  }
  return compiler.compileTemplate(template, { areRemote })
}

/** Whether fields of a reader read the header (`*hdr`) or the trailer (`*trl`) of its files: those that begin with it. Reference 09, A8. */
export function beginsWith(area: '*hdr' | '*trl'): (field: Pick<FieldTemplate, 'value'>) => boolean {
  return ({ value }) => value.startsWith(`~${area}.`) || value === `~${area}`
}

function readerAt({ config }: LoadedConfig, index: number): ReaderConfig {
  const reader = config.ers.readers[index]
  if (reader === undefined) throw new RangeError(`ers.readers has no entry ${index}`)
  return reader
}
