import type { z } from 'zod'
import { type ConfigProblem, nearestName } from './config-error.ts'
import type { LocatedJson, Place } from './json-source.ts'
import { FORMER_SECTIONS, SECTIONS, type SectionName } from './schema.ts'
import { MASK } from './secrets.ts'
import { OFF_IN_MEMORY } from './sections/caches.ts'
import { kindOf, metaOf } from './sections/key-meta.ts'

export type Json = Record<string, unknown>

/** What one text adds to. */
export type MergeContext = {
  source: LocatedJson
  /** What is taken, by path in the result, with its place where it has one; undefined: it is not kept. */
  places: Map<string, Place | undefined> | undefined
  /** The built-in values: what new readers and exporters begin with. */
  builtIn: Json
  /** Told of keys and sections that nobody knows. */
  unknown: (problem: ConfigProblem, isLoose: boolean) => void
}

/** An entry with a new id begins as a copy of this one. */
const DEFAULT_ENTRY = '*default'

/** The sections of `source` merged over those of `held`; neither is changed. Keys are as the schemas spell them. Reference 01, 2.3. */
export function mergeSections(held: Json, context: MergeContext): Json {
  const merged = { ...held }
  for (const [name, value] of Object.entries((context.source.value ?? {}) as Json)) {
    note(context, name, name)
    const schema = (SECTIONS as Record<string, z.ZodType>)[name]
    if (schema === undefined) {
      const isFormer = FORMER_SECTIONS.has(name)
      const problem = isFormer
        ? 'this section has no effect in this version'
        : `unknown section, ${hint(name, Object.keys(SECTIONS))}`
      context.unknown({ place: context.source.places.get(name), key: name, problem }, isFormer)
    } else if (value !== null) merged[name] = mergeValue(schema, merged[name], value, name, name, context)
  }
  return withMemoryRule(merged)
}

/** Partitions that a data_db in memory makes superfluous are off. Reference 01, 2.3. */
function withMemoryRule(merged: Json): Json {
  const { data_db: dataDb, caches } = merged as { data_db?: Json; caches?: { partitions?: Json } }
  if (!isObject(caches?.partitions) || !/^\*?internal$/.test(String(dataDb?.['db_type']))) return merged
  const partitions = { ...caches.partitions }
  for (const name of OFF_IN_MEMORY) if (isObject(partitions[name])) partitions[name] = { ...partitions[name], limit: 0 }
  return { ...merged, caches: { ...caches, partitions } }
}

/** from, to: paths of the value in the text and in the result. */
function mergeValue(
  schema: z.ZodType,
  held: unknown,
  added: unknown,
  from: string,
  to: string,
  context: MergeContext,
): unknown {
  note(context, from, to)
  const found = kindOf(schema)
  const { merge, secret } = metaOf(schema)
  if (secret && added === MASK && typeof held === 'string') return held
  if (found.kind === 'struct' && isObject(added))
    return mergeStruct(schema, found.shape, held, added, from, to, context)
  if (found.kind === 'map' && isObject(added)) {
    const merged: Json = isObject(held) && merge !== 'replace' ? { ...held } : {}
    for (const [name, value] of Object.entries(added)) {
      if (value === null) continue
      const before = merge === 'entries' ? merged[name] : undefined
      if (before === undefined) warnOfNoLimit(found.of, value, `${from}.${name}`, `${to}.${name}`, context)
      merged[name] = mergeValue(found.of, before, value, `${from}.${name}`, `${to}.${name}`, context)
    }
    return merged
  }
  if (found.kind !== 'list' || !Array.isArray(added)) return added
  const before = Array.isArray(held) ? held : []
  if (merge === 'keepWhenEmpty' && added.length === 0) return before
  if (merge === 'byId' || merge === 'byIdFromDefault')
    return mergeById(found.of, before, added, from, to, merge === 'byIdFromDefault', context)
  const begin = merge === 'append' ? before : []
  const entries = added.map((each, i) =>
    mergeValue(found.of, undefined, each, `${from}[${i}]`, `${to}[${begin.length + i}]`, context),
  )
  return [...begin, ...entries]
}

/** An entry without limit is off where absent keys are 0: hardly what was meant. */
function warnOfNoLimit(schema: z.ZodType, value: unknown, from: string, to: string, context: MergeContext): void {
  const { goType } = metaOf(schema)
  const isLimited = goType === 'CacheParamJsonCfg' || (goType === 'ItemOptJson' && to.startsWith('stor_db.'))
  if (!isLimited || !isObject(value) || Object.keys(value).some((key) => key.toLowerCase() === 'limit')) return
  const problem = 'names no limit, which is 0 then: nothing is kept'
  context.unknown({ place: context.source.places.get(from), key: to, problem }, true)
}

function mergeStruct(
  schema: z.ZodType,
  shape: Readonly<Record<string, z.ZodType>>,
  held: unknown,
  added: Json,
  from: string,
  to: string,
  context: MergeContext,
): Json {
  const merged: Json = isObject(held) ? { ...held } : {}
  const { aliases, loose } = metaOf(schema)
  for (const [name, value] of Object.entries(added)) {
    const key = keyOf(shape, aliases, name)
    const [below, target] = [`${from}.${name}`, `${to}.${key ?? name}`]
    const member = key === undefined ? undefined : shape[key]
    if (member === undefined || key === undefined) {
      const problem = `unknown key, ${hint(name, Object.keys(shape))}`
      context.unknown({ place: context.source.places.get(below), key: target, problem }, loose === true)
    } else if (value !== null) merged[key] = mergeValue(member, merged[key], value, below, target, context)
  }
  return merged
}

/** Entries with an id that is there are merged into it, others are added. */
function mergeById(
  schema: z.ZodType,
  held: readonly unknown[],
  added: readonly unknown[],
  from: string,
  to: string,
  isFromDefault: boolean,
  context: MergeContext,
): unknown[] {
  const merged = [...held]
  for (const [i, entry] of added.entries()) {
    const id = isObject(entry) ? entry['id'] : undefined
    const at = id === undefined ? -1 : merged.findIndex((each) => isObject(each) && each['id'] === id)
    const place = at < 0 ? merged.length : at
    const before = at >= 0 ? merged[at] : isFromDefault ? builtInEntry(context, to) : undefined
    merged[place] = mergeValue(schema, before, entry, `${from}[${i}]`, `${to}[${place}]`, context)
  }
  return merged
}

function builtInEntry({ builtIn }: MergeContext, path: string): unknown {
  const [section = '', key = ''] = path.split('.')
  const list = (builtIn[section] as Json | undefined)?.[key]
  return Array.isArray(list) ? list.find((each) => isObject(each) && each['id'] === DEFAULT_ENTRY) : undefined
}

const LOWER = new WeakMap<object, Map<string, string>>()

/** The key of a struct that a name means, in any letter case. */
function keyOf(
  shape: Readonly<Record<string, z.ZodType>>,
  aliases: Readonly<Record<string, string>> | undefined,
  name: string,
): string | undefined {
  if (Object.hasOwn(shape, name)) return name
  let names = LOWER.get(shape)
  if (names === undefined) {
    names = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]))
    for (const [alias, key] of Object.entries(aliases ?? {})) names.set(alias.toLowerCase(), key)
    LOWER.set(shape, names)
  }
  return names.get(name.toLowerCase())
}

function note({ source, places }: MergeContext, from: string, to: string): void {
  places?.set(to, source.places.get(from))
}

function hint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  return near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names of sections. */
export function isSection(name: string): name is SectionName {
  return Object.hasOwn(SECTIONS, name)
}
