import { resolve } from 'node:path'
import { type Cdr, eventOfCdr } from '../cdrs/cdr.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { EVENT_READER, eventContext } from '../filters/event-reader.ts'
import { FilterCompiler, type FilterSources } from '../filters/filter-compiler.ts'
import { type MappingContext, textOf } from '../mapping/context.ts'
import { compileValue } from '../mapping/value-parser.ts'
import { CsvWriter } from '../writers/csv-writer.ts'

/** The exporters that CDRs go to, compiled. Throws ConfigError, TemplateError. Reference 09, B1, B2 and B8. */
export function buildWriters(
  { config, placeOf }: LoadedConfig,
  now: () => ZonedTime,
  sources: FilterSources,
): CsvWriter[] {
  const { ees_conns, online_cdr_exports } = config.cdrs
  if (!config.cdrs.enabled || ees_conns.length === 0) return []
  const options = { separator: config.general.rsr_separator, group: undefined }
  const filters = new FilterCompiler(EVENT_READER, options, sources)
  const writers: CsvWriter[] = []
  for (const [i, exporter] of config.ees.exporters.entries()) {
    if (exporter.type === '*none') continue
    if (online_cdr_exports.length > 0 && !online_cdr_exports.includes(exporter.id)) continue
    const key = `ees.exporters[${i}].type`
    if (exporter.type !== '*file_csv') {
      const problem = `${JSON.stringify(exporter.type)} is not available in this version, expected "*file_csv" or "*none"`
      throw new ConfigError([{ place: placeOf(key), key, problem }])
    }
    const columns = exporter.fields.map(({ tag, path, value }) => {
      const read = compileValue(value, EVENT_READER, options)
      return {
        header: tag || path,
        read: (cdr: Cdr) => {
          const found = read(contextOf(cdr, now()))
          return found === undefined ? '' : textOf(found)
        },
      }
    })
    const passes = filters.compile(exporter.filters)
    try {
      writers.push(
        new CsvWriter({
          id: exporter.id,
          folder: resolve(exporter.export_path),
          columns,
          separator: String(exporter.opts['csvFieldSeparator'] ?? ','),
          passes: (cdr) => passes(contextOf(cdr, now())),
          startedMs: Date.now(),
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

function contextOf(cdr: Cdr, now: ZonedTime): MappingContext<EventFields, never> {
  return eventContext({ tenant: cdr.tenant, id: '', time: null, event: eventOfCdr(cdr), apiOpts: {} }, now)
}
