import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { RpcError } from '../rpc-error.ts'
import { type Connection, secureContext } from './connection.ts'
import { DEADLINE_EXCEEDED, dialError, NetworkError } from './errors.ts'
import { callText, replyOf } from './json-codec.ts'
import type { HostSettings } from './settings.ts'

/** Codes of failures before anything is sent. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'])

/** JSON-RPC by HTTP POST, one call a request, sockets kept for the next. Reference 01, 7.2. */
export class HttpConnection implements Connection {
  readonly #url: URL
  readonly #agent: HttpAgent
  readonly #isSecure: boolean
  #lastId = 0
  #inFlight = 0
  #isOpen = true

  /** Opens nothing yet. Throws NetworkError when the address is no URL, or what reading the TLS files throws. */
  constructor({ address, tls }: HostSettings) {
    const url = URL.parse(/^https?:\/\//.test(address) ? address : `http://${address}`)
    if (url === null) throw new NetworkError(`${JSON.stringify(address)} is no URL`)
    this.#url = url
    this.#isSecure = url.protocol === 'https:'
    const options = { keepAlive: true }
    this.#agent = this.#isSecure
      ? new HttpsAgent({ ...options, ...(tls === undefined ? {} : secureContext(tls)) })
      : new HttpAgent(options)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  async call(method: string, argument: unknown, timeoutMs: number): Promise<unknown> {
    const id = ++this.#lastId
    this.#inFlight++
    const body = await this.#post(callText(id, method, argument), timeoutMs).finally(() => {
      this.#inFlight--
      if (!this.#isOpen) this.close()
    })
    const incoming = replyOf(body)
    if (incoming.kind !== 'reply' || incoming.id !== id)
      throw new NetworkError(`the reply is not to this call: ${body.toString('utf8', 0, 200)}`, { isSent: true })
    if (incoming.error !== null) throw new RpcError(incoming.error)
    return incoming.result
  }

  close(): void {
    this.#isOpen = false
    if (this.#inFlight === 0) this.#agent.destroy()
  }

  #post(body: string, timeoutMs: number): Promise<Buffer> {
    const send = this.#isSecure ? requestHttps : requestHttp
    const signal = AbortSignal.timeout(timeoutMs)
    return new Promise((resolve, reject) => {
      const fail = (cause: NodeJS.ErrnoException) => {
        if (signal.aborted) reject(new NetworkError(DEADLINE_EXCEEDED, { cause, isSent: true }))
        else
          reject(
            cause instanceof NetworkError
              ? cause
              : dialError(this.#url.host, cause, !NOT_CONNECTED.has(cause.code ?? '')),
          )
      }
      const request = send(
        this.#url,
        {
          method: 'POST',
          agent: this.#agent,
          signal,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => void readBody(response).then(resolve, fail),
      )
      request.on('error', fail)
      request.end(body)
    })
  }
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  if (response.statusCode === 200) return body
  const text = body.toString('utf8', 0, 200).trimEnd()
  throw new NetworkError(`unexpected status code received: ${response.statusCode}: ${text}`, { isSent: true })
}
