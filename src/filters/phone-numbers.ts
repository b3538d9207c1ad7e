import { createRequire } from 'node:module'
import type { MappingContext } from '../mapping/context.ts'
import { MappingError, type Value } from '../mapping/value.ts'

type Library = typeof import('google-libphonenumber')

/** The library's tables are large: they are read when a filter needs them. */
const load = createRequire(import.meta.url)

/** What is told of a number, by name; in order of names. */
type PhoneFields = { readonly [name: string]: string | number | boolean }

/**
 * `*libphonenumber.<number>.<field>`: what a number in `+` form tells, all of it as JSON without a field; what is not known is empty. The
 * names of carriers and places are in no library of this runtime: they are empty too. Throws MappingError for what is no number.
 * Reference 02, 6.5.
 */
export function compilePhone(rest: string): (context: MappingContext<unknown, unknown>) => Value {
  const dot = rest.indexOf('.')
  const number = dot < 0 ? rest : rest.slice(0, dot)
  const field = dot < 0 ? undefined : rest.slice(dot + 1)
  return () => {
    const fields = fieldsOf(number)
    if (field === undefined) return fields
    return Object.hasOwn(fields, field) ? fields[field] : ''
  }
}

function fieldsOf(number: string): PhoneFields {
  const { PhoneNumberUtil } = load('google-libphonenumber') as Library
  const phones = PhoneNumberUtil.getInstance()
  let parsed: ReturnType<typeof phones.parse>
  try {
    parsed = phones.parseAndKeepRawInput(number)
  } catch (cause) {
    throw new MappingError(problemOf(cause instanceof Error ? cause.message : String(cause)))
  }
  const type = phones.getNumberType(parsed)
  return {
    Carrier: '',
    CountryCode: parsed.getCountryCodeOrDefault(),
    CountryCodeSource: parsed.getCountryCodeSourceOrDefault(),
    Extension: parsed.getExtensionOrDefault(),
    GeoLocation: '',
    ItalianLeadingZero: parsed.getItalianLeadingZeroOrDefault(),
    LengthOfNationalDestinationCode: phones.getLengthOfNationalDestinationCode(parsed),
    NationalNumber: parsed.getNationalNumberOrDefault(),
    NumberOfLeadingZeros: parsed.getNumberOfLeadingZerosOrDefault(),
    NumberType: type < 0 ? UNKNOWN_TYPE : type,
    PreferredDomesticCarrierCode: parsed.getPreferredDomesticCarrierCodeOrDefault(),
    RawInput: number,
    Region: phones.getRegionCodeForNumber(parsed) ?? '',
  }
}

/** The number of the kind that is none; libraries disagree on it. */
const UNKNOWN_TYPE = 11

function problemOf(message: string): string {
  return message === 'Invalid country calling code'
    ? 'invalid country code'
    : 'the phone number supplied is not a number'
}
