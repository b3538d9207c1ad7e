import { argumentOf } from '../method.ts'
import { parseJson, type Shape } from '../shape.ts'
import type { CallArgument } from './dispatcher.ts'

/** The argument of a JSON call, parsed when it is needed. */
export class JsonArgument implements CallArgument {
  readonly #params: string | undefined
  readonly #isNamed: boolean
  #value: unknown
  #isParsed = false

  /**
   * params: JSON text, undefined when there is none. isVersion2: none is an argument of nothing, and an object is the argument
   * itself (JSON-RPC 2.0, section 4.2).
   */
  constructor(params: string | undefined, isVersion2: boolean) {
    this.#params = isVersion2 ? (params ?? '[]') : params
    this.#isNamed = isVersion2 && this.#params?.startsWith('{') === true
  }

  decode(params: Shape): unknown {
    return params.decode(this.#isNamed ? this.#parsed() : argumentOf(this.#parsed()))
  }

  apiKey(): string {
    const parsed = this.#parsed()
    const argument = this.#isNamed ? parsed : Array.isArray(parsed) ? (parsed[0] as unknown) : undefined
    const options = memberOf(argument, 'apiopts')
    const key = memberOf(options, '*apikey')
    return typeof key === 'string' ? key : ''
  }

  #parsed(): unknown {
    if (!this.#isParsed) {
      this.#value = this.#params === undefined ? undefined : parseJson(this.#params)
      this.#isParsed = true
    }
    return this.#value
  }
}

/** A member of an object by its name in lower case. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  for (const key in value) if (key.toLowerCase() === name) return (value as Record<string, unknown>)[key]
  return undefined
}
