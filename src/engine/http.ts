import { type HttpMessage, REQUEST_PAYLOADS, type RequestPayload } from '../agents/http/http-request.ts'
import { REPLY_PAYLOADS, type ReplyPayload } from '../agents/http/reply.ts'
import { HttpReader } from '../agents/http/request-paths.ts'
import { leadElsewhere } from '../config/checks/connections.ts'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import type { MappingSources } from './mapping-sources.ts'
import { ProcessorCompiler } from './processors.ts'

/** One entry of the section `http_agent`, compiled. */
export type CompiledHttpAgent = {
  id: string
  url: string
  requestPayload: RequestPayload
  replyPayload: ReplyPayload
  processors: readonly RequestProcessor<HttpMessage, never>[]
}

/** Compiles an entry of the section `http_agent`, by its place in the list. Throws TemplateError, ConfigError. */
export function compileHttpAgent(
  loaded: LoadedConfig,
  index: number,
  sources: MappingSources,
  trace?: Trace,
): CompiledHttpAgent {
  const section = loaded.config.http_agent[index]
  const key = `http_agent[${index}]`
  if (section === undefined) throw new ConfigError([{ place: undefined, key, problem: 'is not there' }])
  const { id, url, request_payload, reply_payload, request_processors } = section
  const requestPayload = oneOf(REQUEST_PAYLOADS, request_payload, loaded, `${key}.request_payload`, 'request')
  const replyPayload = oneOf(REPLY_PAYLOADS, reply_payload, loaded, `${key}.reply_payload`, 'reply')
  const areRemote = leadElsewhere(loaded.config, 'sessions', section.sessions_conns ?? [])
  const reader = new HttpReader(requestPayload)
  const compiler = new ProcessorCompiler<HttpMessage, never>(loaded, reader, sources, trace, () => undefined)
  const processors = compiler.compile(request_processors, `${key}.request_processors`, { areRemote })
  return { id, url, requestPayload, replyPayload, processors }
}

function oneOf<T extends string>(
  known: readonly T[],
  text: string,
  { placeOf }: LoadedConfig,
  key: string,
  what: 'request' | 'reply',
): T {
  const found = known.find((each) => each === text)
  if (found !== undefined) return found
  throw new ConfigError([{ place: placeOf(key), key, problem: `<HTTPAgent> unsupported ${what} payload ${text}` }])
}
