import type { GobType } from '../../protocol/gob/types.ts'
import type { GobHeader, GobMessage } from '../gob/gob-wire.ts'
import { AGENT_METHODS } from '../gob/method-shapes.ts'
import { RpcError } from '../rpc-error.ts'
import { type BiConnection, requireServed } from './bidirectional.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { GobMethods, GobSend } from './gob-rpc.ts'
import type { Answer } from './json-rpc.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import type { Peer } from './peer.ts'

/** The gob form: a header that names a method is a call of the client, the others are replies to ours. Reference 01, 7.4 and 7.5. */
export class GobBiConnection implements BiConnection {
  readonly id: string
  readonly listener: string
  readonly #peer: Peer
  readonly #dispatcher: Dispatcher
  readonly #methods: GobMethods
  readonly #send: (send: GobSend) => void
  readonly #calls = new OutgoingCalls()
  /** Types of the results that are waited for. */
  readonly #results = new Map<number, GobType>()

  /** peer: its connectionId is the id of this connection. send: writes to the client. */
  constructor(peer: Peer, dispatcher: Dispatcher, methods: GobMethods, send: (send: GobSend) => void) {
    this.id = peer.connectionId
    this.listener = peer.listener
    this.#peer = peer
    this.#dispatcher = dispatcher
    this.#methods = methods
    this.#send = send
  }

  async call(method: string, argument: unknown, timeoutMs: number): Promise<unknown> {
    const shapes = AGENT_METHODS[method]
    if (shapes === undefined) throw new RpcError(`rpc: can't find method ${method}`)
    const { results } = this.#methods
    let seq = 0
    try {
      return await this.#calls.open(timeoutMs, (id) => {
        seq = id
        this.#results.set(id, results.of(shapes.reply))
        this.#send((wire) => wire.call(id, method, results.of(shapes.params), argument))
      })
    } finally {
      this.#results.delete(seq)
    }
  }

  close(): void {
    this.#calls.close()
  }

  /** What follows a header. */
  bodyType({ method, seq, error }: GobHeader): GobType | undefined {
    if (method !== '') return this.#methods.argumentType(method)
    return error === '' ? this.#results.get(Number(seq)) : undefined
  }

  /** A call of the client, or its reply to one of ours; one to nothing that waits is not looked at. */
  handle(message: GobMessage): Answer<GobSend> {
    const { header, body, fault } = message
    if (header.method !== '')
      return this.#methods.answer(message, this.#peer, (method) => requireServed(this.#dispatcher, method))
    const seq = Number(header.seq)
    if (header.error !== '') this.#calls.reject(seq, header.error)
    else if (fault !== undefined) this.#calls.reject(seq, `reading body ${fault.message}`)
    else this.#calls.resolve(seq, () => body)
    return ''
  }
}
