import { NotFound, TollgateError } from '../core/errors.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { ConfigError, ConfigRefused, clientText } from './config-error.ts'
import { isUrl, readConfigSources } from './config-sources.ts'
import { decoderError } from './go-decoder.ts'
import type { Environment } from './json-scanner.ts'
import { type LocatedJson, parseConfigFile } from './json-source.ts'
import { type LoadedConfig, mergeConfig } from './load-config.ts'
import { isSection, type Json } from './merge.ts'
import { printSections } from './print-config.ts'
import { isForNextStartEverywhere, keysForNextStart } from './restart-keys.ts'
import { SECTIONS, type SectionName } from './schema.ts'

export type ConfigChange = {
  readonly before: LoadedConfig
  readonly after: LoadedConfig
  /** Sections whose values are not what they were. */
  readonly changed: ReadonlySet<SectionName>
}

export type LiveConfigOptions = {
  environment: Environment
  /**
   * Checks and compiles a change, and gives what puts it into effect; what it throws refuses the change. The effect first does
   * what may still fail, then calls `commit` once and serves by the new values from that tick on, then does the rest.
   */
  prepare: (change: ConfigChange) => (commit: () => void) => Promise<void>
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** Sections that `*all` does not show. */
const NOT_IN_ALL: SectionName = 'janus_agent'

/**
 * The configuration in force, and its changes while the process runs: each is checked on a copy, takes effect as a whole or not
 * at all, and after the one before it. Reference 01, 6.
 */
export class LiveConfig {
  #loaded: LoadedConfig
  readonly #options: LiveConfigOptions
  readonly #watchers: ((loaded: LoadedConfig) => void)[] = []
  #lastChange: Promise<unknown> = Promise.resolve()

  constructor(loaded: LoadedConfig, options: LiveConfigOptions) {
    this.#loaded = loaded
    this.#options = options
  }

  get loaded(): LoadedConfig {
    return this.#loaded
  }

  /** Calls back after each change. */
  watch(watcher: (loaded: LoadedConfig) => void): void {
    this.#watchers.push(watcher)
  }

  /** A section, or all of them for '' and `*all`. Throws ConfigRefused. */
  show(section: string): Record<string, unknown> {
    if (section === NOT_IN_ALL) throw new ConfigRefused('Invalid section')
    return this.#show(section)
  }

  /** The same as JSON text. */
  showJson(section: string): string {
    return eventJson(this.#show(section) as EventValue)
  }

  #show(section: string): Record<string, unknown> {
    const names = (Object.keys(SECTIONS) as SectionName[]).filter((name) => name !== NOT_IN_ALL)
    if (section === '' || section === '*all') {
      const { access, ...sections } = printSections(this.#loaded, names)
      // CGRateS has no such section: it is shown when it says something.
      return Object.keys(access as object).length === 0 ? sections : { access, ...sections }
    }
    if (!isSection(section)) throw new ConfigRefused('Invalid section')
    return printSections(this.#loaded, [section])
  }

  /**
   * Merges sections over the configuration in force. dryRun: they are only checked. Resolves to the keys that wait for the next
   * start although CGRateS takes them live. Rejects with ConfigRefused.
   */
  set(sections: Json, dryRun: boolean): Promise<readonly string[]> {
    const unknown = Object.keys(sections).find((name) => !isSection(name))
    if (unknown !== undefined) return Promise.reject(new ConfigRefused(`Invalid section: <${unknown}>`))
    return this.#change(() => [{ name: 'SetConfig', json: { value: sections, places: new Map() } }], 'told', dryRun)
  }

  /** The same with a text in the dialect of files; sections that nobody knows are told in the log. */
  setFromJson(text: string, dryRun: boolean): Promise<readonly string[]> {
    if (text === '') return Promise.resolve([])
    const name = 'SetConfigFromJSON'
    return this.#change(() => [{ name, json: parseConfigFile(name, text, this.#options.environment) }], 'told', dryRun)
  }

  /** Merges a folder or URLs over the configuration in force: one section of them, or all for '' and `*all`. */
  reload(path: string, section: string, dryRun: boolean): Promise<readonly string[]> {
    const isAll = section === '' || section === '*all'
    if (path === '') return Promise.reject(new ConfigRefused('MANDATORY_IE_MISSING: [Path]'))
    if (!isAll && !isSection(section)) return Promise.reject(new ConfigRefused(`Invalid section: <${section}>`))
    const read = async () => {
      const timeoutMs = Number(this.#loaded.config.general.reply_timeout / 1_000_000n)
      const sources = await readConfigSources(path, timeoutMs)
      return sources.map(({ name, text }) => {
        const json = named(name, () => checked(parseConfigFile(name, text, this.#options.environment)))
        return { name, json: isAll ? json : only(json, section) }
      })
    }
    return this.#change(read, 'refused', dryRun)
  }

  #change(
    read: () => Texts | Promise<Texts>,
    unknownKeys: 'refused' | 'told',
    dryRun: boolean,
  ): Promise<readonly string[]> {
    const change = this.#lastChange.then(async () => {
      try {
        const texts = await read()
        for (const { json } of texts) checked(json)
        return await this.#apply(mergeConfig(this.#loaded, texts, unknownKeys), dryRun)
      } catch (cause) {
        if (cause instanceof ConfigError) throw new ConfigRefused(clientText(cause))
        if (cause instanceof TollgateError && !(cause instanceof NotFound)) throw new ConfigRefused(cause.message)
        throw cause
      }
    })
    this.#lastChange = change.catch(() => undefined)
    return change
  }

  async #apply(after: LoadedConfig, dryRun: boolean): Promise<readonly string[]> {
    const before = this.#loaded
    const changed = new Set(
      (Object.keys(SECTIONS) as SectionName[]).filter(
        (name) => JSON.stringify(before.merged[name]) !== JSON.stringify(after.merged[name]),
      ),
    )
    const takeEffect = this.#options.prepare({ before, after, changed })
    if (dryRun) return []
    await takeEffect(() => {
      this.#loaded = after
    })
    const { log } = this.#options
    for (const { place, key, problem } of after.warnings)
      log('warn', `configuration: ${key} ${problem}`, { file: place?.file, line: place?.line })
    const waiting = keysForNextStart(before.merged, after.merged)
    for (const key of waiting) log('warn', `configuration: ${key} takes effect at the next start`, {})
    for (const watcher of this.#watchers) watcher(after)
    log('info', 'configuration changed', { sections: [...changed] })
    return waiting.filter((key) => !isForNextStartEverywhere(key))
  }
}

type Texts = readonly { name: string; json: LocatedJson }[]

/** Refuses what the decoder of CGRateS refuses, in its words. */
function checked(json: LocatedJson): LocatedJson {
  const error = decoderError((json.value ?? {}) as Json)
  if (error !== undefined) throw new ConfigError([{ place: undefined, key: '', problem: error, client: error }])
  return json
}

/** Puts the source in front of what clients read. */
function named<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigRefused(`${isUrl(name) ? 'url' : 'file'} <${name}>:${clientText(cause)}`)
  }
}

function only(json: LocatedJson, section: string): LocatedJson {
  const found = ((json.value ?? {}) as Json)[section]
  return { value: found === undefined ? {} : { [section]: found }, places: json.places }
}
