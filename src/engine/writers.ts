import { resolve } from 'node:path'
import { type Cdr, eventOfCdr } from '../cdrs/cdr.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { InvalidText } from '../core/errors.ts'
import type { EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { compileCostPath } from '../filters/cost-details.ts'
import { EVENT_READER, eventContext, FILTERED_EVENT_READER } from '../filters/event-reader.ts'
import { checkInlineSteps } from '../filters/filter-check.ts'
import { FilterCompiler } from '../filters/filter-compiler.ts'
import { type MappingContext, type MessageReader, OrderedEntries } from '../mapping/context.ts'
import { compileFieldList, type FieldTemplate, inlineTemplates } from '../mapping/field-plan.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import { CsvWriter } from '../writers/csv-writer.ts'
import type { EngineOptions } from './engine.ts'
import { fieldTemplates } from './field-templates.ts'
import type { MappingSources } from './mapping-sources.ts'

/** The exporters that CDRs go to, all of them or those that calls name, compiled. Throws ConfigError, TemplateError. Reference 09, B1, B2 and B8. */
export function buildWriters(
  { config, placeOf }: LoadedConfig,
  now: () => ZonedTime,
  sources: MappingSources,
  log: EngineOptions['log'],
): CsvWriter[] {
  const { ees_conns, online_cdr_exports } = config.cdrs
  const areHere = (ids: readonly string[]) => ids.length > 0 && !leadElsewhere(config, 'ees', ids)
  const areOnline = config.cdrs.enabled && areHere(ees_conns)
  const areOffline = config.apiers.enabled && areHere(config.apiers.ees_conns)
  if (!areOnline && !areOffline) return []
  const options = { separator: config.general.rsr_separator, group: undefined, config, cache: sources.cache }
  const place = (path: string) => {
    const at = placeOf(path)
    return at === undefined ? path : `${at.file}:${at.line}`
  }
  const templates = new Map(
    Object.entries(config.templates).map(([id, fields]) => [id, fieldTemplates(fields, `templates.${id}`, place)]),
  )
  const filters = new FilterCompiler(FILTERED_EVENT_READER, options, sources)
  const compileFilters = (ids: readonly string[]) => {
    checkInlineSteps(ids)
    return filters.compile(ids)
  }
  const { rounding_decimals: decimals } = config.general
  const writers: CsvWriter[] = []
  for (const [i, exporter] of config.ees.exporters.entries()) {
    if (exporter.type === '*none') continue
    const isOnline = areOnline && (online_cdr_exports.length === 0 || online_cdr_exports.includes(exporter.id))
    if (!isOnline && !areOffline) continue
    const key = `ees.exporters[${i}].type`
    if (exporter.type !== '*file_csv') {
      if (!isOnline) continue
      const problem = `${JSON.stringify(exporter.type)} is not available in this version, expected "*file_csv" or "*none"`
      throw new ConfigError([{ place: placeOf(key), key, problem }])
    }
    const path = `ees.exporters[${i}].fields`
    const fields = inlineTemplates(fieldTemplates(exporter.fields, path, place), templates).map(emptyForNone)
    const columns = columnsOf(fields)
    const fill = compileFieldList(fields, {
      reader: EXPORT_READER,
      options,
      templates,
      compileFilters,
      checkReplyPath: () => undefined,
      builds: ['*exp'],
      roundingDecimals: decimals,
      isDestination: (id, prefix) => sources.isPrefix(id, prefix),
    })
    const passes = atKey(`ees.exporters[${i}].filters`, placeOf, () => compileFilters(exporter.filters))
    try {
      writers.push(
        new CsvWriter({
          id: exporter.id,
          folder: resolve(exporter.export_path),
          headers: columns.map(({ header }) => header),
          separator: String(exporter.opts['csvFieldSeparator'] ?? ','),
          row: (cdr) => {
            const built = new OrderedEntries()
            const vars = { '*tenant': cdr.tenant, '*exporterID': exporter.id }
            const context = { ...contextOf(cdr, now(), decimals), vars, built: { '*exp': built } }
            try {
              if (!passes(context)) return undefined
              fill(context)
            } catch (cause) {
              if (!(cause instanceof MappingError || cause instanceof InvalidText)) throw cause
              log('error', 'CDR not exported', {
                exporter: exporter.id,
                cgrId: cdr.cgrId,
                runId: cdr.runId,
                cause: cause.message,
              })
              return undefined
            }
            return columns.map(({ name, index }) => built.at(name, index, -1) ?? '')
          },
          startedMs: Date.now(),
          isOnline,
        }),
      )
    } catch (cause) {
      const path = `ees.exporters[${i}].export_path`
      const problem = `cannot create the folder: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new ConfigError([{ place: placeOf(path), key: path, problem }])
    }
  }
  return writers
}

/** Compiles what stands at a key of the configuration. Throws ConfigError. */
function atKey<R>(key: string, placeOf: LoadedConfig['placeOf'], compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
  }
}

/** In exporters a field of type `*none` writes empty text: a column. Reference 02, 5.4. */
function emptyForNone(field: FieldTemplate): FieldTemplate {
  return field.type === '*none' && field.path !== '' ? { ...field, type: '*constant', value: '' } : field
}

type Column = { header: string; name: string; index: number }

/** A column for each path that is written, and one for each element of a group; fields of one path share it. */
function columnsOf(fields: readonly FieldTemplate[]): Column[] {
  const columns: Column[] = []
  for (const { path, tag, type } of fields) {
    if (!path.startsWith('*exp.') || type === '*none' || type.startsWith('*remove')) continue
    const name = path.slice('*exp.'.length)
    const held = columns.filter((column) => column.name === name).length
    if (held === 0 || type === '*group') columns.push({ header: tag, name, index: type === '*group' ? held : -1 })
  }
  return columns
}

/** What fields of exporters read: the CDR, and what it cost as `*ec`. Reference 02, 2.2. */
const EXPORT_READER: MessageReader<EventFields, never> = {
  ...EVENT_READER,
  compileOwnPath(area, path) {
    const whole = `CostDetails.${path}`
    return area === '*ec' ? (compileCostPath(whole) ?? EVENT_READER.compileRequestPath(whole)) : undefined
  },
}

/** decimals: general.rounding_decimals, of the details of the cost; they are made when they are read. */
function contextOf(cdr: Cdr, now: ZonedTime, decimals: number): MappingContext<EventFields, never> {
  const { costDetails } = cdr
  const event: EventFields = eventOfCdr(cdr)
  if (costDetails !== undefined) {
    let wire: EventFields | undefined
    Object.defineProperty(event, 'CostDetails', {
      get: () => {
        wire ??= eventCostWire(costDetails, decimals) as EventFields
        return wire
      },
    })
  }
  return eventContext({ tenant: cdr.tenant, id: '', time: null, event, apiOpts: {} }, now)
}
