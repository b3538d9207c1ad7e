import { TollgateError } from '../core/errors.ts'
import { JsonRpcCode, RpcError } from './rpc-error.ts'
import { type Shape, text } from './shape.ts'
import { eventShape } from './shapes/event.ts'

/** Who calls, as far as the transport knows. */
export type Caller = {
  /** Id of the bidirectional connection that the call came over, '' for the others. */
  readonly connectionId: string
}

export const NOBODY: Caller = { connectionId: '' }

/** One method that clients may call: its name, what goes in and out, and what it does. */
export type Method = {
  /** `Service.Method` */
  readonly name: string
  /** One sentence for those who list the methods. */
  readonly summary: string
  readonly params: Shape
  readonly reply: Shape
  /** Runs the method on a decoded argument. The reply has the fields of `reply`, with usage as bigint and amounts as Decimal. */
  readonly run: (argument: unknown, caller: Caller) => unknown
}

/** Describes a method. Errors that clients are to read as they are come as RpcError or NotFound. */
export function method<P>(
  name: string,
  definition: {
    summary: string
    params: Shape<P>
    reply: Shape
    run: (argument: P, caller: Caller) => unknown
  },
): Method {
  const { run, ...rest } = definition
  return { name, ...rest, run: (argument, caller) => run(argument as P, caller) }
}

/** A method of a subsystem that this version does not have: it is listed with its shapes, and answers NOT_IMPLEMENTED. */
export function notYet(name: string, params: Shape, reply: Shape = OK): Method {
  return {
    name,
    summary: 'Not in this version. Errors: NOT_IMPLEMENTED.',
    params,
    reply,
    run: () => {
      throw new RpcError('NOT_IMPLEMENTED')
    },
  }
}

/** Most methods that change something answer so. */
export const OK: Shape<string> = text

/** Names under which clients of earlier versions ask for a service. Reference 01, 9.1. */
const LEGACY_NAMES: Readonly<Record<string, string>> = { ApierV1: 'APIerSv1', ApierV2: 'APIerSv2' }
/** These answer the methods of the other too. Reference 01, 9.1. */
const INHERITED: Readonly<Record<string, string>> = { APIerSv2: 'APIerSv1', CDRsV2: 'CDRsV1' }

/** The methods of all services by name. A service that is not on has none. Reference 01, 9. */
export class MethodRegistry {
  readonly #methods = new Map<string, Method>()
  readonly #services = new Set<string>()
  /** Service of each method: a text that is cut out at every call costs as much as the look-up. */
  readonly #serviceNames = new Map<string, string>()
  readonly #isOn: (service: string) => boolean

  /** isOn: asked at every call, so that a service can come and go. */
  constructor(methods: readonly Method[], isOn: (service: string) => boolean) {
    this.#isOn = isOn
    for (const each of methods) {
      if (this.#methods.has(each.name)) throw new Error(`method ${each.name} is defined twice`)
      this.#methods.set(each.name, each)
      this.#services.add(serviceOf(each.name))
    }
    for (const service of this.#services) {
      const name = `${service}.Ping`
      const ping = method(name, { summary: 'Answers Pong.', params: eventShape, reply: text, run: () => 'Pong' })
      if (!this.#methods.has(name)) this.#methods.set(name, ping)
    }
    for (const name of this.#methods.keys()) this.#serviceNames.set(name, serviceOf(name))
  }

  /** Methods of the services that are on, by name. */
  list(): Method[] {
    return [...this.#methods.values()]
      .filter(({ name }) => this.#isOn(serviceOf(name)))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The method that a client names. Throws RpcError. Reference 01, 7.1. */
  find(name: string): Method {
    const known = this.#methods.get(name)
    if (known !== undefined && this.#isOn(this.#serviceNames.get(name) ?? '')) return known
    const dot = name.lastIndexOf('.')
    if (dot < 0) throw new RpcError(`rpc: service/method request ill-formed: ${name}`, JsonRpcCode.INVALID_REQUEST)
    const service = LEGACY_NAMES[name.slice(0, dot)] ?? name.slice(0, dot)
    if (!this.#isOn(service) || !(this.#services.has(service) || this.#services.has(INHERITED[service] ?? '')))
      throw new RpcError(`rpc: can't find service ${name}`, JsonRpcCode.METHOD_NOT_FOUND)
    const found = this.#inherited(service, name.slice(dot))
    if (found === undefined) throw new RpcError(`rpc: can't find method ${name}`, JsonRpcCode.METHOD_NOT_FOUND)
    return found
  }

  /** Whether clients that name a method find it. */
  has(name: string): boolean {
    const dot = name.lastIndexOf('.')
    const service = LEGACY_NAMES[name.slice(0, dot)] ?? name.slice(0, dot)
    return this.#isOn(service) && this.#inherited(service, name.slice(dot)) !== undefined
  }

  /** What goes into a method and comes out of it, also while its service is off: another engine may have it on. */
  shapesOf(name: string): { readonly params: Shape; readonly reply: Shape } | undefined {
    const dot = name.lastIndexOf('.')
    return this.#inherited(LEGACY_NAMES[name.slice(0, dot)] ?? name.slice(0, dot), name.slice(dot))
  }

  /** called: the method's own name with its dot. */
  #inherited(service: string, called: string): Method | undefined {
    return this.#methods.get(service + called) ?? this.#methods.get((INHERITED[service] ?? '') + called)
  }

  /**
   * Runs a method with the params of a JSON request: their first element is the argument. Throws RpcError, or what the method
   * throws: `errorText` makes it what clients see.
   */
  async call(name: string, params: unknown, caller: Caller): Promise<unknown> {
    const found = this.find(name)
    return found.run(found.params.decode(argumentOf(params)), caller)
  }
}

/** The argument among the params of a JSON request: their first element. Throws RpcError. */
export function argumentOf(params: unknown): unknown {
  if (params === undefined || params === null)
    throw new RpcError('jsonrpc: request body missing params', JsonRpcCode.INVALID_PARAMS)
  if (Array.isArray(params)) return params[0]
  const kind = typeof params === 'boolean' ? 'bool' : typeof params
  throw new RpcError(`json: cannot unmarshal ${kind} into Go value of type [1]interface {}`, JsonRpcCode.INVALID_PARAMS)
}

export function serviceOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'))
}

/** What a client sees of an error. Reference 01, 8. */
export function errorText(cause: unknown): string {
  if (cause instanceof RpcError) return cause.message
  if (cause instanceof TollgateError && cause.code === 'NOT_FOUND') return cause.message
  return `SERVER_ERROR: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** Throws MANDATORY_IE_MISSING with every field that is empty, in the order given. Reference 01, 8. */
export function requireFields<T extends object>(argument: T, ...names: (keyof T & string)[]): void {
  const missing = names.filter((name) => {
    const value: unknown = argument[name]
    if (typeof value === 'string') return value.trim() === ''
    return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
  })
  if (missing.length > 0) throw new RpcError(`MANDATORY_IE_MISSING: [${missing.join(' ')}]`)
}
