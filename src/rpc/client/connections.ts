import { GobTypes } from '../gob/gob-types.ts'
import { AGENT_METHODS, CALLED_METHODS, type FindShapes } from '../gob/method-shapes.ts'
import { IDEMPOTENCY_KEY, RpcError } from '../rpc-error.ts'
import type { ClientCodec } from './codec.ts'
import type { Callbacks } from './connection.ts'
import { isFailover, isOutcomeUnknown, NetworkError } from './errors.ts'
import { GobCodec } from './gob-codec.ts'
import { type Host, type LocalCall, LocalHost, ParallelHost, RemoteHost, type Repeats } from './host.ts'
import { JsonCodec } from './json-codec.ts'
import { Pool } from './pool.ts'
import { type HostSettings, IN_PROCESS, isBidirectional, type PoolSettings, type Transport } from './settings.ts'

/** Calls methods over the connections of one `X_conns` key. */
export interface RpcClient {
  /** Throws RpcError with the answer of the server, NetworkError when none of the connections gives one. */
  call(method: string, argument: unknown): Promise<unknown>
}

/** A client for calls that change something. */
export interface OnceClient extends RpcClient {
  /**
   * Calls what must take effect once: where its outcome is unknown it is sent again only to a pool whose hosts know the key
   * (`APIOpts.*idempotencyKey`). Throws as `call`; `isOutcomeUnknown` tells whether it may have been run.
   */
  callOnce(method: string, argument: Readonly<Record<string, unknown>>, key: string): Promise<unknown>
}

/** Pools of a component that takes calls back; the others share those of NO_CALLBACKS. */
type Owner = Callbacks | undefined

/**
 * Every connection that a configuration names, each opened when it is first called. `*internal` and `*birpc_internal` are this
 * process, also with a service behind (`*internal:*chargers`). Reference 01, 3.
 */
export class Connections {
  #settings: ReadonlyMap<string, PoolSettings>
  readonly #maxParallel: number
  readonly #local: LocalHost
  readonly #shapes: FindShapes
  readonly #gobTypes = new GobTypes('json')
  readonly #pools = new Map<Owner, Map<string, Pool>>()
  #isClosed = false

  /**
   * maxParallel: connections that a `*parallel` pool may open. local: the methods of this process. shapes: those of every method
   * that may be called over gob.
   */
  constructor(settings: ReadonlyMap<string, PoolSettings>, maxParallel: number, local: LocalCall, shapes: FindShapes) {
    this.#settings = settings
    this.#maxParallel = maxParallel
    this.#local = new LocalHost(local)
    this.#shapes = (method) => AGENT_METHODS[method] ?? shapes(method) ?? CALLED_METHODS[method]
  }

  /** A client over these ids, tried in order. callbacks: answers what a bidirectional server calls. */
  client(ids: readonly string[], callbacks?: Callbacks): OnceClient {
    return {
      call: (method, argument) => this.#call(ids, callbacks, method, () => ({ argument, repeats: 'once' })),
      callOnce: (method, argument, key) =>
        this.#call(ids, callbacks, method, (id) =>
          this.#settings.get(id)?.isIdempotent
            ? { argument: withKey(argument, key), repeats: 'always' }
            : { argument, repeats: 'never' },
        ),
    }
  }

  /** Takes other settings: every pool is closed, the next call opens what it needs. */
  replace(settings: ReadonlyMap<string, PoolSettings>): void {
    this.#settings = settings
    this.#drop()
  }

  /** Nothing is called any more. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  #drop(): void {
    for (const pools of this.#pools.values()) for (const pool of pools.values()) pool.close()
    this.#pools.clear()
  }

  async #call(
    ids: readonly string[],
    owner: Owner,
    method: string,
    callOf: (id: string) => { argument: unknown; repeats: Repeats },
  ): Promise<unknown> {
    if (ids.length === 0) throw new RpcError('MANDATORY_IE_MISSING: [connIDs]')
    let last: unknown
    for (const [i, id] of ids.entries()) {
      const { argument, repeats } = callOf(id)
      try {
        return await this.#pool(id, owner).call(method, argument, { isLast: i === ids.length - 1, repeats })
      } catch (cause) {
        // Another pool is another store: it does not know what the first has done.
        if (!isFailover(cause) || (repeats !== 'once' && isOutcomeUnknown(cause))) throw cause
        last = cause
      }
    }
    throw last
  }

  #pool(id: string, owner: Owner): Pool {
    if (this.#isClosed) throw new NetworkError('connection is shut down')
    const name = id.startsWith('*internal:') ? '*internal' : id.startsWith('*birpc_internal:') ? '*birpc_internal' : id
    const pools = this.#pools.get(owner) ?? new Map<string, Pool>()
    this.#pools.set(owner, pools)
    const held = pools.get(name)
    if (held !== undefined) return held
    const pool = this.#build(name, owner)
    pools.set(name, pool)
    return pool
  }

  #build(id: string, owner: Owner): Pool {
    const { strategy, hosts } = this.#settings.get(id) ?? { strategy: '*first', hosts: [] }
    if (IN_PROCESS.has(id) && hosts.length === 0) return new Pool('*first', [this.#local], Math.random)
    const usable = hosts.filter(({ address }) => address !== '')
    const opened =
      strategy === '*parallel'
        ? usable.slice(0, 1).map((host) => new ParallelHost(() => this.#host(host, owner), this.#maxParallel))
        : usable.map((host) => this.#host(host, owner))
    return new Pool(strategy, opened, Math.random)
  }

  #host(settings: HostSettings, owner: Owner): Host {
    if (IN_PROCESS.has(settings.address)) return this.#local
    if (isBidirectional(settings.transport) && owner === undefined) throw new RpcError('UNSUPPORTED_BIRPC')
    return new RemoteHost(settings, owner, (transport) => this.#codec(transport))
  }

  #codec(transport: Transport): ClientCodec {
    switch (transport) {
      case '*json':
      case '*birpc_json':
        return new JsonCodec()
      case '*gob':
      case '*birpc_gob':
        return new GobCodec(this.#gobTypes, this.#shapes)
      default:
        throw new RpcError(`Unsupported transport: <${transport}>`)
    }
  }
}

function withKey(argument: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return { ...argument, APIOpts: { ...(argument['APIOpts'] as object | undefined), [IDEMPOTENCY_KEY]: key } }
}
