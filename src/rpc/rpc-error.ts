import { TollgateError } from '../core/errors.ts'

/** An error that RPC clients see as it is. Reference 01, 8. */
export class RpcError extends TollgateError {
  constructor(text: string) {
    super('RPC_ERROR', text)
  }
}
