import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { MessageScanner, type ScanFault } from '../json/scanner.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Page, sendText, type Visit } from './http-listener.ts'
import { answerMessage } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import { type Outlet, RpcStream, type StreamLimits } from './rpc-stream.ts'

/**
 * JSON-RPC in the body of HTTP requests of any method: one or more requests, their replies in the order in which they come.
 * The status is 200 whatever they say. Reference 01, 7.2.
 */
export function jsonPage(dispatcher: Dispatcher, limits: StreamLimits, listener: string): Page {
  return (request, response, visit) => {
    const peer = peerOfRequest(request, visit, listener)
    const body = new BodyReplies(request, response)
    const stream = new RpcStream(
      new MessageScanner(limits.maxRequest),
      (message) => answerMessage(dispatcher, message, peer),
      body,
      limits.maxPending,
    )
    request.on('data', (chunk: Buffer) => stream.push(chunk))
    request.on('end', () => stream.end())
    response.on('close', () => stream.drop())
  }
}

/** The replies to one body: they leave together. */
class BodyReplies implements Outlet<string> {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #text = ''

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
  }

  send(text: string): void {
    this.#text += text
  }

  pause(): void {
    this.#request.pause()
  }

  resume(): void {
    this.#request.resume()
  }

  finish(fault: ScanFault | undefined): void {
    this.#request.resume()
    if (fault === 'overlong' && this.#text === '') {
      sendText(this.#response, 413, '413 request entity too large\n', { Connection: 'close' })
      return
    }
    const headers = jsonHeaders(this.#request, Buffer.byteLength(this.#text))
    this.#response.writeHead(200, headers)
    this.#response.end(this.#text)
  }
}

function jsonHeaders({ headers: { origin } }: IncomingMessage, length: number): OutgoingHttpHeaders {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': length }
  if (origin === undefined) return headers
  return {
    'Access-Control-Allow-Headers': 'Accept, Accept-Language, Content-Type',
    'Access-Control-Allow-Methods': 'POST, GET, OPTIONS, PUT, DELETE',
    'Access-Control-Allow-Origin': origin,
    ...headers,
  }
}

/** Who sends a request: its key is in `Authorization: Bearer` or `X-API-Key`. */
export function peerOfRequest(
  { headers, socket }: IncomingMessage,
  { certificateNames }: Visit,
  listener: string,
): Peer {
  const { authorization = '', 'x-api-key': apiKey } = headers
  return {
    connectionId: '',
    listener,
    address: socket.remoteAddress ?? '',
    apiKey: typeof apiKey === 'string' ? apiKey : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''),
    certificateNames,
  }
}
