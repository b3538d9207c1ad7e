import { TollgateError } from '../../core/errors.ts'
import { RpcError } from '../rpc-error.ts'

/** A call that got no answer: the host cannot be reached, the connection was lost, the time was up. */
export class NetworkError extends TollgateError {
  constructor(message: string, options?: ErrorOptions) {
    super('NETWORK_ERROR', message, options)
  }
}

/** The text of calls that took longer than they may. */
export const DEADLINE_EXCEEDED = 'context deadline exceeded'

const FAILOVER_TEXTS = new Set(['DISCONNECTED', 'connection is shut down', 'REQ_UNSYNCHRONIZED', DEADLINE_EXCEEDED])

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

/** The text of a failed connect as Go programs and their users know it. */
export function dialError(address: string, cause: NodeJS.ErrnoException): NetworkError {
  const reason = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
    ENOTFOUND: 'no such host',
  }[cause.code ?? '']
  return new NetworkError(`dial tcp ${address}: ${reason ?? cause.message}`, { cause })
}
