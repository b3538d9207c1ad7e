import type { Evaluations } from '../core/evaluations.ts'
import type { HttpLookup } from '../mapping/http-value.ts'
import { MappingError } from '../mapping/value.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'
import { askServer } from './http-answers.ts'

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
    const answer = this.#evaluations.ask(`${url}\n${body ?? ''}`, () => this.#get(url, body))
    if (answer === undefined) throw new MappingError(`${url} cannot be asked here: nothing waits for it`)
    return answer
  }

  async #get(first: string, body: string | undefined): Promise<string> {
    const signal = AbortSignal.timeout(Math.max(1, this.#timeoutMs()))
    let url = new URL(first)
    for (let redirects = 0; ; redirects++) {
      const answer = await askServer(this.#client, { url, signal, ...(body === undefined ? {} : { body }) })
      const { status, text, location } = answer
      if (status > 300 && status < 400 && location !== undefined && redirects < MAX_REDIRECTS) {
        url = new URL(location, url)
        continue
      }
      if (status >= 200 && status < 300) return text
      throw new MappingError(`http request returned non-OK status code: ${status} ,body: ${text} ,err: %!w(<nil>)`)
    }
  }
}
