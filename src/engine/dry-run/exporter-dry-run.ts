import { InvalidText } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { MappingError } from '../../mapping/value.ts'
import { ExportMetrics } from '../../writers/export-metrics.ts'
import { lineOf } from '../../writers/file-rows.ts'
import { type CompiledExporter, compileExporter, exportContext, isFileExporter } from '../exporters.ts'
import type { DryRunRequest } from './dry-run.ts'
import { DryRunError } from './dry-run-error.ts'
import { inputOf } from './input.ts'
import { MappingReport } from './report.ts'

/** An event as an exporter takes it. */
type Exported = { tenant: string; id: string; event: EventFields; opts: EventFields }

/**
 * Writes the events of a file as the exporter of that name would, and tells each field; nothing leaves. The file has CDRs as JSON, or what
 * `EeSv1.ProcessEvent` takes. Throws InvalidText, TemplateError, DryRunError. Reference 09, B3 to B5.
 */
export function exporterDryRun(dry: Omit<DryRunRequest, 'reply'>): readonly string[] {
  const { loaded, bytes, sources, name, now } = dry
  const { exporters } = loaded.config.ees
  const index = exporters.findIndex(({ id }) => id === name)
  const written = exporters.filter(({ type }) => isFileExporter(type)).map(({ id }) => id)
  const known = written.length === 0 ? 'none, ees.exporters writes no files' : written.join(', ')
  const report = new MappingReport()
  const exporter = index < 0 ? undefined : compileExporter(loaded, index, sources, report)
  if (exporter === undefined) throw new DryRunError(`exporter ${JSON.stringify(name)}: expected one of: ${known}`)
  const input = inputOf(bytes)
  if (input.kind !== 'json') throw new InvalidText('the file is no JSON: expected a CDR, or a list of CDRs')
  const metrics = new ExportMetrics(now, `${exporter.id}.${exporter.format.kind}`)
  const tenant = loaded.config.general.default_tenant
  const nothing = { tenant, id: '', event: {}, opts: {} }
  frame(exporter, 'header', nothing, metrics, report, now)
  for (const [i, message] of input.messages.entries()) {
    const exported = exportedOf(message, tenant)
    report.say(`${report.lines.length === 0 ? '' : '\n'}event ${i + 1} for exporter ${exporter.id}`)
    const context = () => exportContext(exporter, exported, metrics.fields, now)
    told(report, 'not exported', () => {
      const failed = exporter.filters.find((filter) => !filter.passes(context()))
      if (failed !== undefined) {
        report.say(`  filter ${failed.text} does not pass`)
        return
      }
      metrics.begin()
      let isWritten = false
      try {
        report.say('  fields')
        const cells = exporter.row(context())
        report.say(`row: ${lineOf(cells, exporter.format).trimEnd()}`)
        isWritten = true
      } finally {
        metrics.end(exported.event, exported.id, isWritten)
      }
    })
  }
  frame(exporter, 'trailer', nothing, metrics, report, now)
  return report.lines
}

function frame(
  exporter: CompiledExporter,
  part: 'header' | 'trailer',
  nothing: Exported,
  metrics: ExportMetrics,
  report: MappingReport,
  now: DryRunRequest['now'],
): void {
  const build = exporter[part]
  if (build === undefined) return
  report.say(`${report.lines.length === 0 ? '' : '\n'}${part} of exporter ${exporter.id}`)
  told(report, `no ${part}`, () => {
    const cells = build(exportContext(exporter, nothing, metrics.fields, now))
    report.say(`row: ${lineOf(cells, exporter.format).trimEnd()}`)
  })
}

function told(report: MappingReport, what: string, work: () => void): void {
  try {
    work()
  } catch (cause) {
    if (!(cause instanceof MappingError || cause instanceof InvalidText)) throw cause
    report.say(`${what}: ${cause.message}`)
  }
}

/** A CDR by itself, or an event with its tenant and options. Usage in whole numbers is a duration, as that of CDRs is. */
function exportedOf(message: EventFields, defaultTenant: string): Exported {
  const { Event: given, APIOpts: opts, Tenant: tenant, ID: id } = message
  const event = isFields(given) ? given : message
  const usage = event['Usage']
  const whole = typeof usage === 'number' && Number.isSafeInteger(usage) ? { Usage: BigInt(usage) } : {}
  return {
    tenant: typeof tenant === 'string' && tenant !== '' ? tenant : defaultTenant,
    id: String((isFields(given) ? id : event['CGRID']) ?? ''),
    event: { ...event, ...extraFieldsOf(event), ...whole },
    opts: isFields(opts) ? opts : {},
  }
}

/** CDRs as the API lists them have their own fields apart. */
function extraFieldsOf({ ExtraFields: extra }: EventFields): EventFields {
  return isFields(extra) ? extra : {}
}

function isFields(value: EventValue | undefined): value is EventFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
