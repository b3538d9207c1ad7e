import { createRequire } from 'node:module'
import { textOf } from '../context.ts'
import type { Converter, ConverterTable } from '../converters.ts'
import { MappingError, TemplateError } from '../value.ts'
import { integerArgument } from './numbers.ts'

/** `*libphonenumber:CC[:format]`. Reference 02, 4. */
export const PHONE_CONVERTERS: ConverterTable = { '*libphonenumber': { make: makePhone } }

type Library = typeof import('google-libphonenumber')

/** The library's tables are large: they are read when a template needs them. */
const load = createRequire(import.meta.url)

/** 2: NATIONAL. */
const DEFAULT_FORMAT = 2

function makePhone(args: readonly string[]): Converter {
  const [region = '', formatText] = args
  if (args.length === 0 || args.length > 2)
    throw new TemplateError(`unsupported *libphonenumber converter parameters: <${args.join(':')}>`)
  const number = formatText === undefined ? DEFAULT_FORMAT : integerArgument(formatText)
  const { PhoneNumberFormat, PhoneNumberUtil } = load('google-libphonenumber') as Library
  const formats = [
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
  ]
  const format = formats[number] ?? PhoneNumberFormat.NATIONAL
  const phones = PhoneNumberUtil.getInstance()
  return (value) => {
    const text = textOf(value)
    try {
      return phones.format(phones.parse(text, region), format)
    } catch (cause) {
      throw new MappingError(phoneProblem(text, cause))
    }
  }
}

/** What the library has against a text, as the reference words it. */
export function phoneProblem(text: string, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message === 'Invalid country calling code')
    return /\d.*\d/s.test(text) ? 'invalid country code' : 'the phone number supplied is not a number'
  if (message === 'The string supplied did not seem to be a phone number')
    return 'the phone number supplied is not a number'
  return message.charAt(0).toLowerCase() + message.slice(1)
}
