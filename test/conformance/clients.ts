import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { talk } from '../support/raw-socket.ts'
import { type Json, parseJson } from './json.ts'
import type { Transport } from './story.ts'

/** Ports of an engine on 127.0.0.1. */
export type Ports = Readonly<Record<'rpc_json' | 'rpc_json_tls' | 'http' | 'http_tls' | 'birpc_json', number>>
/** PEM texts of the client and of who has signed the server. */
export type ClientTls = { readonly ca: string; readonly cert: string; readonly key: string }

const PORT_KEYS = {
  'json-tcp': 'rpc_json',
  'json-tls': 'rpc_json_tls',
  http: 'http',
  https: 'http_tls',
  ws: 'http',
  wss: 'http_tls',
  birpc: 'birpc_json',
} as const satisfies Record<Transport, keyof Ports>

type Connection = { ask: (request: string) => Promise<string>; close: () => void }

/** Longest wait for an engine, ms: one that crashes or hangs ends a story with the name of the call. */
const PATIENCE_MS = 30_000

/** Connections to one engine, each opened by the first call of its transport. */
export class Clients {
  readonly #ports: Ports
  readonly #tls: ClientTls
  readonly #open = new Map<Transport, Promise<Connection>>()
  readonly #calls: Json[] = []
  #onCall = () => {}

  readonly #patienceMs: number

  constructor(ports: Ports, tls: ClientTls, patienceMs = PATIENCE_MS) {
    this.#ports = ports
    this.#tls = tls
    this.#patienceMs = patienceMs
  }

  /** The text of the reply to a call. Rejects when none comes. */
  call(transport: Transport, method: string, params: Json): Promise<string> {
    return this.#within(method, this.#call(transport, method, params))
  }

  async #call(transport: Transport, method: string, params: Json): Promise<string> {
    const open = this.#open.get(transport) ?? this.#connect(transport)
    this.#open.set(transport, open)
    return (await open).ask(`${JSON.stringify({ method, params: [params], id: 1 })}\n`)
  }

  /** What the engine sends for octets, until it ends the connection. */
  send(transport: Transport, pieces: readonly string[]): Promise<string> {
    return this.#within('octets', talk('', pieces, { ends: true, connect: () => this.#socket(transport) }))
  }

  /** The next so many calls that the engine makes of bidirectional clients, when they have come. */
  calls(count: number): Promise<Json[]> {
    return this.#within(`${count} calls of the engine`, this.#madeCalls(count))
  }

  async #within<T>(what: string, answer: Promise<T>): Promise<T> {
    const timer = new AbortController()
    const late = wait(this.#patienceMs, undefined, timer).then(() => {
      throw new Error(`${what}: nothing has come within ${this.#patienceMs} ms`)
    })
    late.catch(() => undefined)
    try {
      return await Promise.race([answer, late])
    } finally {
      timer.abort()
    }
  }

  async #madeCalls(count: number): Promise<Json[]> {
    while (this.#calls.length < count)
      await new Promise<void>((called) => {
        this.#onCall = called
      })
    return this.#calls.splice(0, count)
  }

  async close(): Promise<void> {
    for (const open of await Promise.allSettled(this.#open.values()))
      if (open.status === 'fulfilled') open.value.close()
  }

  #socket(transport: Transport): Socket {
    const port = this.#ports[PORT_KEYS[transport]]
    return transport === 'json-tls' || transport === 'https'
      ? connectTls({ port, host: '127.0.0.1', ...this.#tls })
      : connectTcp(port, '127.0.0.1')
  }

  async #connect(transport: Transport): Promise<Connection> {
    switch (transport) {
      case 'http':
      case 'https':
        return { ask: (request) => this.#post(transport, request), close: () => {} }
      case 'ws':
      case 'wss':
        return this.#webSocket(transport)
      default:
        return this.#stream(transport)
    }
  }

  /** Lines of JSON; those that are calls of the engine are answered with OK. */
  async #stream(transport: Transport): Promise<Connection> {
    const socket = this.#socket(transport)
    await once(socket, transport === 'json-tls' ? 'secureConnect' : 'connect')
    const replies = new Replies()
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const { method, params, id } = parseJson(line) as { method?: string; params?: Json; id: Json }
        if (method === undefined) replies.add(line)
        else {
          this.#calls.push({ method, params: params ?? null })
          this.#onCall()
          socket.write(`${JSON.stringify({ id, result: 'OK', error: null })}\n`)
        }
      }
    })
    socket.on('error', (cause) => replies.fail(cause))
    socket.on('close', () => replies.fail(new Error('the engine has ended the connection')))
    return {
      ask(request) {
        socket.write(request)
        return replies.next()
      },
      close: () => socket.destroy(),
    }
  }

  #post(transport: 'http' | 'https', body: string): Promise<string> {
    const port = this.#ports[PORT_KEYS[transport]]
    const options = { port, host: '127.0.0.1', path: '/jsonrpc', method: 'POST', agent: false, ...this.#tls }
    return new Promise((resolve, reject) => {
      const asked = (transport === 'https' ? httpsRequest : httpRequest)(options, async (response) => {
        response.setEncoding('utf8')
        resolve((await response.toArray()).join(''))
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  async #webSocket(transport: 'ws' | 'wss'): Promise<Connection> {
    const address = `${transport}://127.0.0.1:${this.#ports[PORT_KEYS[transport]]}/ws`
    const client = new WebSocket(address, { origin: 'http://portal.example', ...this.#tls })
    await once(client, 'open')
    const replies = new Replies()
    client.on('message', (data) => replies.add(String(data)))
    client.on('close', () => replies.fail(new Error('the engine has ended the connection')))
    return {
      ask(request) {
        client.send(request)
        return replies.next()
      },
      close: () => client.terminate(),
    }
  }
}

/** Replies in order of arrival, for one who asks for one after the other. */
class Replies {
  #waiting: { resolve: (reply: string) => void; reject: (cause: Error) => void } | undefined
  #failure: Error | undefined

  next(): Promise<string> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  add(reply: string): void {
    this.#waiting?.resolve(reply)
    this.#waiting = undefined
  }

  fail(cause: Error): void {
    this.#failure ??= cause
    this.#waiting?.reject(cause)
  }
}
