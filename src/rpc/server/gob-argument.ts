import type { GobError } from '../../protocol/gob/gob-error.ts'
import { RpcError } from '../rpc-error.ts'
import type { Shape } from '../shape.ts'
import type { CallArgument } from './dispatcher.ts'

/** The argument of a gob call. It was decoded when it came in: what follows it in the stream cannot be read before. */
export class GobArgument implements CallArgument {
  readonly #value: unknown
  readonly #fault: GobError | undefined

  /** fault: why there is no value. */
  constructor(value: unknown, fault: GobError | undefined) {
    this.#value = value
    this.#fault = fault
  }

  decode(_params: Shape): unknown {
    if (this.#fault !== undefined) throw new RpcError(this.#fault.message)
    return this.#value
  }

  /** Options stand in the argument itself, or in what it embeds. */
  apiKey(): string {
    const own = optionKey(this.#value)
    if (own !== '' || !isObject(this.#value)) return own
    return (
      Object.values(this.#value)
        .map(optionKey)
        .find((key) => key !== '') ?? ''
    )
  }
}

function optionKey(value: unknown): string {
  const options = isObject(value) ? value['APIOpts'] : undefined
  const key = isObject(options) ? options['*apiKey'] : undefined
  return typeof key === 'string' ? key : ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
