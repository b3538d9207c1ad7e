import type { Readable } from 'node:stream'
import type { Evaluations } from '../core/evaluations.ts'
import type { HttpLookup } from '../mapping/http-value.ts'
import { MappingError } from '../mapping/value.ts'
import { DEADLINE_EXCEEDED, dialError } from '../rpc/client/errors.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'

/** Octets that an answer may have. */
const MAX_ANSWER = 1 << 20
const MAX_REDIRECTS = 10

/** Values of `*http#[URL]`: asked by GET, once for each request that is served. Reference 02, 5.3 and 6.3. */
export class HttpValues {
  readonly #evaluations: Evaluations
  readonly #timeoutMs: () => number
  readonly #client: HttpClient

  /** timeoutMs: how long one question may take, from the first octet to the last. */
  constructor(evaluations: Evaluations, client: HttpClient, timeoutMs: () => number) {
    this.#evaluations = evaluations
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  readonly lookup: HttpLookup = (url, body) => {
    const answer = this.#evaluations.ask(`${url}\n${body ?? ''}`, () => this.#ask(url, body))
    if (answer === undefined) throw new MappingError(`${url} cannot be asked here: nothing waits for it`)
    return answer
  }

  async #ask(url: string, body: string | undefined): Promise<string> {
    const signal = AbortSignal.timeout(Math.max(1, this.#timeoutMs()))
    try {
      return await this.#get(new URL(url), body, signal)
    } catch (cause) {
      if (cause instanceof MappingError) throw cause
      const failure = cause as NodeJS.ErrnoException
      const reason = signal.aborted ? DEADLINE_EXCEEDED : dialError(new URL(url).host, failure).message
      throw new MappingError(`error processing the request: Get ${JSON.stringify(url)}: ${reason}`)
    }
  }

  async #get(first: URL, body: string | undefined, signal: AbortSignal): Promise<string> {
    let url = first
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#client.send({
        url,
        signal,
        ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      })
      const { status, headers } = answer
      const { location } = headers
      const text = await textOf(answer.body)
      if (status > 300 && status < 400 && location !== undefined && redirects < MAX_REDIRECTS) {
        url = new URL(location, url)
        continue
      }
      if (status >= 200 && status < 300) return text
      throw new MappingError(`http request returned non-OK status code: ${status} ,body: ${text} ,err: %!w(<nil>)`)
    }
  }
}

async function textOf(response: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    length += (chunk as Buffer).length
    if (length > MAX_ANSWER) throw new MappingError(`the answer of an HTTP request is longer than ${MAX_ANSWER} octets`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
