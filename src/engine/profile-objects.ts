import { Decimal } from '../core/decimal.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { InvalidText, TollgateError } from '../core/errors.ts'
import { parseTime, type ZonedTime } from '../core/time.ts'
import { ruleTexts } from '../mapping/value-parser.ts'
import type { Shape } from '../rpc/shape.ts'
import { type Profile, type ProfileKind, profileWire } from '../rpc/shapes/profile-kinds.ts'
import type { ProfileFileName } from '../tariffs/profile-files.ts'
import type { ProfileObject } from '../tariffs/profile-objects.ts'

/** What objects of tariff plans say in another way than profiles do. */
const ADAPTED: Partial<Record<ProfileFileName, (object: ProfileObject, separator: string) => ProfileObject>> = {
  Attributes: (object, separator) => ({
    ...object,
    Attributes: (object['Attributes'] as { Value: string }[]).map((attribute) => ({
      ...attribute,
      Value: attribute.Value === '' ? null : rulesOf(attribute.Value, separator),
    })),
  }),
  DispatcherProfiles: (object) => ({
    ...object,
    StrategyParams: Object.fromEntries((object['StrategyParams'] as string[]).entries()),
    Hosts: (object['Hosts'] as { Params: string[] }[]).map((host) => ({ ...host, Params: paramsOf(host.Params) })),
  }),
  DispatcherHosts: (object) => ({ ...object, Transport: object['Transport'] || '*json' }),
}

/** A value of an attribute as it is stored. separator: `general.rsr_separator`. Throws TemplateError. Reference 06, 2.1. */
export function rulesOf(value: string, separator: string): { Rules: string }[] {
  return ruleTexts(value, separator).map((Rules) => ({ Rules }))
}

/** `name:value`; one without a name is named by its place. Reference 06, 1.5. */
function paramsOf(params: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    params.map((param, at) => {
      const colon = param.indexOf(':')
      return colon < 0 ? [String(at), param] : [param.slice(0, colon), param.slice(colon + 1)]
    }),
  )
}

/**
 * The profile that an object of a tariff plan describes: its texts become durations, times and amounts. now: times may be relative, and
 * those without a zone are of its zone. Throws InvalidText with the name of the field, TemplateError.
 */
export function profileOfObject(
  { shape, file }: Pick<ProfileKind, 'shape' | 'file'>,
  object: ProfileObject,
  now: ZonedTime,
  separator: string,
): Profile {
  return typed(shape, ADAPTED[file]?.(object, separator) ?? object, now) as Profile
}

function typed({ form }: Shape, value: unknown, now: ZonedTime): unknown {
  switch (form.kind) {
    case 'duration':
      return parseDuration(value as string)
    case 'decimal':
      return decimalOf(value as string)
    case 'time':
      return parseTime(value as string, now.zone, now)
    case 'pointer':
      return value === null ? null : typed(form.of, value, now)
    case 'list':
      return (value as unknown[]).map((each) => typed(form.of, each, now))
    case 'struct':
      return Object.assign(
        {},
        ...Object.entries(form.fields).map(([name, field]) =>
          field.embedded
            ? typed(field, value, now)
            : { [name]: ofField(name, () => typed(field, (value as Record<string, unknown>)[name], now)) },
        ),
      )
    default:
      return value
  }
}

function ofField<R>(name: string, read: () => R): R {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof TollgateError) throw new InvalidText(`${name}: ${cause.message}`)
    throw cause
  }
}

function decimalOf(text: string): Decimal {
  try {
    return Decimal.parse(text || '0')
  } catch {
    throw new InvalidText(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
}

/** What profiles say in another way than objects of tariff plans do. */
const UNADAPTED: Partial<Record<ProfileFileName, (object: ProfileObject, separator: string) => ProfileObject>> = {
  Attributes: (object, separator) => ({
    ...object,
    Attributes: ((object['Attributes'] ?? []) as { Value: { Rules: string }[] | null }[]).map((attribute) => ({
      ...attribute,
      Value: (attribute.Value ?? []).map(({ Rules }) => Rules).join(separator),
    })),
  }),
  DispatcherProfiles: (object) => ({
    ...object,
    StrategyParams: Object.values((object['StrategyParams'] ?? {}) as Record<string, unknown>),
    Hosts: ((object['Hosts'] ?? []) as { Params: Record<string, unknown> | null }[]).map((host) => ({
      ...host,
      Params: Object.entries(host.Params ?? {}).map(([name, value]) =>
        /^\d+$/.test(name) ? value : `${name}:${value}`,
      ),
    })),
  }),
}

/** The object of a tariff plan that describes a profile: `profileOfObject` makes the profile of it again. */
export function objectOfProfile(file: ProfileFileName, profile: Profile, separator: string): ProfileObject {
  const object = textual(profileWire(profile)) as ProfileObject
  return UNADAPTED[file]?.(object, separator) ?? object
}

/** Durations and amounts as texts. */
function textual(value: unknown): unknown {
  if (typeof value === 'bigint') return formatDuration(value)
  if (value instanceof Decimal) return value.toString()
  if (Array.isArray(value)) return value.map(textual)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, textual(each)]))
}
