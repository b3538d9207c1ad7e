import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, rootCertificates, type SecureContextOptions } from 'node:tls'
import { RpcError } from '../rpc-error.ts'
import type { ClientCodec, Incoming } from './codec.ts'
import { DEADLINE_EXCEEDED, dialError, NetworkError } from './errors.ts'
import type { HostSettings, TlsSettings } from './settings.ts'

/** Answers calls that a server makes over a bidirectional connection. Throws RpcError with the text that it gets. */
export type Callbacks = (method: string, argument: unknown) => Promise<unknown>

/** A way to one host that is open now. */
export interface Connection {
  readonly isOpen: boolean
  /**
   * Sends a call and gives its result. Throws RpcError with what the server answered, NetworkError when there is no answer
   * within timeoutMs or the connection is lost.
   */
  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown>
  /** Takes no more calls; ends when those in flight have their answer. */
  close(): void
}

type Pending = { resolve: (result: unknown) => void; reject: (cause: Error) => void; timer: NodeJS.Timeout }

/** One socket with many calls in flight; replies may come in any order. Reference 01, 7.1 and 7.4. */
export class StreamConnection implements Connection {
  readonly #socket: Socket
  readonly #codec: ClientCodec
  readonly #callbacks: Callbacks
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #isOpen = true

  constructor(socket: Socket, codec: ClientCodec, callbacks: Callbacks | undefined) {
    this.#socket = socket
    this.#codec = codec
    this.#callbacks = callbacks ?? refuse
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', (cause) => this.#lose(new NetworkError(cause.message, { cause })))
    socket.on('close', () => this.#lose(new NetworkError('unexpected EOF')))
    socket.on('end', () => this.#lose(new NetworkError('unexpected EOF')))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown> {
    if (!this.#isOpen) return Promise.reject(new NetworkError('connection is shut down'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const bytes = this.#codec.encodeCall(id, method, argument)
      const timer = setTimeout(() => this.#giveUp(id), timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#isOpen = false
    if (this.#pending.size === 0) this.#socket.destroy()
  }

  #giveUp(id: number): void {
    if (this.#isOpen) this.#socket.write(this.#codec.encodeCancel(++this.#lastId, id))
    this.#take(id)?.reject(new NetworkError(DEADLINE_EXCEEDED, { isSent: true }))
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    if (!this.#isOpen && this.#pending.size === 0) this.#socket.destroy()
    return pending
  }

  #read(bytes: Buffer): void {
    try {
      for (const incoming of this.#codec.decode(bytes)) this.#handle(incoming)
    } catch (cause) {
      this.#lose(cause instanceof Error ? cause : new NetworkError(String(cause)))
    }
  }

  #handle(incoming: Incoming): void {
    if (incoming.kind === 'call') {
      void this.#answer(incoming)
      return
    }
    const pending = this.#take(incoming.id)
    if (incoming.error === null) pending?.resolve(incoming.result)
    else pending?.reject(new RpcError(incoming.error))
  }

  async #answer({ id, method, argument, fault }: Extract<Incoming, { kind: 'call' }>): Promise<void> {
    let result: unknown = null
    let error: string | null = null
    try {
      if (fault !== undefined) throw new RpcError(fault)
      result = await this.#callbacks(method, argument)
    } catch (cause) {
      error = cause instanceof RpcError ? cause.message : `SERVER_ERROR: ${String(cause)}`
    }
    if (id !== undefined && id !== null && this.#isOpen) this.#socket.write(this.#codec.encodeReply(id, result, error))
  }

  #lose(cause: Error): void {
    this.#isOpen = false
    this.#socket.destroy()
    const lost = new NetworkError(cause.message, { cause, isSent: true })
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(lost)
  }
}

async function refuse(): Promise<never> {
  throw new RpcError('NOT_IMPLEMENTED')
}

/** Opens a socket to a host, within its connect timeout or timeoutMs. Throws NetworkError. */
export async function dial({ address, connectTimeoutMs, tls }: HostSettings, timeoutMs: number): Promise<Socket> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  if (port === '') throw new NetworkError(`dial tcp: address ${address}: missing port in address`)
  const target = { host: host || '127.0.0.1', port: Number(port) }
  let socket: Socket | undefined
  try {
    socket = tls === undefined ? connectTcp(target) : connectTls({ ...target, ...secureContext(tls) })
    socket.setNoDelay(true)
    const signal = AbortSignal.timeout(Math.max(1, Math.min(connectTimeoutMs, timeoutMs)))
    await once(socket, tls === undefined ? 'connect' : 'secureConnect', { signal })
    return socket
  } catch (cause) {
    socket?.on('error', () => undefined)
    socket?.destroy()
    const timedOut = cause instanceof Error && cause.name === 'AbortError'
    throw dialError(address, timedOut ? Object.assign(new Error('', { cause }), { code: 'ETIMEDOUT' }) : asError(cause))
  }
}

/** What a TLS client shows and trusts. Throws what reading its files throws. */
export function secureContext({
  keyPath,
  certPath,
  caPath,
  serverName,
}: TlsSettings): SecureContextOptions & { servername?: string } {
  return {
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(keyPath === '' ? {} : { key: readFileSync(keyPath) }),
    ...(certPath === '' ? {} : { cert: readFileSync(certPath) }),
    ...(caPath === '' ? {} : { ca: [...rootCertificates, readFileSync(caPath, 'utf8')] }),
  }
}

function asError(cause: unknown): NodeJS.ErrnoException {
  return cause instanceof Error ? cause : new Error(String(cause))
}
