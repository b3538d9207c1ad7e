import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A call that the gateway makes of its client. */
export type CallBack = { method: string; argument: Record<string, unknown> }

/** What a client answers to a call: its result, or an error. */
export type CallBackAnswer = { result: unknown } | { error: string }

/** A client on a bidirectional JSON connection: it calls, and answers what it is called. */
export class BiClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (reply: unknown) => void>()
  readonly #calls: CallBack[] = []
  #onCall: (() => void) | undefined
  #lastId = 0
  /** What the next calls are answered; undefined is no answer at all. */
  answer: (call: CallBack) => CallBackAnswer | undefined = () => ({ result: 'OK' })

  private constructor(socket: Socket) {
    this.#socket = socket
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => undefined)
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.#receive(line)
    })
  }

  static async connect(port: number): Promise<BiClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new BiClient(socket)
  }

  /** The result of a call, or the text of its error. */
  call(method: string, argument: unknown): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#socket.write(`${JSON.stringify({ id, method, params: [argument] })}\n`)
    })
  }

  /** The next call of the gateway. */
  async called(): Promise<CallBack> {
    for (;;) {
      const call = this.#calls.shift()
      if (call !== undefined) return call
      await new Promise<void>((resolve) => {
        this.#onCall = resolve
      })
    }
  }

  /** Calls that nobody has asked for yet. */
  get callsLeft(): number {
    return this.#calls.length
  }

  /** Ends the connection; resolves when the other side has ended it too. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = once(this.#socket, 'close')
    this.#socket.end()
    await closed
  }

  #receive(line: string): void {
    const { id, method, params, result, error } = JSON.parse(line) as {
      id: number
      method?: string
      params?: [Record<string, unknown>]
      result?: unknown
      error?: unknown
    }
    if (method === undefined) {
      this.#waiting.get(id)?.(error ?? result)
      this.#waiting.delete(id)
      return
    }
    const call = { method, argument: params?.[0] ?? {} }
    this.#calls.push(call)
    this.#onCall?.()
    const answer = this.answer(call)
    if (answer !== undefined) this.#socket.write(`${JSON.stringify({ id, result: null, error: null, ...answer })}\n`)
  }
}
