import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ByClient } from '../agents/radius/clients.ts'
import { RadiusReplyEncoder } from '../agents/radius/reply-encoder.ts'
import { RadiusReader } from '../agents/radius/request-paths.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import { RadiusDictionary } from '../protocol/radius/dictionary.ts'
import { RadiusDictionaryError, readDictionaryFolders } from '../protocol/radius/dictionary-files.ts'
import type { RadiusMessage } from '../protocol/radius/message.ts'
import { secretOctets } from '../protocol/radius/values.ts'
import type { MappingSources } from './mapping-sources.ts'
import { ProcessorCompiler } from './processors.ts'

/** The folder that the built-in configuration names: where it is not, the one of the package stands for it. */
const DEFAULT_FOLDER = '/usr/share/cgrates/radius/dict/'

/** What packets of clients with the same dictionaries are mapped by. */
export type RadiusMapping = {
  dictionary: RadiusDictionary
  processors: readonly RequestProcessor<RadiusMessage, never>[]
  encoder: RadiusReplyEncoder
}

export type CompiledRadiusAgent = {
  /** The shared secret of a client, by address; undefined: it is none. */
  secretOf: (address: string) => Buffer | undefined
  mappingOf: (address: string) => RadiusMapping
}

/**
 * Compiles the section `radius_agent`: once for every list of dictionaries. root: folder of the package. Throws TemplateError,
 * ConfigError.
 */
export function compileRadiusAgent(
  loaded: LoadedConfig,
  root: string,
  sources: MappingSources,
  trace?: Trace,
): CompiledRadiusAgent {
  const { config, placeOf } = loaded
  const section = config.radius_agent
  const areRemote = leadElsewhere(config, 'sessions', section.sessions_conns)
  const base = join(root, 'dictionaries/radius/base')
  const mappings = new Map<string, RadiusMapping>()
  const compile = (folders: readonly string[]): RadiusMapping => {
    const held = mappings.get(folders.join('\n'))
    if (held !== undefined) return held
    const shipped = join(root, 'dictionaries/radius/default')
    const own = folders.map((folder) => (folder === DEFAULT_FOLDER && !existsSync(folder) ? shipped : folder))
    const dictionary = new RadiusDictionary(readDictionaryFolders([base, ...own]))
    const compiler = new ProcessorCompiler<RadiusMessage, never>(
      loaded,
      new RadiusReader(dictionary),
      sources,
      trace,
      () => undefined,
    )
    const mapping = {
      dictionary,
      processors: compiler.compile(section.request_processors, 'radius_agent.request_processors', { areRemote }),
      encoder: new RadiusReplyEncoder(dictionary, () => randomInt(0x8000)),
    }
    mappings.set(folders.join('\n'), mapping)
    return mapping
  }
  const byClient = new ByClient(
    Object.fromEntries(
      Object.entries(section.client_dictionaries).map(([client, folders]) => {
        try {
          return [client, compile(folders)]
        } catch (cause) {
          if (!(cause instanceof RadiusDictionaryError)) throw cause
          const key = `radius_agent.client_dictionaries.${client}`
          throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
        }
      }),
    ),
  )
  const secrets = new ByClient(section.client_secrets)
  return {
    secretOf(address) {
      const secret = secrets.of(address)
      return secret === undefined ? undefined : secretOctets(secret)
    },
    mappingOf: (address) => byClient.of(address) ?? compile([]),
  }
}
