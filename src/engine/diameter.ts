import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { DiameterAgentSettings, DiameterMapping } from '../agents/diameter/agent.ts'
import { ReplyEncoder } from '../agents/diameter/reply-encoder.ts'
import { DiameterReader } from '../agents/diameter/request-paths.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { RequestProcessorConfig } from '../config/schema.ts'
import { parseListenAddress } from '../core/listen-address.ts'
import { FilterCompiler, type FilterSources } from '../filters/filter-compiler.ts'
import { BoundedCache } from '../mapping/bounded-cache.ts'
import type { PlanEnvironment } from '../mapping/field-plan.ts'
import { compileProcessor } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import type { RawAvp } from '../protocol/diameter/avp.ts'
import { Dictionary, DictionaryError, readDictionaryFolder } from '../protocol/diameter/dictionary.ts'
import type { DiameterMessage } from '../protocol/diameter/message.ts'
import { fieldTemplates } from './field-templates.ts'

/** Credit control: the application whose dictionary compiles the processors. */
const CREDIT_CONTROL = 4
const FIRMWARE_REVISION = 918

export type CompiledDiameterAgent = {
  settings: DiameterAgentSettings
  mapping: DiameterMapping
}

/** Compiles dictionaries and request processors. root: folder of the package. trace: told what they do. Throws TemplateError, DictionaryError. */
export function compileDiameterAgent(
  { config, placeOf }: LoadedConfig,
  root: string,
  nodeId: string,
  sources: FilterSources,
  trace?: Trace,
): CompiledDiameterAgent {
  const section = config.diameter_agent
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
  const place = (path: string) => {
    const at = placeOf(path)
    return at === undefined ? path : `${at.file}:${at.line}`
  }
  const templates = new Map(
    Object.entries(config.templates).map(([id, fields]) => [id, fieldTemplates(fields, `templates.${id}`, place)]),
  )
  const parserOptions = {
    separator: config.general.rsr_separator,
    config,
    cache: new BoundedCache(),
    ...(trace === undefined ? {} : { trace }),
  }
  const environmentFor = (group: string | undefined): PlanEnvironment<DiameterMessage, RawAvp> => {
    const options = { ...parserOptions, group }
    const filters = new FilterCompiler(reader, options, sources)
    return {
      reader,
      options,
      templates,
      compileFilters: (ids) => filters.compile(ids),
      checkReplyPath: (path) => encoder.compile(path),
      roundingDecimals: config.general.rounding_decimals,
    }
  }
  const processors = section.request_processors.map((processor, i) => {
    const path = `diameter_agent.request_processors[${i}]`
    return compileProcessor(processorTemplate(processor, path, place), environmentFor)
  })
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
    mapping: { dictionary, processors, encoder },
  }
}

function processorTemplate(processor: RequestProcessorConfig, path: string, place: (path: string) => string) {
  return {
    id: processor.id,
    filters: processor.filters,
    tenant: processor.tenant,
    flags: processor.flags,
    forEach: processor.for_each,
    requestFields: fieldTemplates(processor.request_fields, `${path}.request_fields`, place),
    replyFields: fieldTemplates(processor.reply_fields, `${path}.reply_fields`, place),
    place: place(path),
  }
}
