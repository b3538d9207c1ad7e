import { TollgateError } from '../core/errors.ts'
import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import type { Methods } from './methods.ts'
import { RpcError } from './rpc-error.ts'

/** A request of JSON-RPC 1.0 (what Go clients send) or 2.0. */
export type RpcRequest = { id?: unknown; method?: unknown; params?: unknown; jsonrpc?: unknown }

/** Runs one request and gives the text of its reply. Errors are text under 1.0, objects under 2.0. Reference 01, 7.1 and 8. */
export async function answerCall(request: RpcRequest, methods: Methods): Promise<string> {
  const id = request.id ?? null
  try {
    const result = await run(request, methods)
    return reply(request, { id, result, error: null })
  } catch (cause) {
    return reply(request, { id, result: null, error: errorText(cause) })
  }
}

async function run({ method, params }: RpcRequest, methods: Methods): Promise<unknown> {
  const name = typeof method === 'string' ? method : ''
  if (!name.includes('.')) throw new RpcError(`rpc: service/method request ill-formed: ${name}`)
  const handler = methods.get(name)
  if (handler === undefined) {
    const service = `${name.slice(0, name.lastIndexOf('.'))}.`
    const known = [...methods.keys()].some((each) => each.startsWith(service))
    throw new RpcError(known ? `rpc: can't find method ${name}` : `rpc: can't find service ${name}`)
  }
  const argument = Array.isArray(params) ? params[0] : params
  const object = typeof argument === 'object' && argument !== null ? argument : {}
  return handler(Object.fromEntries(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value])))
}

function errorText(cause: unknown): string {
  if (cause instanceof RpcError) return cause.message
  return `SERVER_ERROR: ${cause instanceof TollgateError || cause instanceof Error ? cause.message : String(cause)}`
}

function reply(
  { jsonrpc }: RpcRequest,
  { id, result, error }: { id: unknown; result: unknown; error: string | null },
): string {
  if (jsonrpc !== '2.0') return `${eventJson({ id, result, error } as EventValue)}\n`
  const body = error === null ? { jsonrpc, id, result } : { jsonrpc, id, error: { code: -32000, message: error } }
  return `${eventJson(body as EventValue)}\n`
}
