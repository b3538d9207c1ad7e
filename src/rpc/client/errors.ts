import { TollgateError } from '../../core/errors.ts'
import { RpcError } from '../rpc-error.ts'

/** A call that got no answer: the host cannot be reached, the connection was lost, the time was up. */
export class NetworkError extends TollgateError {
  /** The call has left, so that the server may have run it. */
  readonly isSent: boolean

  constructor(message: string, options?: ErrorOptions & { isSent?: boolean }) {
    super('NETWORK_ERROR', message, options)
    this.isSent = options?.isSent ?? false
  }
}

/** The text of calls that took longer than they may. */
export const DEADLINE_EXCEEDED = 'context deadline exceeded'

const FAILOVER_TEXTS = new Set(['DISCONNECTED', 'connection is shut down', 'REQ_UNSYNCHRONIZED', DEADLINE_EXCEEDED])

/** Servers that ask another one say so when that one has not answered. */
const UNKNOWN_TEXTS = new Set([
  'DISCONNECTED',
  'connection is shut down',
  'REQ_UNSYNCHRONIZED',
  DEADLINE_EXCEEDED,
  'REPLY_TIMEOUT',
])

/** Whether another host is asked after this failure; any other error is an answer. Reference 01, 3.3. */
export function isFailover(cause: unknown): boolean {
  if (cause instanceof NetworkError) return true
  if (!(cause instanceof RpcError)) return false
  const { message } = cause
  return (
    FAILOVER_TEXTS.has(message) ||
    message.endsWith('connect: connection refused') ||
    message.startsWith("rpc: can't find service")
  )
}

/** Whether a server may have run the call that failed so: what takes effect once is not sent again then. */
export function isOutcomeUnknown(cause: unknown): boolean {
  if (cause instanceof NetworkError) return cause.isSent
  return cause instanceof RpcError && UNKNOWN_TEXTS.has(cause.message)
}

/** The text of a failed connect as Go programs and their users know it. isSent: a call may have left before. */
export function dialError(address: string, cause: NodeJS.ErrnoException, isSent = false): NetworkError {
  const reason = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
    ENOTFOUND: 'no such host',
  }[cause.code ?? '']
  return new NetworkError(`dial tcp ${address}: ${reason ?? cause.message}`, { cause, isSent })
}
