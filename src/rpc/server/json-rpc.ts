import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { compactJson, escapeHtml } from '../json/go-text.ts'
import type { RpcMessage } from '../json/scanner.ts'
import { errorText } from '../method.ts'
import { JsonRpcCode, RpcError } from '../rpc-error.ts'
import type { Dispatcher } from './dispatcher.ts'
import { JsonArgument } from './json-argument.ts'
import type { Peer } from './peer.ts'

/** What is to be sent after a message; '' for nothing. UNREADABLE: it was no request, the stream ends as for wrong JSON. */
export type Answer<R = string> = R | '' | Promise<R | ''> | typeof UNREADABLE

export const UNREADABLE = null

const VERSION_2 = '"2.0"'

/** Answers one message of a stream: a request of JSON-RPC 1.0 as Go servers do, one of 2.0, or a batch of 2.0. Reference 01, 7.1. */
export function answerMessage(dispatcher: Dispatcher, message: RpcMessage, peer: Peer): Answer {
  if (message.kind === 'array') return answerBatch(dispatcher, message.elements, peer)
  if (message.kind === 'other') return UNREADABLE
  return answerRequest(dispatcher, message, peer)
}

/** Arrays are known to JSON-RPC 2.0 only. */
function answerBatch(dispatcher: Dispatcher, elements: readonly RpcMessage[], peer: Peer): Answer {
  if (!elements.some(({ jsonrpc }) => jsonrpc === VERSION_2)) return UNREADABLE
  const replies = elements.map((element) =>
    element.kind === 'object' && element.jsonrpc === VERSION_2
      ? answerRequest(dispatcher, element, peer)
      : errorReply('null', new RpcError('Invalid Request', JsonRpcCode.INVALID_REQUEST), true),
  )
  return Promise.all(replies).then((all) => {
    const given = all.filter((reply) => reply !== '').map((reply) => reply.trimEnd())
    return given.length === 0 ? '' : `[${given.join(',')}]\n`
  })
}

function answerRequest(dispatcher: Dispatcher, message: RpcMessage, peer: Peer): string | Promise<string> {
  const isVersion2 = message.jsonrpc === VERSION_2
  const isNotification = isVersion2 && message.id === undefined
  const id = message.id === undefined ? 'null' : compactJson(message.id)
  try {
    const result = dispatcher.call(message.method, new JsonArgument(message.params, isVersion2), peer)
    if (!(result instanceof Promise)) return isNotification ? '' : resultReply(id, result, isVersion2)
    return result
      .then((value) => (isNotification ? '' : resultReply(id, value, isVersion2)))
      .catch((cause: unknown) => (isNotification ? '' : errorReply(id, cause, isVersion2)))
  } catch (cause) {
    return isNotification ? '' : errorReply(id, cause, isVersion2)
  }
}

/** id: JSON text. */
export function resultReply(id: string, result: unknown, isVersion2 = false): string {
  const json =
    typeof result === 'string' ? escapeHtml(JSON.stringify(result)) : escapeHtml(eventJson(result as EventValue))
  return isVersion2 ? `{"jsonrpc":"2.0","id":${id},"result":${json}}\n` : `{"id":${id},"result":${json},"error":null}\n`
}

/** id: JSON text. Errors are a text under 1.0, an object under 2.0. */
export function errorReply(id: string, cause: unknown, isVersion2 = false): string {
  const text = escapeHtml(JSON.stringify(errorText(cause)))
  if (!isVersion2) return `{"id":${id},"result":null,"error":${text}}\n`
  const code = cause instanceof RpcError ? cause.jsonRpcCode : JsonRpcCode.SERVER_ERROR
  return `{"jsonrpc":"2.0","id":${id},"error":{"code":${code},"message":${text}}}\n`
}
