import { Evaluations } from '../../core/evaluations.ts'
import type { Method, MethodRegistry } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import type { Shape } from '../shape.ts'
import type { Access, Grant } from './access.ts'
import type { Caps } from './caps.ts'
import type { Peer } from './peer.ts'

/** The argument of a call as it came, in whatever encoding. */
export interface CallArgument {
  /** Throws RpcError. */
  decode(params: Shape): unknown
  /** `APIOpts.*apiKey`, '' for none. */
  apiKey(): string
}

/** What Go clients call when they do not wait for a reply any more. Reference 01, 7.1. */
export const CANCEL = '_goRPC_.Cancel'

/** Calls by listener: how many were answered, and how many of them with an error. */
export type CallCounts = ReadonlyMap<string, { readonly calls: number; readonly errors: number }>

/** What may change while calls come in. */
export type DispatchRules = {
  readonly access: Access
  /** After it the caller gets REPLY_TIMEOUT, while the call runs on; 0: no limit. */
  readonly replyTimeoutMs: number
}

/** The one way from every transport to the methods: limits, access, argument, method, time limit. */
export class Dispatcher {
  readonly registry: MethodRegistry
  readonly #caps: Caps
  #access: Access
  #replyTimeoutMs: number
  readonly #evaluations: Evaluations
  readonly #counts = new Map<string, { calls: number; errors: number }>()

  /** evaluations: what methods ask that is only known later. */
  constructor(registry: MethodRegistry, options: DispatchRules & { caps: Caps; evaluations?: Evaluations }) {
    this.registry = registry
    this.#caps = options.caps
    this.#access = options.access
    this.#replyTimeoutMs = options.replyTimeoutMs
    this.#evaluations = options.evaluations ?? new Evaluations()
  }

  /** Who may call what, and how long calls may take, from the next call on. */
  configure({ access, replyTimeoutMs }: DispatchRules): void {
    this.#access = access
    this.#replyTimeoutMs = replyTimeoutMs
  }

  get counts(): CallCounts {
    return this.#counts
  }

  /**
   * Runs one call. Gives its result, or a promise of it when it takes time. Throws, or rejects with, RpcError or what the method
   * throws: `errorText` makes it what clients see.
   */
  call(name: string, argument: CallArgument, peer: Peer): unknown {
    // A call that is under way changes accounts: it goes on, as in the reference.
    if (name === CANCEL) return false
    const counts = this.#countsOf(peer.listener)
    counts.calls++
    try {
      const start = this.#prepare(name, argument, peer)
      // What cannot be called takes no turn.
      const turn = this.#caps.enter()
      const result = turn === undefined ? this.#run(start) : turn.then(() => this.#run(start))
      if (!(result instanceof Promise)) return result
      const limited = this.#replyTimeoutMs > 0 ? withTimeout(result, this.#replyTimeoutMs) : result
      limited.catch(() => counts.errors++)
      return limited
    } catch (cause) {
      counts.errors++
      throw cause
    }
  }

  /** Whether a caller may see what is no method, by the name of a right. */
  allows(peer: Peer, right: string): boolean {
    try {
      return this.#access.admit(peer, '', Date.now())?.allows(right) ?? true
    } catch (cause) {
      if (cause instanceof RpcError) return false
      throw cause
    }
  }

  /** Runs a call that has its turn. */
  #run(start: () => unknown): unknown {
    let result: unknown
    try {
      result = start()
    } catch (cause) {
      this.#caps.leave()
      throw cause
    }
    if (result instanceof Promise) return result.finally(() => this.#caps.leave())
    this.#caps.leave()
    return result
  }

  /** Finds out who calls what with which argument. */
  #prepare(name: string, argument: CallArgument, peer: Peer): () => unknown {
    const apiKey = this.#access.asks(peer.listener) ? argument.apiKey() : ''
    const grant = this.#access.admit(peer, apiKey, Date.now())
    const method = this.#find(name, grant)
    const decoded = argument.decode(method.params)
    this.#access.checkTenants(grant, method, decoded)
    return () => this.#evaluations.run(() => method.run(decoded, peer))
  }

  /** The method, by the name that was called or by its own. Who may not call it does not learn whether there is one. */
  #find(name: string, grant: Grant): Method {
    if (grant === undefined || grant.allows(name)) return this.registry.find(name)
    const method = this.registry.has(name) ? this.registry.find(name) : undefined
    if (method !== undefined && grant.allows(method.name)) return method
    throw new RpcError('UNAUTHORIZED_API')
  }

  #countsOf(listener: string): { calls: number; errors: number } {
    const known = this.#counts.get(listener)
    if (known !== undefined) return known
    const counts = { calls: 0, errors: 0 }
    this.#counts.set(listener, counts)
    return counts
  }
}

function withTimeout(result: Promise<unknown>, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new RpcError('REPLY_TIMEOUT')), timeoutMs)
    result.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
