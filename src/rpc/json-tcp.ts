import { createServer, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { ListenFailure, parseListenAddress } from '../core/listen-address.ts'
import { answerCall, type RpcRequest } from './call.ts'
import type { MethodRegistry } from './method.ts'

/** Characters that one request may have. */
const MAX_REQUEST = 8 << 20

/** How long a client may take to close its side. */
const CLOSE_TIMEOUT_MS = 1_000

/** Serves JSON objects back to back over TCP; replies leave as they come. address: `host:port`. Throws ListenFailure. Reference 01, 7.1. */
export async function listenJsonTcp(
  address: string,
  registry: MethodRegistry,
): Promise<{ address: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const decoder = new StringDecoder('utf8')
    const splitter = new JsonSplitter()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      for (const text of splitter.push(decoder.write(chunk))) {
        const request = parse(text)
        // As Go's server does: what is no JSON ends the connection.
        if (request === undefined) {
          socket.destroy()
          return
        }
        void answerCall(request, registry).then((reply) => socket.write(reply))
      }
      if (splitter.isOverlong) socket.destroy()
    })
  })
  const wanted = parseListenAddress(address)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ListenFailure('listen.rpc_json', wanted, cause)))
    server.listen(wanted.port, wanted.host, resolve)
  })
  const bound = server.address()
  return {
    address: typeof bound === 'object' && bound !== null ? `${bound.address}:${bound.port}` : address,
    async close() {
      // A client that does not close its side is not waited for.
      for (const socket of sockets) {
        socket.end()
        setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref()
      }
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function parse(text: string): RpcRequest | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as RpcRequest) : undefined
  } catch {
    return undefined
  }
}

/** Cuts JSON objects out of a stream of text, however it is split. */
export class JsonSplitter {
  #text = ''
  #at = 0
  #depth = 0
  #inString = false
  #escaped = false

  get isOverlong(): boolean {
    return this.#text.length > MAX_REQUEST
  }

  push(text: string): string[] {
    this.#text += text
    const objects: string[] = []
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]
      if (this.#escaped) this.#escaped = false
      else if (this.#inString) {
        if (character === '\\') this.#escaped = true
        else if (character === '"') this.#inString = false
      } else if (character === '"') this.#inString = true
      else if (character === '{' || character === '[') this.#depth++
      else if (character === '}' || character === ']') {
        this.#depth--
        if (this.#depth > 0) continue
        objects.push(this.#text.slice(0, this.#at + 1))
        this.#text = this.#text.slice(this.#at + 1)
        this.#at = -1
        this.#depth = 0
      }
    }
    return objects
  }
}
