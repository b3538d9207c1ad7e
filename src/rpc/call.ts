import type { EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { errorText, type MethodRegistry, NOBODY } from './method.ts'

/** A request of JSON-RPC 1.0 (what Go clients send) or 2.0. */
export type RpcRequest = { id?: unknown; method?: unknown; params?: unknown; jsonrpc?: unknown }

/** Runs one request and gives the text of its reply. Errors are text under 1.0, objects under 2.0. Reference 01, 7.1 and 8. */
export async function answerCall(request: RpcRequest, registry: MethodRegistry): Promise<string> {
  const id = request.id ?? null
  try {
    const name = typeof request.method === 'string' ? request.method : ''
    return reply(request, { id, result: await registry.call(name, request.params, NOBODY), error: null })
  } catch (cause) {
    return reply(request, { id, result: null, error: errorText(cause) })
  }
}

function reply(
  { jsonrpc }: RpcRequest,
  { id, result, error }: { id: unknown; result: unknown; error: string | null },
): string {
  if (jsonrpc !== '2.0') return `${eventJson({ id, result, error } as EventValue)}\n`
  const body = error === null ? { jsonrpc, id, result } : { jsonrpc, id, error: { code: -32000, message: error } }
  return `${eventJson(body as EventValue)}\n`
}
