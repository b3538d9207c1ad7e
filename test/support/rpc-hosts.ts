import { createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { HostSettings, PoolSettings, Strategy } from '../../src/rpc/client/settings.ts'
import { method } from '../../src/rpc/method.ts'
import { RpcError } from '../../src/rpc/rpc-error.ts'
import { any } from '../../src/rpc/shape.ts'
import { rpcListeners } from './rpc-server.ts'

/** Settings of a host; times in ms, short ones. */
export function hostSettings(address: string, changed: Partial<HostSettings> = {}): HostSettings {
  return {
    id: '',
    address,
    transport: '*json',
    connectAttempts: 3,
    reconnects: -1,
    maxReconnectIntervalMs: 0,
    connectTimeoutMs: 1_000,
    replyTimeoutMs: 2_000,
    tls: undefined,
    ...changed,
  }
}

export function poolsOf(strategy: Strategy, ...hosts: HostSettings[]): ReadonlyMap<string, PoolSettings> {
  return new Map([['pool', { strategy, hosts }]])
}

export type Answers = Readonly<Record<string, (argument: unknown) => unknown>>

/** A real server of methods; an Error answer is thrown. Its `calls` are the methods that were called, in order. */
export async function startServer(
  t: Test,
  answers: Answers,
  address = '127.0.0.1:0',
): Promise<{ address: string; calls: string[]; close: () => Promise<void> }> {
  const calls: string[] = []
  const methods = Object.entries(answers).map(([name, answer]) =>
    method(name, {
      summary: '',
      params: any,
      reply: any,
      run: async (argument) => {
        calls.push(name)
        const result = await answer(argument)
        if (result instanceof Error) throw new RpcError(result.message)
        return result
      },
    }),
  )
  const server = rpcListeners(methods, { rpc_json: address })
  await server.open()
  t.teardown(() => server.close())
  return { address: server.address('rpc_json') ?? '', calls, close: () => server.close() }
}

/** A raw server: each connection is handed over with the lines that it gets. */
export async function startRawServer(
  t: Test,
  onLine: (line: string, socket: Socket) => void,
): Promise<{ address: string; sockets: Set<Socket>; server: Server }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) onLine(line, socket)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { address: addressOf(server), sockets, server }
}

export function addressOf(server: Server): string {
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) throw new Error('not listening')
  return `${bound.address}:${bound.port}`
}

/** An address at which nothing listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = addressOf(server)
  await new Promise<void>((done) => server.close(() => done()))
  return address
}
