import type { LoadedConfig } from '../config/load-config.ts'
import type { EventFields } from '../core/event.ts'
import { compileCostPath } from '../filters/cost-details.ts'
import { contextOf, EVENT_READER, FILTERED_EVENT_READER } from '../filters/event-reader.ts'
import { checkInlineSteps } from '../filters/filter-check.ts'
import { FilterCompiler } from '../filters/filter-compiler.ts'
import { type MappingContext, type MessageReader, OrderedEntries, textOf } from '../mapping/context.ts'
import { compileFieldList, type FieldPlan, type FieldTemplate, inlineTemplates } from '../mapping/field-plan.ts'
import { compileSelector, type ParserOptions } from '../mapping/selector.ts'
import type { Trace } from '../mapping/trace.ts'
import { TemplateError } from '../mapping/value.ts'
import type { RowFormat } from '../writers/file-rows.ts'
import { fieldTemplates } from './field-templates.ts'
import type { MappingSources } from './mapping-sources.ts'
import { namedTemplates, placesOf } from './processors.ts'

/** Exporters that write rows into files, by type. */
const FORMATS: Readonly<Record<string, RowFormat['kind']>> = { '*file_csv': 'csv', '*file_fwv': 'fwv' }

type Context = MappingContext<EventFields, never>

/** One exporter of the section `ees`, compiled: what it writes of an event. */
export type CompiledExporter = {
  id: string
  format: RowFormat
  /** All of them must pass. Throw MappingError, InvalidText when they cannot be told. */
  filters: readonly { text: string; passes: (context: Context) => boolean }[]
  passes: (context: Context) => boolean
  /** The cells of an event. Throws MappingError, InvalidText. */
  row: (context: Context) => readonly string[]
  /** The first and the last row of the file; undefined: it has none. Throws MappingError, InvalidText. */
  header: ((context: Context) => readonly string[]) | undefined
  trailer: ((context: Context) => readonly string[]) | undefined
}

/** Whether exporters of a type write rows into files. */
export function isFileExporter(type: string): boolean {
  return Object.hasOwn(FORMATS, type)
}

/** Compiles an exporter of files by its place in the list. Throws TemplateError. Reference 02, 5.6; 09, B5 and B6. */
export function compileExporter(
  loaded: LoadedConfig,
  index: number,
  sources: MappingSources,
  trace?: Trace,
): CompiledExporter | undefined {
  const { config } = loaded
  const exporter = config.ees.exporters[index]
  const kind = FORMATS[exporter?.type ?? '']
  if (exporter === undefined || kind === undefined) return undefined
  const place = placesOf(loaded)
  const options: ParserOptions = {
    separator: config.general.rsr_separator,
    group: undefined,
    config,
    cache: sources.cache,
    ...(trace === undefined ? {} : { trace }),
  }
  const templates = namedTemplates(loaded)
  const filters = new FilterCompiler(FILTERED_EVENT_READER, options, sources)
  const compileFilters = (ids: readonly string[]) => {
    checkInlineSteps(ids)
    return filters.compile(ids)
  }
  const all = inlineTemplates(fieldTemplates(exporter.fields, `ees.exporters[${index}].fields`, place), templates)
  const compile = (area: Area, fields: readonly FieldTemplate[]): FieldPlan<EventFields, never> => {
    const reader = area === '*exp' ? EXPORT_READER : FRAME_READER
    return compileFieldList(fields, {
      reader,
      options: { ...options, otherContainer: oldMetrics(reader, options) },
      templates,
      compileFilters,
      checkReplyPath: () => undefined,
      builds: [area],
      roundingDecimals: config.general.rounding_decimals,
      isDestination: (id, prefix) => sources.isPrefix(id, prefix),
    })
  }
  const content = all.filter(isContent).map(emptyForNone)
  const columns = columnsOf('*exp', content)
  const fill = compile('*exp', content)
  const frame = (area: '*hdr' | '*trl') => {
    const fields = all.filter(({ path }) => path.startsWith(`${area}.`)).map(emptyForNone)
    if (fields.length === 0) return undefined
    const plan = compile(area, fields)
    return (context: Context) => {
      const built = new OrderedEntries()
      plan({ ...context, built: { [area]: built } })
      return built.entries.map(({ value }) => value)
    }
  }
  return {
    id: exporter.id,
    format:
      kind === 'csv' ? { kind, separator: String(exporter.opts['csvFieldSeparator'] ?? ',').slice(0, 1) } : { kind },
    filters: exporter.filters.map((text) => ({ text, passes: compileFilters([text]) })),
    passes: compileFilters(exporter.filters),
    row(context) {
      if (content.length === 0) return wholeEvent(context.message)
      const built = new OrderedEntries()
      fill({ ...context, built: { '*exp': built } })
      return columns.map(({ name, at }) => built.at(name, at, -1) ?? '')
    },
    header: frame('*hdr'),
    trailer: frame('*trl'),
  }
}

type Area = '*exp' | '*hdr' | '*trl'

/** Fields of the header and the trailer are apart; those that write elsewhere are no part of a record. */
function isContent({ path, type }: FieldTemplate): boolean {
  return path.startsWith('*exp.') || path.startsWith('*uch.') || (type === '*none' && path === '')
}

/** In exporters a field of type `*none` writes empty text: a column. Reference 02, 5.4. */
function emptyForNone(field: FieldTemplate): FieldTemplate {
  return field.type === '*none' && field.path !== '' ? { ...field, type: '*constant', value: '' } : field
}

/** at: which of several values of the name, -1 for the last. */
type Column = { name: string; at: number }

/** A column for each path that is written, where it is written last, and one for each element of a group. */
function columnsOf(area: Area, fields: readonly FieldTemplate[]): Column[] {
  let columns: Column[] = []
  for (const { path, type } of fields) {
    if (!path.startsWith(`${area}.`)) continue
    const name = path.slice(area.length + 1)
    const held = columns.filter((column) => column.name === name)
    if (type === '*group') columns.push({ name, at: held.length })
    else columns = [...columns.filter((column) => !held.includes(column)), { name, at: -1 }]
  }
  return columns
}

/** Without fields everything is written, by name. */
function wholeEvent(event: EventFields): string[] {
  return Object.keys(event)
    .sort()
    .map((name) => textOf(EVENT_READER.compileRequestPath(name)(event) ?? ''))
}

/** What fields of exporters read: the event, and what it cost as `*ec`. Reference 02, 2.2. */
const EXPORT_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  compileOwnPath(area, path) {
    const whole = `CostDetails.${path}`
    return area === '*ec' ? (compileCostPath(whole) ?? EVENT_READER.compileRequestPath(whole)) : undefined
  },
}

/** The header and the trailer belong to no event. */
const FRAME_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  compileRequestPath() {
    throw new TemplateError('unsupported field prefix: <*req>')
  },
}

/** `*dc` is what `*em` was called. Reference 09, A13. */
function oldMetrics(
  reader: MessageReader<EventFields, never>,
  options: ParserOptions,
): NonNullable<ParserOptions['otherContainer']> {
  return (area, rest) =>
    area === '*dc'
      ? (compileSelector(`*em.${rest}`, reader, options) as ReturnType<NonNullable<ParserOptions['otherContainer']>>)
      : undefined
}

/** An event, or none for the header and the trailer, as the fields of an exporter read it. metrics: `*em`. */
export function exportContext(
  { id }: Pick<CompiledExporter, 'id'>,
  { tenant, event, opts }: { tenant: string; event: EventFields; opts: EventFields },
  metrics: EventFields,
  now: Context['now'],
): Context {
  const vars = { '*tenant': tenant, '*exporterID': id }
  return { ...contextOf(event, tenant, opts, now), vars, sources: { '*em': metrics } }
}
