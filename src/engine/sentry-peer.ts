import { MappingError } from '../mapping/value.ts'
import type { HttpClient } from '../rpc/client/http-client.ts'
import { askServer, type TextAnswer } from './http-answers.ts'

/** The section `sentrypeer`. */
export type SentryPeerSettings = {
  client_id: string
  client_secret: string
  token_url: string
  ips_url: string
  numbers_url: string
  audience: string
  grant_type: string
}

export type SentryPeerOptions = {
  client: HttpClient
  settings: () => SentryPeerSettings
  timeoutMs: () => number
}

/** Addresses and numbers that SentryPeer has seen in attacks, asked with a token by OAuth 2.0 client credentials (RFC 6749, 4.4). */
export class SentryPeer {
  readonly #options: SentryPeerOptions
  #token: Promise<string> | undefined

  constructor(options: SentryPeerOptions) {
    this.#options = options
  }

  /** Whether it knows an address or a number. A token that is refused is asked for anew once. Rejects with MappingError. */
  async isKnown(what: string, kind: 'address' | 'number'): Promise<boolean> {
    const { settings, timeoutMs } = this.#options
    const { ips_url: addresses, numbers_url: numbers } = settings()
    const signal = AbortSignal.timeout(Math.max(1, timeoutMs()))
    const url = new URL(`${kind === 'address' ? addresses : numbers}/${pathEscaped(what)}`)
    let answer = await this.#get(url, signal)
    if (answer.status === 401 || answer.status === 403) {
      this.#token = undefined
      answer = await this.#get(url, signal)
    }
    const { status, reason } = answer
    if (status >= 200 && status < 300) return true
    if (status === 404) return false
    throw new MappingError(`sentrypeer api got ${status < 500 ? 'client' : 'server'} err <${status} ${reason}>`)
  }

  async #get(url: URL, signal: AbortSignal): Promise<TextAnswer> {
    this.#token ??= this.#newToken(signal).catch((cause: unknown) => {
      this.#token = undefined
      throw cause
    })
    return askServer(this.#options.client, { url, headers: { authorization: `Bearer ${await this.#token}` }, signal })
  }

  async #newToken(signal: AbortSignal): Promise<string> {
    const { client, settings } = this.#options
    const { client_id, client_secret, audience, grant_type, token_url } = settings()
    const body = JSON.stringify({ audience, client_id, client_secret, grant_type })
    const { status, reason, text } = await askServer(client, {
      url: new URL(token_url),
      method: 'POST',
      body,
      signal,
    })
    const token = status >= 200 && status < 300 ? tokenOf(text) : undefined
    if (token === undefined) throw new MappingError(`sentrypeer gives no token: <${status} ${reason}>`)
    return token
  }
}

function tokenOf(text: string): string | undefined {
  try {
    const { access_token: token } = JSON.parse(text) as { access_token?: unknown }
    return typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

/** One step of a path; a `+` stays as it is. */
function pathEscaped(text: string): string {
  return encodeURIComponent(text).replaceAll('%2B', '+')
}
