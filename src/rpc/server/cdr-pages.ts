import type { IncomingMessage } from 'node:http'
import { errorText } from '../method.ts'
import { cdrOfForm, cdrOfFreeSwitch, type ExtraField, type PostedCdr } from './cdr-posts.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Page, sendText } from './http-listener.ts'
import { peerOfRequest } from './json-page.ts'
import { readBody } from './read-body.ts'

export type CdrPageOptions = {
  readonly dispatcher: Dispatcher
  /** Key of section `listen`. */
  readonly listener: string
  /** Octets that a body may have. */
  readonly maxRequest: number
  /** What FreeSWITCH's CDRs get besides their own fields; asked at each post. */
  readonly extraFields: () => readonly ExtraField[]
  /** Is told of each CDR that is not taken. */
  readonly refused: (problem: string, remote: string) => void
}

const METHOD = 'CDRsV1.ProcessExternalCDR'

/** Takes a CDR of each request: of the fields of its query and form, those of the form first. Reference 05, 9.8. */
export function formCdrPage(options: CdrPageOptions): Page {
  return cdrPage(options, (request, query, body) => {
    const isForm = /^application\/x-www-form-urlencoded/i.test(request.headers['content-type'] ?? '')
    const form = [...new URLSearchParams(isForm ? body : ''), ...new URLSearchParams(query)]
    return cdrOfForm(form, remoteOf(request))
  })
}

/** Takes a CDR of each post of mod_json_cdr. Reference 05, 9.8. */
export function freeSwitchCdrPage(options: CdrPageOptions): Page {
  return cdrPage(options, (_request, _query, body) => cdrOfFreeSwitch(body, options.extraFields()))
}

/**
 * Answers 200 with nothing once the CDR is durable, and for one that is there already: who sends it again makes no second one. What
 * cannot be read gets 400, what cannot be taken now 503, so that the sender keeps it.
 */
function cdrPage(
  { dispatcher, listener, maxRequest, refused }: CdrPageOptions,
  cdrOf: (request: IncomingMessage, query: string, body: string) => PostedCdr,
): Page {
  return (request, response, visit) => {
    readBody(request, response, maxRequest, (body) => {
      const peer = peerOfRequest(request, visit, listener)
      Promise.resolve()
        .then(() => {
          const cdr = cdrOf(request, visit.query, body)
          return dispatcher.call(METHOD, { decode: (shape) => shape.decode(cdr), apiKey: () => '' }, peer)
        })
        .then(() => sendText(response, 200, ''))
        .catch((cause: unknown) => {
          const problem = errorText(cause)
          const status = statusOf(problem)
          if (status !== 200) refused(problem, remoteOf(request))
          sendText(response, status, status === 200 ? '' : `${problem}\n`)
        })
    })
  }
}

function statusOf(problem: string): number {
  if (problem === 'EXISTS') return 200
  if (problem.startsWith("rpc: can't find service")) return 404
  if (problem === 'UNAUTHORIZED_API' || problem === 'UNKNOWN_API_KEY') return 403
  const isLater = /^(SERVER_ERROR|MAX_CONCURRENT_RPC_EXCEEDED|REPLY_TIMEOUT|RATE_LIMIT)/.test(problem)
  return isLater ? 503 : 400
}

function remoteOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress}:${socket.remotePort}`
}
