import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { argumentOf, errorText } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, list, map, parseJson, type Shape, struct, text, type ValueOf } from '../shape.ts'
import { type Page, sendText } from './http-listener.ts'
import { readBody } from './read-body.ts'

/** Where the host of an id is reached now. */
export type RegisteredHost = {
  readonly id: string
  /** `host:port` */
  readonly address: string
  readonly transport: string
  readonly tls: boolean
}

const registerShape = struct('registrarc.RegisterArgs', {
  Tenant: text,
  Opts: map(any),
  Hosts: list(struct('registrarc.RegisterHostCfg', { ID: text, Port: text, Transport: text, TLS: boolean })),
})

const unregisterShape = struct('registrarc.UnregisterArgs', { Tenant: text, Opts: map(any), IDs: list(text) })

/**
 * Takes one JSON-RPC request of a client that says where it is reached. Hosts of `rpc_conns` get their new address; there is no
 * DispatcherS whose hosts could be kept, so these are answered as by an engine without it. Reference 01, 6.3; 10, B8.
 */
export function registrarPage(register: (hosts: readonly RegisteredHost[]) => Promise<void>, maxRequest: number): Page {
  const methods: Readonly<Record<string, (params: unknown, host: string) => Promise<void>>> = {
    'RegistrarSv1.RegisterRPCHosts': (params, host) => register(hostsOf(decoded(registerShape, params), host)),
    'RegistrarSv1.RegisterDispatcherHosts': async (params) => void decoded(registerShape, params),
    // The address of a host that has gone is the best that is known.
    'RegistrarSv1.UnregisterRPCHosts': async (params) => void decoded(unregisterShape, params),
    'RegistrarSv1.UnregisterDispatcherHosts': async (params) => void decoded(unregisterShape, params),
  }
  return (request, response) => {
    readBody(request, response, maxRequest, async (body) => {
      let id: unknown = 0
      let result: string | null = null
      let error: string | null = null
      try {
        const asked = requestOf(body)
        id = asked.id ?? null
        const name = String(asked.method ?? '')
        const run = Object.hasOwn(methods, name) ? methods[name] : undefined
        if (run === undefined) throw new RpcError(`rpc: can't find service ${name}`)
        await run(asked.params, callerOf(request))
        result = 'OK'
      } catch (cause) {
        error = errorText(cause)
      }
      const headers = { 'Content-Type': 'application/json' }
      sendText(response, 200, `${JSON.stringify({ id, result, error })}\n`, headers)
    })
  }
}

function decoded<T>(shape: Shape<T>, params: unknown): T {
  return shape.decode(argumentOf(params))
}

function hostsOf({ Hosts: hosts }: ValueOf<typeof registerShape>, caller: string): RegisteredHost[] {
  return hosts.map(({ ID: id, Port: port, Transport: transport, TLS: tls }) => {
    return { id, address: `${caller}:${port}`, transport, tls }
  })
}

function requestOf(body: string): { id?: unknown; method?: unknown; params?: unknown } {
  if (body.trim() === '') throw new RpcError('EOF')
  try {
    return (parseJson(body) ?? {}) as object
  } catch (cause) {
    throw new RpcError(cause instanceof Error ? cause.message : String(cause))
  }
}

/** The address that a proxy names, else that of the connection; as a port may follow it. */
function callerOf({ headers, socket }: IncomingMessage): string {
  const { 'x-real-ip': real, 'x-forwarded-for': forwarded } = headers
  const named = [real, forwarded].map((header) =>
    String(header ?? '')
      .split(',')[0]
      ?.trim(),
  )
  const caller = named.find((name) => name) ?? socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
  return isIPv6(caller) ? `[${caller}]` : caller
}
