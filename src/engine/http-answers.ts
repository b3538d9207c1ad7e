import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import { MappingError } from '../mapping/value.ts'
import { DEADLINE_EXCEEDED, dialError } from '../rpc/client/errors.ts'
import type { HttpClient, HttpRequest } from '../rpc/client/http-client.ts'

/** Octets that an answer may have. */
const MAX_ANSWER = 1 << 20

/** What a web server has answered. reason: the words of the status. location: of a redirect. */
export type TextAnswer = { status: number; reason: string; text: string; location: string | undefined }

/** Asks a web server; a body is JSON. Rejects with MappingError when there is no answer in time, or a longer one than 1 MiB. */
export async function askServer(client: HttpClient, request: HttpRequest): Promise<TextAnswer> {
  const { url, method = 'GET', headers, body, signal } = request
  try {
    const ofBody = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await client.send({ ...request, headers: { ...headers, ...ofBody } })
    const { status } = answer
    const text = await textOf(answer.body)
    return { status, reason: STATUS_CODES[status] ?? '', text, location: answer.headers.location }
  } catch (cause) {
    if (cause instanceof MappingError) throw cause
    const why = signal.aborted ? DEADLINE_EXCEEDED : dialError(url.host, cause as NodeJS.ErrnoException).message
    const verb = method === 'GET' ? 'Get' : 'Post'
    throw new MappingError(`error processing the request: ${verb} ${JSON.stringify(url.href)}: ${why}`)
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += (chunk as Buffer).length
    if (length > MAX_ANSWER) throw new MappingError(`the answer of an HTTP request is longer than ${MAX_ANSWER} octets`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
