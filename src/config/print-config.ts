import type { z } from 'zod'
import type { LoadedConfig } from './load-config.ts'
import { isObject, type Json } from './merge.ts'
import { SECTIONS, type SectionName } from './schema.ts'
import { MASK } from './secrets.ts'
import { kindOf, metaOf } from './sections/key-meta.ts'

/**
 * Sections as ConfigSv1 shows them: values normalised, keys in the order of their letters, passwords and keys masked unless
 * configs.mask_secrets is off. Reference 01, 6.1.
 */
export function printSections(
  loaded: LoadedConfig,
  names: readonly SectionName[],
  masks = loaded.config.configs.mask_secrets,
): Record<string, unknown> {
  const printed = names.map((name): [string, unknown] => {
    const schema: z.ZodType = SECTIONS[name]
    const ownValues = { set: loaded.merged[name], builtIn: loaded.builtIn[name] }
    return [name, print(schema, loaded.config[name], ownValues, masks)]
  })
  return sorted(Object.fromEntries(printed))
}

/** What a file says of a value, and what tollgate.json says. */
type OwnValues = { set: unknown; builtIn: unknown }

function print(schema: z.ZodType, value: unknown, values: OwnValues, masks: boolean): unknown {
  const meta = metaOf(schema)
  if (meta.secret && masks && value !== '' && value !== undefined) return MASK
  if (meta.print !== undefined) return meta.print(value)
  const found = kindOf(schema)
  if (found.kind === 'list' && Array.isArray(value))
    return value.map((each) => print(found.of, each, { set: undefined, builtIn: undefined }, masks))
  if (found.kind === 'map' && isObject(value)) {
    const entries = Object.entries(value).map(([name, each]): [string, unknown] => [
      name,
      print(found.of, each, below(values, name), masks),
    ])
    return Object.fromEntries(entries)
  }
  if (found.kind !== 'struct' || !isObject(value)) return value
  const printed: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(found.shape)) {
    const each = value[key]
    const inner = below(values, key)
    if (meta.own?.includes(key) && isSame(inner)) continue
    const name = meta.printAs?.[key] ?? key
    if (each !== undefined) printed[name] = print(member, each, inner, masks)
    else if (meta.nulls?.includes(key)) printed[name] = null
  }
  return printed
}

function below({ set, builtIn }: OwnValues, key: string): OwnValues {
  return { set: (set as Json | undefined)?.[key], builtIn: (builtIn as Json | undefined)?.[key] }
}

function isSame({ set, builtIn }: OwnValues): boolean {
  return JSON.stringify(set) === JSON.stringify(builtIn)
}

function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([name, each]): [string, unknown] => [name, sorted(each)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as T
}
