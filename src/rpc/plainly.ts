import { RpcError } from './rpc-error.ts'

/** Runs a reader of argument texts: what it refuses comes to the client as it is. */
export function plainly<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof Error) throw new RpcError(cause.message)
    throw cause
  }
}

/** The same for what takes time. */
export async function plainlyAsync<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Error) throw new RpcError(cause.message)
    throw cause
  }
}
