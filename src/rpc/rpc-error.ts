import { TollgateError } from '../core/errors.ts'

/** Error codes of JSON-RPC 2.0, section 5.1; what a method itself refuses has SERVER_ERROR. */
export const JsonRpcCode = {
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  SERVER_ERROR: -32000,
} as const

export type JsonRpcCode = (typeof JsonRpcCode)[keyof typeof JsonRpcCode]

/** An error that RPC clients see as it is. Reference 01, 8. */
export class RpcError extends TollgateError {
  /** What clients of JSON-RPC 2.0 get beside the text. */
  readonly jsonRpcCode: JsonRpcCode

  constructor(text: string, jsonRpcCode: JsonRpcCode = JsonRpcCode.SERVER_ERROR) {
    super('RPC_ERROR', text)
    this.jsonRpcCode = jsonRpcCode
  }
}

/** The option of a call (`APIOpts`) that says what it is known by when it comes again. */
export const IDEMPOTENCY_KEY = '*idempotencyKey'

/** How long the key of a call that charges an account, or makes a CDR, is known. Keys of session calls: `diameter_agent.duplicate_ttl`. */
export const CHARGE_KEY_LIFE_MS = 3_600_000
