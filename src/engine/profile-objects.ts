import { Decimal } from '../core/decimal.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { InvalidText, TollgateError } from '../core/errors.ts'
import { parseTime, type ZonedTime } from '../core/time.ts'
import { ruleTexts } from '../mapping/value-parser.ts'
import type { Shape } from '../rpc/shape.ts'
import { type Profile, type ProfileKind, profileWire } from '../rpc/shapes/profile-kinds.ts'
import type { PlanObject } from '../tariffs/plan-objects.ts'
import type { ProfileFile } from '../tariffs/tariff-rows.ts'

/** What objects of tariff plans say in another way than profiles do. */
const ADAPTED: Partial<Record<ProfileFile, (object: PlanObject, separator: string) => PlanObject>> = {
  Attributes: (object, separator) => ({
    ...object,
    Attributes: listIn<{ Value: string }>(object['Attributes']).map((attribute) => ({
      ...attribute,
      Value: attribute.Value === '' ? null : rulesOf(attribute.Value, separator),
    })),
  }),
  DispatcherProfiles: (object) => ({
    ...object,
    StrategyParams: Object.fromEntries(listIn<string>(object['StrategyParams']).entries()),
    Hosts: listIn<{ Params: unknown }>(object['Hosts']).map((host) => ({ ...host, Params: paramsOf(host.Params) })),
  }),
  DispatcherHosts({ Conn, ...object }) {
    const connection = Conn as { Transport: string }
    return { ...object, ...connection, Transport: connection.Transport || '*json' }
  },
}

/** Lists that stay null when a plan has nothing in them, by Go type and field; others are empty then. Reference 06, 1.5. */
const NULL_WHEN_EMPTY = new Set([
  'engine.ThresholdProfile.EeIDs',
  'engine.Attribute.Value',
  'engine.IPPool.FilterIDs',
  'engine.MetricWithFilters.FilterIDs',
  'engine.Route.FilterIDs',
  'engine.Route.AccountIDs',
  'engine.Route.RatingPlanIDs',
  'engine.Route.ResourceIDs',
  'engine.Route.StatIDs',
])

function listIn<T>(value: unknown): readonly T[] {
  return (value as readonly T[] | null) ?? []
}

/** A value of an attribute as it is stored. separator: `general.rsr_separator`. Throws TemplateError. Reference 06, 2.1. */
export function rulesOf(value: string, separator: string): { Rules: string }[] {
  return ruleTexts(value, separator).map((Rules) => ({ Rules }))
}

/** `name:value`; one without a name is named by its place. Reference 06, 1.5. */
function paramsOf(params: unknown): Record<string, string> {
  return Object.fromEntries(
    listIn<string>(params).map((param, at) => {
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
  object: PlanObject,
  now: ZonedTime,
  separator: string,
): Profile {
  return typed(shape, ADAPTED[file]?.(object, separator) ?? object, now) as Profile
}

function typed({ goType, form }: Shape, value: unknown, now: ZonedTime): unknown {
  switch (form.kind) {
    case 'duration':
      return typeof value === 'string' ? parseDuration(value) : value
    case 'decimal':
      return decimalOf(value as string)
    case 'time':
      return parseTime(value as string, now.zone, now)
    case 'pointer':
      return value === null && form.of.form.kind !== 'list' ? null : typed(form.of, value, now)
    case 'list':
      return listIn(value).map((each) => typed(form.of, each, now))
    case 'struct':
      return Object.assign(
        {},
        ...Object.entries(form.fields).map(([name, field]) => {
          if (field.embedded) return typed(field, value, now)
          const own = (value as PlanObject)[name]
          if (own === null && NULL_WHEN_EMPTY.has(`${goType}.${name}`)) return { [name]: null }
          return { [name]: ofField(name, () => typed(field, own, now)) }
        }),
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
const UNADAPTED: Partial<Record<ProfileFile, (profile: PlanObject, separator: string) => PlanObject>> = {
  Attributes: (profile, separator) => ({
    ...profile,
    Attributes: listIn<{ Value: unknown }>(profile['Attributes']).map((attribute) => ({
      ...attribute,
      Value: listIn<{ Rules: string }>(attribute.Value)
        .map(({ Rules }) => Rules)
        .join(separator),
    })),
  }),
  DispatcherProfiles: (profile) => ({
    ...profile,
    StrategyParams: Object.values((profile['StrategyParams'] ?? {}) as Record<string, unknown>),
    Hosts: listIn<{ Params: Record<string, unknown> | null }>(profile['Hosts']).map((host) => ({
      ...host,
      Params: Object.entries(host.Params ?? {}).map(([name, value]) =>
        /^\d+$/.test(name) ? value : `${name}:${value}`,
      ),
    })),
  }),
}

/** The object of a tariff plan that describes a profile: `profileOfObject` makes the profile of it again. */
export function objectOfProfile(file: ProfileFile, profile: Profile, separator: string): PlanObject {
  const wire: PlanObject = profileWire(profile)
  if (file === 'DispatcherHosts') return { Tenant: profile.Tenant, ID: profile.ID, Conn: wire }
  const object = textual(wire) as PlanObject
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
