import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Test } from 'tap'
import type { HttpClientOptions } from '../../src/rpc/client/http-client.ts'
import { addressOf } from './rpc-hosts.ts'

/** As http.client_opts says when nobody does. */
export const HTTP_DEFAULTS: HttpClientOptions = {
  skipTlsVerify: false,
  tlsHandshakeTimeoutMs: 10_000,
  disableKeepAlives: false,
  disableCompression: false,
  maxIdleConns: 100,
  maxIdleConnsPerHost: 2,
  maxConnsPerHost: 0,
  idleConnTimeoutMs: 90_000,
  responseHeaderTimeoutMs: 0,
  dialTimeoutMs: 30_000,
  dialFallbackDelayMs: 300,
  dialKeepAliveMs: 30_000,
}

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** A web server; `asked` are the requests that it got. */
export async function startWeb(t: Test, answer: Answer): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`.trimEnd())
      answer(request, body, response)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { address: addressOf(server), asked }
}
