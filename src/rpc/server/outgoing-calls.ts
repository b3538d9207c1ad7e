import { RpcError } from '../rpc-error.ts'

type Waiting = { resolve: (result: unknown) => void; reject: (cause: RpcError) => void; timer: NodeJS.Timeout }

/** Our calls over one connection that wait for their reply, numbered 1, 2, 3... Reference 01, 7.4. */
export class OutgoingCalls {
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #isOpen = true

  /**
   * Sends a call and gives what it is answered. send: writes it; what it throws is the outcome. Throws RpcError: what the client
   * answered, DISCONNECTED, REPLY_TIMEOUT.
   */
  open(timeoutMs: number, send: (id: number) => void): Promise<unknown> {
    if (!this.#isOpen) return Promise.reject(new RpcError('DISCONNECTED'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.reject(id, 'REPLY_TIMEOUT'), timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      try {
        send(id)
      } catch (cause) {
        this.#take(id)
        reject(cause)
      }
    })
  }

  /** The result of a call; result is not asked for when nobody waits any more. */
  resolve(id: number, result: () => unknown): void {
    const waiting = this.#take(id)
    waiting?.resolve(result())
  }

  reject(id: number, error: string): void {
    this.#take(id)?.reject(new RpcError(error))
  }

  /** The connection is lost: whoever waits learns it. */
  close(): void {
    this.#isOpen = false
    for (const id of [...this.#waiting.keys()]) this.reject(id, 'DISCONNECTED')
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    return waiting
  }
}
