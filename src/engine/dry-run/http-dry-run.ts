import { type HttpMessage, type HttpRequest, pathOf, readHttpMessage } from '../../agents/http/http-request.ts'
import { httpReply } from '../../agents/http/reply.ts'
import { messageContext } from '../../agents/pipeline.ts'
import { InvalidText } from '../../core/errors.ts'
import { MappingError } from '../../mapping/value.ts'
import { tcpStreams } from '../../protocol/pcap.ts'
import { type CompiledHttpAgent, compileHttpAgent } from '../http.ts'
import type { DryRunRequest } from './dry-run.ts'
import { DryRunError } from './dry-run-error.ts'
import { httpRequestsOf, isHttpRequest } from './http-text.ts'
import { INPUT_NAMES, inputOf, type MessageInput } from './input.ts'
import { dryRunMessage } from './pipeline-dry-run.ts'
import { MappingReport } from './report.ts'

type Received = { request: HttpRequest; remote: string }

/**
 * Maps HTTP requests as an entry of `http_agent` would: the one that is named, else the one whose URL the request has, else the first. Throws
 * InvalidText, ConfigError, TemplateError, DryRunError.
 */
export async function httpDryRun(dry: DryRunRequest): Promise<readonly string[]> {
  const received = receivedOf(inputOf(dry.bytes))
  if (received.length === 0) throw new InvalidText('there is no HTTP request in the file')
  const compiled = compiledOf(dry, new MappingReport())
  const read = await Promise.all(
    received.map(async (each) => {
      const { requestPayload } = compiled.agentFor(each.request)
      const message = await readHttpMessage(each.request, requestPayload).catch((cause: unknown) => {
        if (cause instanceof MappingError) return cause
        throw cause
      })
      return { ...each, message }
    }),
  )
  return dry.evaluate(() => mapped(dry, read))
}

/** A request whose body was read, or why it cannot be. */
type Read = Received & { message: HttpMessage | MappingError }

function mapped(dry: DryRunRequest, read: readonly Read[]): readonly string[] {
  const { loaded, reply, now } = dry
  const report = new MappingReport()
  const compiled = compiledOf(dry, report)
  for (const [i, { request, remote, message }] of read.entries()) {
    const agent = compiled.agentFor(request)
    const from = remote === '' ? '' : ` from ${remote}`
    report.say(`${i === 0 ? '' : '\n'}request ${i + 1}: ${request.method} ${request.target} for ${agent.id}${from}`)
    if (message instanceof MappingError) {
      report.say(`answer 200, empty: ${message.message}`)
      continue
    }
    const { node_id, default_tenant: tenant } = loaded.config.general
    const vars = { RemoteHost: remote, node_id, '*method': request.method, '*path': pathOf(request) }
    const context = messageContext<HttpMessage, never>(message, { vars, tenant, now })
    dryRunMessage(agent.processors, context, {
      report,
      reply,
      answer: () => answerLines(agent, context.rep.entries),
      failure: (problem) => `answer 200, empty: ${problem}`,
    })
  }
  return report.lines
}

/** The entries of `http_agent`, and which of them takes a request. */
function compiledOf({ loaded, sources, name }: DryRunRequest, report: MappingReport) {
  const agents = loaded.config.http_agent.map((_, i) => compileHttpAgent(loaded, i, sources, report))
  if (agents.length === 0) throw new DryRunError('the configuration has no http_agent')
  const named = name === '' ? undefined : agents.find(({ id }) => id === name)
  if (name !== '' && named === undefined)
    throw new DryRunError(
      `http_agent ${JSON.stringify(name)}: expected one of: ${agents.map(({ id }) => id).join(', ')}`,
    )
  return { agentFor: (request: HttpRequest) => named ?? agentFor(agents, request) }
}

function answerLines({ replyPayload }: CompiledHttpAgent, entries: Parameters<typeof httpReply>[1]): string[] {
  const { status, headers, body } = httpReply(replyPayload, entries)
  return [
    `answer ${status} of ${Buffer.byteLength(body)} octets`,
    ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`),
    ...(body === ''
      ? []
      : body
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `  ${line}`)),
  ]
}

/** `/x` is one path, `/x/` every path below it, and the longest that fits. Reference 07, 4. */
function agentFor(agents: readonly CompiledHttpAgent[], request: HttpRequest): CompiledHttpAgent {
  const path = pathOf(request)
  const fits = agents
    .filter(({ url }) => url === path || (url.endsWith('/') && path.startsWith(url)))
    .sort((a, b) => b.url.length - a.url.length)
  const [found] = [...fits, ...agents]
  if (found === undefined) throw new DryRunError('the configuration has no http_agent')
  return found
}

function receivedOf(input: MessageInput): Received[] {
  switch (input.kind) {
    case 'http':
      return httpRequestsOf(input.bytes).map((request) => ({ request, remote: '' }))
    case 'capture':
      return tcpStreams(input.segments)
        .filter(({ bytes }) => isHttpRequest(bytes))
        .flatMap(({ source, bytes }) => httpRequestsOf(bytes).map((request) => ({ request, remote: source })))
    case 'query':
      return input.text
        .split(/\r?\n/)
        .map((line) => ({ request: bare('GET', `/?${line.replace(/^\??/, '')}`, ''), remote: '' }))
    case 'xml':
      return [{ request: bare('POST', '/', input.text), remote: '' }]
    case 'json':
      return input.messages.map((message) => ({ request: bare('POST', '/', JSON.stringify(message)), remote: '' }))
    default:
      throw new InvalidText(
        `an HTTP request is its text, a pcap, a query string, XML or JSON, not ${INPUT_NAMES[input.kind]}`,
      )
  }
}

function bare(method: string, target: string, body: string): HttpRequest {
  return { method, target, headers: {}, body: Buffer.from(body) }
}
