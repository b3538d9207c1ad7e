import { createRequire } from 'node:module'
import type { PhoneNumber } from 'google-libphonenumber'
import type { MappingContext } from '../mapping/context.ts'
import { phoneProblem } from '../mapping/converters/phone.ts'
import { MappingError, type Value } from '../mapping/value.ts'
import type { PhoneNames } from './phone-names.ts'

type Library = typeof import('google-libphonenumber')

/** The library's tables are large: they are read when a filter needs them. */
const load = createRequire(import.meta.url)

/** A number, the library's functions, and the names of carriers and places. */
type Told = {
  raw: string
  number: PhoneNumber
  phones: ReturnType<Library['PhoneNumberUtil']['getInstance']>
  names: PhoneNames | undefined
}

/**
 * `*libphonenumber.<number>.<field>`: what a number in `+` form tells, all of it as JSON without a field; what is not known is empty.
 * Throws MappingError for what is no number. Reference 02, 6.5.
 */
export function compilePhone(
  rest: string,
  names: PhoneNames | undefined,
): (context: MappingContext<unknown, unknown>) => Value {
  const dot = rest.indexOf('.')
  const number = dot < 0 ? rest : rest.slice(0, dot)
  const field = dot < 0 ? undefined : rest.slice(dot + 1)
  return () => {
    const told = parse(number, names)
    if (field !== undefined) return Object.hasOwn(FIELDS, field) ? FIELDS[field]?.(told) : ''
    return Object.fromEntries(Object.entries(FIELDS).map(([name, read]) => [name, read(told)]))
  }
}

function parse(raw: string, names: PhoneNames | undefined): Told {
  const { PhoneNumberUtil } = load('google-libphonenumber') as Library
  const phones = PhoneNumberUtil.getInstance()
  try {
    return { raw, number: phones.parseAndKeepRawInput(raw), phones, names }
  } catch (cause) {
    throw new MappingError(phoneProblem(raw, cause))
  }
}

/** Fields by name, in order of names. */
const FIELDS: Readonly<Record<string, (told: Told) => string | number | boolean>> = {
  Carrier: ({ number, phones, names }) =>
    names?.carrier(number.getCountryCodeOrDefault(), nationalOf(number, phones)) ?? '',
  CountryCode: ({ number }) => number.getCountryCodeOrDefault(),
  CountryCodeSource: ({ number }) => number.getCountryCodeSourceOrDefault(),
  Extension: ({ number }) => number.getExtensionOrDefault(),
  GeoLocation: ({ number, phones, names }) =>
    names?.place(number.getCountryCodeOrDefault(), nationalOf(number, phones), regionOf(number, phones)) ?? '',
  ItalianLeadingZero: ({ number }) => number.getItalianLeadingZeroOrDefault(),
  LengthOfNationalDestinationCode: ({ number, phones }) => phones.getLengthOfNationalDestinationCode(number),
  NationalNumber: ({ number }) => number.getNationalNumberOrDefault(),
  NumberOfLeadingZeros: ({ number }) => number.getNumberOfLeadingZerosOrDefault(),
  NumberType: ({ number, phones }) => {
    const type = phones.getNumberType(number)
    return type < 0 ? UNKNOWN_TYPE : type
  },
  PreferredDomesticCarrierCode: ({ number }) => number.getPreferredDomesticCarrierCodeOrDefault(),
  RawInput: ({ raw }) => raw,
  Region: ({ number, phones }) => regionOf(number, phones),
}

function nationalOf(number: PhoneNumber, phones: Told['phones']): string {
  return phones.getNationalSignificantNumber(number)
}

function regionOf(number: PhoneNumber, phones: Told['phones']): string {
  return phones.getRegionCodeForNumber(number) ?? ''
}

/** The number of the kind that is none; libraries disagree on it. */
const UNKNOWN_TYPE = 11
