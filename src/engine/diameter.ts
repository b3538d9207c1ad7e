import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { DiameterAgentSettings } from '../agents/diameter/agent.ts'
import { ReplyEncoder } from '../agents/diameter/reply-encoder.ts'
import type { DiameterMapping } from '../agents/diameter/request-handler.ts'
import { DiameterReader } from '../agents/diameter/request-paths.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { parseListenAddress } from '../core/listen-address.ts'
import type { Trace } from '../mapping/trace.ts'
import { Dictionary, DictionaryError, readDictionaryFolder } from '../protocol/diameter/dictionary.ts'
import type { MappingSources } from './mapping-sources.ts'
import { ProcessorCompiler } from './processors.ts'

/** Credit control: the application whose dictionary compiles the processors. */
const CREDIT_CONTROL = 4
const FIRMWARE_REVISION = 918

export type CompiledDiameterAgent = {
  settings: DiameterAgentSettings
  mapping: Omit<DiameterMapping, 'remote'>
  /** `sessions_conns`, when they lead to another process; empty: the sessions of this one. */
  remoteConns: readonly string[]
}

/** Compiles dictionaries and request processors. root: folder of the package. trace: told what they do. Throws TemplateError, DictionaryError. */
export function compileDiameterAgent(
  loaded: LoadedConfig,
  root: string,
  nodeId: string,
  sources: MappingSources,
  trace?: Trace,
): CompiledDiameterAgent {
  const { config, placeOf } = loaded
  const section = config.diameter_agent
  const areRemote = leadElsewhere(config, 'sessions', section.sessions_conns)
  const own = section.dictionaries_path === '' ? [] : readOwnDictionaries()
  const dictionary = new Dictionary([...readDictionaryFolder(join(root, 'dictionaries/diameter')), ...own])
  const reader = new DiameterReader(dictionary, CREDIT_CONTROL)
  const encoder = new ReplyEncoder(dictionary, CREDIT_CONTROL)
  function readOwnDictionaries() {
    const key = 'diameter_agent.dictionaries_path'
    try {
      return readDictionaryFolder(section.dictionaries_path)
    } catch (cause) {
      if (!(cause instanceof DictionaryError)) throw cause
      throw new ConfigError([{ place: placeOf(key), key, problem: cause.message }])
    }
  }
  const compiler = new ProcessorCompiler(loaded, reader, sources, trace, (path) => encoder.compile(path))
  const processors = compiler.compile(section.request_processors, 'diameter_agent.request_processors', { areRemote })
  const noticeOf = (key: 'asr_template' | 'rar_template') =>
    section[key] === ''
      ? undefined
      : compiler.compileBuilt(section[key], `diameter_agent.${key}`, '*diamreq', (path) => encoder.compile(path))
  const listeners = section.listeners.map(({ address }) => {
    const { host, port } = parseListenAddress(address)
    return { host: host === '' ? '0.0.0.0' : host, port }
  })
  const literal = listeners.map(({ host }) => host).filter((host) => host !== '0.0.0.0' && host !== '::')
  const everywhere = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  )
  return {
    settings: {
      local: {
        originHost: section.origin_host,
        originRealm: section.origin_realm,
        hostAddresses: literal.length > 0 ? literal : everywhere,
        vendorId: section.vendor_id,
        productName: section.product_name,
        firmwareRevision: FIRMWARE_REVISION,
      },
      listeners,
      cerTimeoutMs: Number(section.cer_timeout / 1_000_000n),
      watchdogMs: Number(section.watchdog_interval / 1_000_000n),
      strict: section.strict,
      maxInFlight: section.max_inflight,
      defaultTenant: config.general.default_tenant,
      nodeId,
    },
    mapping: {
      dictionary,
      processors,
      encoder,
      notices: {
        forcedDisconnect: section.forced_disconnect,
        abort: noticeOf('asr_template'),
        reAuth: noticeOf('rar_template'),
      },
    },
    remoteConns: areRemote ? section.sessions_conns : [],
  }
}
