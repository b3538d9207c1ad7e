import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { ConfigError, type ConfigProblem, nearestName } from './config-error.ts'
import { type LocatedJson, type Place, parseConfigFile } from './json-source.ts'
import { type Config, SECTIONS, type SectionName } from './schema.ts'
import { NO_EFFECT } from './sections/key-types.ts'

export type LoadedConfig = {
  config: Config
  /** Place of a key by its path; undefined for defaults. */
  placeOf: (path: string) => Place | undefined
  files: readonly string[]
  /** Keys and sections of the files that have no effect in this version, each with its place. */
  warnings: readonly ConfigProblem[]
}

type Json = Record<string, unknown>

/** Lists whose entries are one object each, told apart by `id`. Reference 01, 2.3. */
const MERGED_BY_ID = new Set(['request_processors', 'exporters'])
/** An entry with a new id begins as a copy of this one, where the list has it. Reference 01, 2.3. */
const DEFAULT_ENTRY = '*default'
/** Maps that are merged key by key. */
const MERGED_BY_KEY = new Set(['max_computed_usage', 'balance_rating_subject', 'default_usage', 'templates', 'opts'])

/**
 * Loads a folder: every `*.json` in lexical order, then its sub-folders, each merged over the last. Checks every key of the
 * sections that this version has. defaultsFile (`config/tollgate.json`) comes before all of them. Throws ConfigError with all
 * problems found. Reference 01, 2.
 */
export function loadConfig(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  defaultsFile: string,
): LoadedConfig {
  const files = configFiles(folder)
  if (files.length === 0)
    throw new ConfigError([{ place: undefined, key: '', problem: `No config file found on path ${folder}` }])
  let merged: Json = {}
  const places = new Map<string, Place>()
  for (const file of [defaultsFile, ...files]) {
    const located = parseConfigFile(file, readFileSync(file, 'utf8'), environment)
    if (located.value === null) continue
    if (typeof located.value !== 'object' || Array.isArray(located.value)) {
      throw new ConfigError([
        { place: { file, line: 1, column: 1 }, key: '', problem: 'expected a JSON object of sections' },
      ])
    }
    merged = mergeInto(merged, located.value as Json, '', '', located, places)
  }
  const own = new Map([...places].filter(([, { file }]) => file !== defaultsFile))
  const config = validate(merged, own)
  return { config, placeOf: (path) => own.get(path), files, warnings: keysWithoutEffect(merged, own) }
}

function configFiles(folder: string): string[] {
  try {
    if (!statSync(folder).isDirectory())
      throw new ConfigError([{ place: undefined, key: '', problem: `path: ${folder} not a directory` }])
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    const own = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map(({ name }) => join(folder, name))
    return [
      ...own,
      ...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => configFiles(join(folder, name))),
    ]
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError([{ place: undefined, key: '', problem: `path:"${folder}" is not reachable` }])
  }
}

/** Merges `added` over `held`, carrying the places of what is taken. from, to: paths in the file and in the result. */
function mergeInto(
  held: Json,
  added: Json,
  from: string,
  to: string,
  source: LocatedJson,
  places: Map<string, Place>,
): Json {
  const merged = { ...held }
  const isSections = to === ''
  const isSection = !isSections && !/[.[]/.test(to) && to !== 'templates'
  for (const [name, value] of Object.entries(added)) {
    if (value === null) continue
    const key = isSection ? name.toLowerCase() : name
    const [fromPath, toPath] = [join2(from, name), join2(to, key)]
    copyPlace(source, fromPath, places, toPath)
    const before = merged[key]
    if (isObject(value) && isObject(before) && (isSections || MERGED_BY_KEY.has(key))) {
      merged[key] = mergeInto(before, value, fromPath, toPath, source, places)
    } else if (MERGED_BY_ID.has(key) && Array.isArray(value)) {
      merged[key] = mergeById(Array.isArray(before) ? before : [], value, fromPath, toPath, source, places)
    } else {
      merged[key] = value
      copyPlaces(source, fromPath, places, toPath)
    }
  }
  return merged
}

function mergeById(
  held: readonly unknown[],
  added: readonly unknown[],
  from: string,
  to: string,
  source: LocatedJson,
  places: Map<string, Place>,
): unknown[] {
  const merged = [...held]
  for (const [i, entry] of added.entries()) {
    const id = isObject(entry) ? entry['id'] : undefined
    const at = id === undefined ? -1 : indexOfId(merged, id)
    const before = merged[at < 0 ? indexOfId(merged, DEFAULT_ENTRY) : at]
    const place = at < 0 ? merged.length : at
    copyPlace(source, `${from}[${i}]`, places, `${to}[${place}]`)
    if (isObject(entry) && isObject(before))
      merged[place] = mergeInto(before, entry, `${from}[${i}]`, `${to}[${place}]`, source, places)
    else {
      merged[place] = entry
      copyPlaces(source, `${from}[${i}]`, places, `${to}[${place}]`)
    }
  }
  return merged
}

function indexOfId(entries: readonly unknown[], id: unknown): number {
  return entries.findIndex((each) => isObject(each) && each['id'] === id)
}

function join2(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function copyPlace(source: LocatedJson, from: string, places: Map<string, Place>, to: string): void {
  const place = source.places.get(from)
  if (place !== undefined) places.set(to, place)
}

function copyPlaces(source: LocatedJson, from: string, places: Map<string, Place>, to: string): void {
  for (const [path, place] of source.places) {
    if (path === from || path.startsWith(`${from}.`) || path.startsWith(`${from}[`))
      places.set(to + path.slice(from.length), place)
  }
}

function validate(merged: Json, places: ReadonlyMap<string, Place>): Config {
  const problems: ConfigProblem[] = []
  const config: Partial<Record<SectionName, unknown>> = {}
  for (const [name, value] of Object.entries(merged)) {
    if (name in SECTIONS) continue
    const problem = !OTHER_SECTIONS.has(name)
      ? `unknown section, ${hint(name, [...Object.keys(SECTIONS), ...OTHER_SECTIONS])}`
      : isObject(value) && value['enabled'] === true
        ? 'this section is not available in this version, expected "enabled": false'
        : undefined
    if (problem !== undefined) problems.push({ place: places.get(name), key: name, problem })
  }
  for (const [name, schema] of Object.entries(SECTIONS) as [SectionName, z.ZodType][]) {
    const result = schema.safeParse(merged[name] ?? {})
    if (result.success) config[name] = result.data
    else
      for (const issue of result.error.issues) problems.push(...problemsOf(name, issue, merged[name], schema, places))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config) as Config
}

function problemsOf(
  section: string,
  issue: z.core.$ZodIssue,
  value: unknown,
  schema: z.ZodType,
  places: ReadonlyMap<string, Place>,
): ConfigProblem[] {
  const path = issue.path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    section,
  )
  if (issue.code !== 'unrecognized_keys') {
    const found = issue.path.reduce<unknown>((node, step) => (node as Json | undefined)?.[step as string], value)
    return [{ place: nearestPlace(places, path), key: path, problem: problemOf(found, issue.message) }]
  }
  const known = keysOf(schema, issue.path)
  return issue.keys.map((key) => ({
    place: places.get(`${path}.${key}`),
    key: `${path}.${key}`,
    problem: `unknown key, ${hint(key, known)}`,
  }))
}

function hint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  return near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`
}

function keysWithoutEffect(merged: Json, places: ReadonlyMap<string, Place>): ConfigProblem[] {
  const warnings: ConfigProblem[] = []
  for (const [path, place] of places) {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
    const [section = '', ...rest] = steps
    if (section in SECTIONS) {
      const schema = schemaAt(SECTIONS[section as SectionName], rest)
      if (schema !== undefined && NO_EFFECT.has(schema))
        warnings.push({ place, key: path, problem: 'has no effect in this version' })
    } else if (rest.length === 0 && merged[section] !== undefined)
      warnings.push({ place, key: path, problem: 'this section has no effect in this version' })
  }
  return warnings
}

function nearestPlace(places: ReadonlyMap<string, Place>, path: string): Place | undefined {
  for (let at = path; at !== ''; at = at.replace(/(\.[^.[\]]*|\[\d+\])$/, '')) {
    const place = places.get(at)
    if (place !== undefined || !/[.[]/.test(at)) return place
  }
  return undefined
}

/** A message of a schema with the value it is about; those of CGRateS stay as they are. */
function problemOf(found: unknown, message: string): string {
  if (message.startsWith('<')) return message
  const value = found === undefined ? 'missing' : JSON.stringify(found)
  return `${value}: ${message.replace(/^Invalid (input|option): /, '').replace(/^Too (small|big): /, '')}`
}

/** Keys that the schema knows at a path. */
function keysOf(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return Object.keys((unwrap(schemaAt(schema, path.map(String))) as { shape?: Json }).shape ?? {})
}

/** The schema of the value at a path below one, undefined when it knows no such key. */
function schemaAt(schema: z.ZodType, path: readonly string[]): z.ZodType | undefined {
  let node: z.ZodType | undefined = schema
  for (const step of path) {
    const { element, shape, valueType } = unwrap(node) as {
      element?: z.ZodType
      shape?: Record<string, z.ZodType>
      valueType?: z.ZodType
    }
    node = element ?? valueType ?? shape?.[step]
  }
  return node
}

function unwrap(node: unknown): unknown {
  let inner = node as { def?: { innerType?: unknown } } | undefined
  while (inner?.def?.innerType !== undefined) inner = inner.def.innerType as typeof inner
  return inner ?? {}
}

/** Sections of CGRateS that this version does not have. Reference 01, 4. */
const OTHER_SECTIONS = new Set([
  'rpc_conns',
  'caches',
  'filters',
  'tls',
  'cores',
  'configs',
  'ers',
  'radius_agent',
  'http_agent',
  'dns_agent',
  'sip_agent',
  'janus_agent',
  'prometheus_agent',
  'asterisk_agent',
  'freeswitch_agent',
  'kamailio_agent',
  'attributes',
  'resources',
  'ips',
  'stats',
  'trends',
  'rankings',
  'thresholds',
  'routes',
  'dispatchers',
  'registrarc',
  'analyzers',
  'loaders',
  'loader',
  'migrator',
  'mailer',
  'suretax',
  'sentrypeer',
  'efs',
])
