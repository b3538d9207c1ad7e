import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { readConfigSources } from './config-sources.ts'
import type { Environment } from './json-scanner.ts'
import { type LocatedJson, type Place, parseConfigFile } from './json-source.ts'
import { isObject, type Json, mergeSections } from './merge.ts'
import { type Config, NOT_AVAILABLE, SECTIONS, SECTIONS_WITHOUT_EFFECT, type SectionName } from './schema.ts'
import { MASK } from './secrets.ts'
import { PARTITIONS_IN_USE } from './sections/caches.ts'
import { EXPORTER_TYPES } from './sections/ees.ts'
import { bare, kindOf, metaOf } from './sections/key-meta.ts'
import { NO_EFFECT } from './sections/key-types.ts'

export type LoadedConfig = {
  config: Config
  /** The sections as they were merged, values not read yet: what a later change is merged over. */
  merged: Readonly<Json>
  /** The values of the defaults file alone. */
  builtIn: Readonly<Json>
  /** Place of a key by its path; undefined for defaults. */
  placeOf: (path: string) => Place | undefined
  /** Paths or URLs that were read, in order. */
  files: readonly string[]
  /** Keys and sections of the files that have no effect in this version, each with its place. */
  warnings: readonly ConfigProblem[]
}

/** Time that the fetch of one URL may take before a configuration says otherwise: the default of general.reply_timeout. */
const FETCH_MS = 2_000

/**
 * Loads a folder or a list of URLs, each text merged over the last, and checks every key. defaultsFile
 * (`config/tollgate.json`) comes before all of them. Throws ConfigError with all problems found. Reference 01, 2.
 */
export async function loadConfig(path: string, environment: Environment, defaultsFile: string): Promise<LoadedConfig> {
  const [defaults, sources] = await Promise.all([readFile(defaultsFile, 'utf8'), readConfigSources(path, FETCH_MS)])
  const builtIn = mergeDefaults(parseConfigFile(defaultsFile, defaults, {}))
  const files = sources.map(({ name, text }) => ({ name, json: parseConfigFile(name, text, environment) }))
  return mergeConfig({ merged: builtIn, builtIn, placeOf: () => undefined }, files, 'refused')
}

/** What is in force without any file but the defaults. */
export async function loadDefaults(defaultsFile: string): Promise<LoadedConfig> {
  const builtIn = mergeDefaults(parseConfigFile(defaultsFile, await readFile(defaultsFile, 'utf8'), {}))
  return mergeConfig({ merged: builtIn, builtIn, placeOf: () => undefined }, [], 'refused')
}

function mergeDefaults(source: LocatedJson): Json {
  const unknown = ({ key, problem }: ConfigProblem) => {
    throw new Error(`${key}: ${problem}`)
  }
  return mergeSections({}, { source, places: undefined, builtIn: {}, unknown })
}

/**
 * What a folder says, for another node: checked as far as it can be read, `*env:` left to that node. Throws ConfigError.
 */
export async function loadForOthers(folder: string, builtIn: Readonly<Json>): Promise<LoadedConfig> {
  const sources = await readConfigSources(folder, FETCH_MS)
  const files = sources.map(({ name, text }) => ({ name, json: parseConfigFile(name, text, undefined) }))
  return mergeConfig({ merged: builtIn, builtIn, placeOf: () => undefined }, files, 'shown')
}

/**
 * A configuration with further texts merged over it, checked; held is not changed. unknownKeys: whether those that nobody knows
 * are problems or warnings; 'shown': they are warnings, and services that this version lacks may be enabled. Throws ConfigError
 * with all problems found.
 */
export function mergeConfig(
  held: Pick<LoadedConfig, 'merged' | 'builtIn' | 'placeOf'>,
  texts: readonly { name: string; json: LocatedJson }[],
  unknownKeys: 'refused' | 'told' | 'shown',
): LoadedConfig {
  const places = new Map<string, Place | undefined>()
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []
  const unknown = (problem: ConfigProblem, isLoose: boolean) =>
    (isLoose || unknownKeys !== 'refused' ? warnings : problems).push(problem)
  let merged: Json = held.merged
  for (const { json } of texts) merged = mergeSections(merged, { source: json, places, builtIn: held.builtIn, unknown })
  merged = withNodeId(merged, held.merged)
  const config = validate(merged, places, problems, unknownKeys === 'shown')
  return {
    config,
    merged,
    builtIn: held.builtIn,
    placeOf: (path) => places.get(path) ?? held.placeOf(path),
    files: texts.map(({ name }) => name),
    warnings: [...warnings, ...keysWithoutEffect(places), ...exportersWithoutEffect(config, places)],
  }
}

/** A node without a name gets a random one, and keeps it. Reference 01, 4.1. */
function withNodeId(merged: Json, held: Readonly<Json>): Json {
  const general = merged['general'] as Json
  if (general['node_id'] !== '') return merged
  const name = (held['general'] as Json)['node_id'] || randomBytes(4).toString('hex').slice(0, 7)
  return { ...merged, general: { ...general, node_id: name } }
}

function validate(
  merged: Json,
  places: ReadonlyMap<string, Place | undefined>,
  problems: ConfigProblem[],
  isForOthers: boolean,
): Config {
  const config: Partial<Record<SectionName, unknown>> = {}
  for (const [name, schema] of Object.entries(SECTIONS) as [SectionName, z.ZodType][]) {
    const value = merged[name]
    if (!isForOthers && NOT_AVAILABLE.has(name) && isObject(value) && value['enabled'] === true) {
      const problem = 'this section is not available in this version, expected "enabled": false'
      problems.push({ place: places.get(name), key: name, problem })
    }
    const result = schema.safeParse(value)
    if (result.success) config[name] = result.data
    else for (const issue of result.error.issues) problems.push(problemOf(name, issue, value, places))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config) as Config
}

function problemOf(
  section: string,
  issue: z.core.$ZodIssue,
  value: unknown,
  places: ReadonlyMap<string, Place | undefined>,
): ConfigProblem {
  const key = issue.path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    section,
  )
  const written = issue.path.reduce<unknown>((node, step) => (node as Json | undefined)?.[step as string], value)
  const schema = schemaAt(SECTIONS[section as SectionName], issue.path.map(String))
  // A key or a password that is wrong may be right elsewhere.
  const found = schema !== undefined && metaOf(schema).secret ? MASK : written
  const { client } = (issue.code === 'custom' ? issue.params : undefined) ?? {}
  return {
    place: nearestPlace(places, key),
    key,
    problem: problemText(found, issue.message),
    ...(typeof client === 'string' ? { client } : {}),
  }
}

/** Keys of the files that nothing reads. */
function keysWithoutEffect(places: ReadonlyMap<string, Place | undefined>): ConfigProblem[] {
  const warnings: ConfigProblem[] = []
  for (const [path, place] of places) {
    const [section = '', ...rest] = path.split(/[.[\]]+/).filter((step) => step !== '')
    if (SECTIONS_WITHOUT_EFFECT.has(section as SectionName)) {
      if (rest.length === 0) warnings.push({ place, key: path, problem: 'this section has no effect in this version' })
    } else if (section === 'caches' && rest[1] !== undefined && !PARTITIONS_IN_USE.has(rest[1])) {
      if (rest.length === 2)
        warnings.push({ place, key: path, problem: 'this partition has no effect in this version' })
    } else if (Object.hasOwn(SECTIONS, section)) {
      const schema = schemaAt(SECTIONS[section as SectionName], rest)
      if (schema !== undefined && NO_EFFECT.has(schema))
        warnings.push({ place, key: path, problem: 'has no effect in this version' })
    }
  }
  return warnings
}

/** Exporters of types that this version lacks: those that CDRs go to stop the start, others may stand there. */
function exportersWithoutEffect(
  { ees }: Config,
  places: ReadonlyMap<string, Place | undefined>,
): readonly ConfigProblem[] {
  return ees.exporters.flatMap(({ type }, i) => {
    const key = `ees.exporters[${i}].type`
    if (EXPORTER_TYPES.has(type) || !places.has(key)) return []
    return [{ place: places.get(key), key, problem: `${JSON.stringify(type)} is not available in this version` }]
  })
}

function nearestPlace(places: ReadonlyMap<string, Place | undefined>, path: string): Place | undefined {
  for (let at = path; at !== ''; at = at.replace(/(\.[^.[\]]*|\[\d+\])$/, '')) {
    const place = places.get(at)
    if (place !== undefined || !/[.[]/.test(at)) return place
  }
  return undefined
}

/** A message of a schema with the value it is about; those of CGRateS stay as they are. */
function problemText(found: unknown, message: string): string {
  if (message.startsWith('<')) return message
  const value = found === undefined ? 'missing' : JSON.stringify(found)
  return `${value}: ${message.replace(/^Invalid (input|option): /, '').replace(/^Too (small|big): /, '')}`
}

/** The schema of the value at a path below one, undefined when it knows no such key. */
function schemaAt(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType | undefined {
  let node: z.core.$ZodType | undefined = schema
  for (const step of path) {
    if (node === undefined) return undefined
    const kind = kindOf(bare(node))
    node = kind.kind === 'struct' ? kind.shape[step] : kind.kind === 'scalar' ? undefined : kind.of
  }
  return node
}
