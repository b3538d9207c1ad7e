import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { contextOf, EVENT_READER } from '../filters/event-reader.ts'
import { textOf } from '../mapping/context.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import { compileValue } from '../mapping/value-parser.ts'
import type { ExtraField } from '../rpc/server/cdr-posts.ts'

/** `~*req.NAME`, with what is done to its value. */
const FIELD = /^~\*req\.([^:{]+)/

/** Compiles `cdrs.extra_fields`. Throws ConfigError. Reference 05, 9.8. */
export function compileExtraFields({ config, placeOf }: LoadedConfig, now: () => ZonedTime): ExtraField[] {
  const options = { separator: config.general.rsr_separator, group: undefined }
  return config.cdrs.extra_fields.map((value) => {
    const name = FIELD.exec(value)?.[1]
    try {
      if (name === undefined) throw new TemplateError(`${JSON.stringify(value)}: expected ~*req.NAME`)
      const source = compileValue(value, EVENT_READER, options)
      const read = (text: string) => {
        const found = source(contextOf<EventFields>({ [name]: text }, config.general.default_tenant, {}, now()))
        return found === undefined ? '' : textOf(found)
      }
      return { name, read: (text) => readOrEmpty(read, text) }
    } catch (cause) {
      if (!(cause instanceof TemplateError)) throw cause
      const key = 'cdrs.extra_fields'
      throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
    }
  })
}

/** A value that a rule cannot read is left empty: the CDR is worth more. */
function readOrEmpty(read: (text: string) => string, text: string): string {
  try {
    return read(text)
  } catch (cause) {
    if (cause instanceof MappingError) return ''
    throw cause
  }
}
