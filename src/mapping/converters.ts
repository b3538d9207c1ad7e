import { textOf } from './context.ts'
import { NUMBER_CONVERTERS } from './converters/numbers.ts'
import { PHONE_CONVERTERS } from './converters/phone.ts'
import { SIP_CONVERTERS } from './converters/sip.ts'
import { STRIP_CONVERTERS } from './converters/strip.ts'
import { TEXT_CONVERTERS } from './converters/text.ts'
import { TIME_CONVERTERS } from './converters/times.ts'
import { LOCATION_CONVERTERS } from './converters/uli.ts'
import { URL_CONVERTERS } from './converters/urls.ts'
import { type Found, TemplateError } from './value.ts'

/** Changes a value. Throws MappingError or InvalidText for one that it cannot take. */
export type Converter = (value: Found) => Found

/** Makes a converter of what follows its name. args: without the name; text: all behind the first colon. Throws TemplateError. */
export type ConverterFactory = (args: readonly string[], text: string) => Converter

/** Converters by name. exact: arguments are not allowed. raw: it looks at the value itself, not at its number or usage. */
export type ConverterTable = Readonly<Record<string, { make: ConverterFactory; exact?: boolean; raw?: boolean }>>

const CONVERTERS: ConverterTable = {
  ...NUMBER_CONVERTERS,
  ...TIME_CONVERTERS,
  ...TEXT_CONVERTERS,
  ...STRIP_CONVERTERS,
  ...URL_CONVERTERS,
  ...SIP_CONVERTERS,
  ...PHONE_CONVERTERS,
  ...LOCATION_CONVERTERS,
}

/** Every converter's name. */
export const CONVERTER_NAMES: readonly string[] = Object.keys(CONVERTERS)

/**
 * Compiles one converter definition (`*round:2:*up`). isFirst: it is fed by a path or a constant, whose text is what counts.
 * Throws TemplateError for an unknown one and for wrong arguments. Reference 02, 4.
 */
export function compileConverter(definition: string, isFirst = true): Converter {
  const colon = definition.indexOf(':')
  const name = colon < 0 ? definition : definition.slice(0, colon)
  const entry = Object.hasOwn(CONVERTERS, name) ? CONVERTERS[name] : undefined
  if (entry === undefined || (colon >= 0 && entry.exact === true))
    throw new TemplateError(`unsupported converter definition: <${definition}>`)
  const [, ...args] = definition.split(':')
  const convert = entry.make(args, colon < 0 ? '' : definition.slice(colon + 1))
  if (!isFirst || entry.raw !== true) return convert
  return (value) => convert(typeof value === 'string' || value instanceof Buffer ? value : textOf(value))
}
