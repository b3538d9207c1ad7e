import { resolve } from 'node:path'
import { type Cdr, eventOfCdr } from '../cdrs/cdr.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { InvalidText } from '../core/errors.ts'
import type { EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import { ExportMetrics } from '../writers/export-metrics.ts'
import { FileWriter } from '../writers/file-writer.ts'
import type { EngineOptions } from './engine.ts'
import { type CompiledExporter, compileExporter, exportContext, isFileExporter } from './exporters.ts'
import type { MappingSources } from './mapping-sources.ts'

/** The exporters that CDRs go to, all of them or those that calls name, compiled. Throws ConfigError, TemplateError. Reference 09, B1, B2 and B8. */
export function buildWriters(
  loaded: LoadedConfig,
  now: () => ZonedTime,
  sources: MappingSources,
  log: EngineOptions['log'],
): FileWriter[] {
  const { config, placeOf } = loaded
  const { ees_conns, online_cdr_exports } = config.cdrs
  const areHere = (ids: readonly string[]) => ids.length > 0 && !leadElsewhere(config, 'ees', ids)
  const areOnline = config.cdrs.enabled && areHere(ees_conns)
  const areOffline = config.apiers.enabled && areHere(config.apiers.ees_conns)
  if (!areOnline && !areOffline) return []
  const writers: FileWriter[] = []
  for (const [i, exporter] of config.ees.exporters.entries()) {
    if (exporter.type === '*none') continue
    const isOnline = areOnline && (online_cdr_exports.length === 0 || online_cdr_exports.includes(exporter.id))
    if (!isOnline && !areOffline) continue
    const key = `ees.exporters[${i}]`
    if (!isFileExporter(exporter.type)) {
      if (!isOnline) continue
      const problem = `${JSON.stringify(exporter.type)} is not available in this version, expected "*file_csv", "*file_fwv" or "*none"`
      throw new ConfigError([{ place: placeOf(`${key}.type`), key: `${key}.type`, problem }])
    }
    const compiled = atKey(`${key}.filters`, placeOf, () => compileExporter(loaded, i, sources))
    if (compiled === undefined) continue
    try {
      writers.push(writerOf(compiled, { folder: resolve(exporter.export_path), isOnline, config, now, log }))
    } catch (cause) {
      const problem = `cannot create the folder: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new ConfigError([{ place: placeOf(`${key}.export_path`), key: `${key}.export_path`, problem }])
    }
  }
  return writers
}

type WriterOptions = {
  folder: string
  isOnline: boolean
  config: LoadedConfig['config']
  now: () => ZonedTime
  log: EngineOptions['log']
}

function writerOf(exporter: CompiledExporter, { folder, isOnline, config, now, log }: WriterOptions): FileWriter {
  const { rounding_decimals: decimals, default_tenant: defaultTenant } = config.general
  const { id, format } = exporter
  const failed = (what: string, of: Record<string, unknown>, cause: unknown) => {
    if (!(cause instanceof MappingError || cause instanceof InvalidText)) throw cause
    log('error', what, { exporter: id, ...of, cause: cause.message })
    return undefined
  }
  const framed = (part: CompiledExporter['header']) => (metrics: ExportMetrics) => {
    if (part === undefined) return undefined
    const nothing = { tenant: defaultTenant, event: {}, opts: {} }
    try {
      return part(exportContext(exporter, nothing, metrics.fields, now()))
    } catch (cause) {
      return failed('header or trailer not exported', {}, cause)
    }
  }
  return new FileWriter({
    id,
    folder,
    format,
    metrics: (path) => new ExportMetrics(now(), path),
    header: framed(exporter.header),
    trailer: framed(exporter.trailer),
    row(cdr, metrics, counts) {
      const event = exportedEvent(cdr, decimals)
      const contextAt = (fields: EventFields) =>
        exportContext(exporter, { tenant: cdr.tenant, event, opts: {} }, fields, now())
      let isMeant = false
      try {
        isMeant = exporter.passes(contextAt(metrics.fields))
        if (!isMeant) return undefined
        if (counts) metrics.begin()
        const cells = exporter.row(contextAt(metrics.fields))
        if (counts) metrics.end(event, cdr.cgrId, true)
        return cells
      } catch (cause) {
        if (counts && isMeant) metrics.end(event, cdr.cgrId, false)
        return failed('CDR not exported', { cgrId: cdr.cgrId, runId: cdr.runId }, cause)
      }
    },
    startedMs: Date.now(),
    isOnline,
  })
}

/** Compiles what stands at a key of the configuration; what names its own place says more. Throws ConfigError, TemplateError. */
function atKey<R>(key: string, placeOf: LoadedConfig['placeOf'], compile: () => R): R {
  try {
    return compile()
  } catch (cause) {
    if (!(cause instanceof TemplateError) || cause.message.includes(': field ')) throw cause
    throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
  }
}

/** A CDR as exporters read it. decimals: general.rounding_decimals, of the details of the cost; they are made when they are read. */
function exportedEvent(cdr: Cdr, decimals: number): EventFields {
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
  return event
}
