import { basename } from 'node:path'
import { messageContext } from '../../agents/pipeline.ts'
import type { DryRunRequest } from './dry-run.ts'
import { DryRunError } from './dry-run-error.ts'
import { dryRunMessage } from './pipeline-dry-run.ts'
import { RECORD_SOURCES, type RecordRun } from './record-sources.ts'
import { MappingReport } from './report.ts'

/**
 * Maps the records of a file as a reader of `ers` would: the one that is named, else the only one of that kind. kind: one of RECORD_SOURCES.
 * Throws InvalidText, TemplateError, DryRunError.
 */
export function recordDryRun(kind: keyof typeof RECORD_SOURCES & string): (dry: DryRunRequest) => readonly string[] {
  return (dry) => {
    const { loaded, file, now } = dry
    const source = RECORD_SOURCES[kind]
    if (source === undefined) throw new DryRunError(`there are no ${kind} readers`)
    const { reader, index } = readerOf(dry, kind, source.types)
    const report = new MappingReport()
    const zoned = reader.timezone === '' ? now : { ns: now.ns, zone: reader.timezone }
    const isFile = reader.type.startsWith('*file_')
    let isFirst = true
    const map: RecordRun['map'] = (title, message, processor, number) => {
      report.say(`${isFirst ? '' : '\n'}${title} for reader ${reader.id}`)
      isFirst = false
      const vars = {
        '*readerID': reader.id,
        ...(isFile ? { '*fileName': basename(file) } : {}),
        ...(number === undefined ? {} : { '*fileLineNumber': String(number) }),
      }
      const context = messageContext<typeof message, never>(message, {
        vars,
        tenant: loaded.config.general.default_tenant,
        now: zoned,
      })
      dryRunMessage([processor], context, {
        report,
        reply: undefined,
        answer: () => [],
        failure: (problem) => `not processed: ${problem}`,
      })
      if ('*partial' in context.opts) report.say('  *partial: it waits for the rest of its record')
    }
    source.run({ dry, reader, index, report, map })
    return report.lines
  }
}

function readerOf({ loaded, name }: DryRunRequest, kind: string, types: readonly string[]) {
  const readers = loaded.config.ers.readers
    .map((reader, index) => ({ reader, index }))
    .filter(({ reader }) => types.includes(reader.type))
  const fitting = name === '' ? readers : readers.filter(({ reader }) => reader.id === name)
  const [found, second] = fitting
  const ids = readers.map(({ reader }) => reader.id)
  if (found === undefined)
    throw new DryRunError(
      `${kind} reader ${JSON.stringify(name)}: expected one of: ${ids.length === 0 ? `none, ers.readers has no ${types.join(', ')}` : ids.join(', ')}`,
    )
  if (second !== undefined)
    throw new DryRunError(
      `there are several ${kind} readers: name one of ${ids.map((id) => `${kind}:${id}`).join(', ')}`,
    )
  return found
}
