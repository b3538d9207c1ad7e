import type { z } from 'zod'
import { isObject, type Json } from './merge.ts'
import { SECTIONS } from './schema.ts'
import { bare, kindOf, metaOf } from './sections/key-meta.ts'

/** Struct that a value stands in, and the fields on the way to it. */
type Place = { struct: string; fields: readonly string[] }

/**
 * What the decoder of CGRateS says of the first value of a wrong type, undefined when all are right. sections: as parsed.
 * Reference 01, 2.1.
 */
export function decoderError(sections: Json): string | undefined {
  for (const [name, schema] of Object.entries(SECTIONS)) {
    const error = check(schema, sections[name], undefined)
    if (error !== undefined) return error
  }
  return undefined
}

function check(schema: z.ZodType, value: unknown, place: Place | undefined): string | undefined {
  if (value === null || value === undefined) return undefined
  const found = kindOf(schema)
  switch (found.kind) {
    case 'struct':
      return isObject(value) ? checkFields(schema, found.shape, value, place) : mismatch(schema, value, place)
    case 'map':
      return isObject(value) ? first(Object.values(value), found.of, place) : mismatch(schema, value, place)
    case 'list':
      return Array.isArray(value) ? first(value, found.of, place) : mismatch(schema, value, place)
    default:
      return isOfType(typeOf(schema), value) ? undefined : mismatch(schema, value, place)
  }
}

function first(values: readonly unknown[], schema: z.ZodType, place: Place | undefined): string | undefined {
  for (const value of values) {
    const error = check(schema, value, place)
    if (error !== undefined) return error
  }
  return undefined
}

function checkFields(
  schema: z.ZodType,
  shape: Readonly<Record<string, z.ZodType>>,
  values: Json,
  place: Place | undefined,
): string | undefined {
  const { goType = '', goFields } = metaOf(schema)
  const keys = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]))
  for (const [name, value] of Object.entries(values)) {
    const key = keys.get(name.toLowerCase()) ?? ''
    const member = shape[key]
    if (member === undefined) continue
    const field = goFields === 'tagged' ? key : (goFields?.[key] ?? key.charAt(0).toUpperCase() + key.slice(1))
    const error = check(member, value, { struct: goType, fields: [...(place?.fields ?? []), field] })
    if (error !== undefined) return error
  }
  return undefined
}

function mismatch(schema: z.ZodType, value: unknown, place: Place | undefined): string {
  const where = place === undefined ? 'value' : `struct field ${place.struct}.${place.fields.join('.')}`
  const type = typeOf(schema)
  const kind = kindName(value)
  const found = kind === 'number' && type === 'int' ? `number ${String(value)}` : kind
  return `json: cannot unmarshal ${found} into Go ${where} of type ${type}`
}

function kindName(value: unknown): string {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint') return 'number'
  return Array.isArray(value) ? 'array' : typeof value
}

function typeOf(schema: z.ZodType): string {
  const { goType } = metaOf(schema)
  const found = kindOf(schema)
  if (found.kind === 'struct') return `config.${goType}`
  if (goType !== undefined) return goType
  if (found.kind === 'list') return `[]${memberType(found.of)}`
  if (found.kind === 'map') return `map[string]${memberType(found.of)}`
  const { type, format, check } = bare(schema)._zod.def as { type: string; format?: string; check?: string }
  switch (type) {
    case 'union':
      return 'int'
    case 'number':
      return check === 'number_format' && format === 'safeint' ? 'int' : 'float64'
    case 'boolean':
      return 'bool'
    case 'unknown':
      return 'interface {}'
    default:
      return 'string'
  }
}

/** Structs are held by pointers. */
function memberType(schema: z.ZodType): string {
  return kindOf(schema).kind === 'struct' ? `*${typeOf(schema)}` : typeOf(schema)
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'int':
      return typeof value === 'bigint' || Number.isSafeInteger(value)
    case 'float64':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'bool':
      return typeof value === 'boolean'
    case 'interface {}':
      return true
    default:
      return typeof value === 'string'
  }
}
