import type { RemoteOutcome, RemoteSessions } from '../agents/remote-calls.ts'
import type { Config } from '../config/schema.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { Callbacks } from '../rpc/client/connection.ts'
import { Connections, type RpcClient } from '../rpc/client/connections.ts'
import { isFailover, isOutcomeUnknown } from '../rpc/client/errors.ts'
import { poolSettings } from '../rpc/client/pool-settings.ts'
import { IN_PROCESS } from '../rpc/client/settings.ts'
import { type MethodRegistry, NOBODY } from '../rpc/method.ts'
import { RpcError } from '../rpc/rpc-error.ts'

/** How a call of another process ended. isUnknown: it may have been done. */
export type CallOutcome = { result: unknown } | (Extract<RemoteOutcome, { error: string }> & { isUnknown: boolean })

type Argument = Readonly<Record<string, unknown>>

/** A service of another process. */
export interface Callee extends RemoteSessions {
  /** Calls what must take effect once: see `OnceClient`. Never rejects. */
  call(method: string, argument: Readonly<Record<string, unknown>>, key: string): Promise<CallOutcome>
  /** Calls what changes nothing. Rejects with RpcError, NetworkError. */
  ask(method: string, argument: Readonly<Record<string, unknown>>): Promise<unknown>
  /** It knows the keys of calls: one that comes again is done once. */
  readonly isIdempotent: boolean
}

/** Services of other processes, by the connections of the configuration. Reference 01, 3. */
export class RemoteServices {
  readonly #connections: Connections
  readonly #log: (level: 'warn', message: string, fields: Record<string, unknown>) => void
  readonly #callbacks: Callbacks
  #config: Config
  readonly #evaluations: Evaluations
  #registry: MethodRegistry | undefined

  /** callbacks: answers what sessions of another process call of the agents here; evaluations: what methods of this process ask is known later. */
  constructor(
    config: Config,
    log: (level: 'warn', message: string, fields: Record<string, unknown>) => void,
    callbacks: Callbacks,
    evaluations: Evaluations,
  ) {
    this.#evaluations = evaluations
    this.#config = config
    this.#log = log
    this.#callbacks = callbacks
    this.#connections = new Connections(
      poolSettings(config),
      config.general.max_parallel_conns,
      (method, argument) => this.#local(method, argument),
      (method) => this.#registry?.shapesOf(method),
    )
  }

  /** The methods of this process: what goes over gob is of their shapes, and a pool may lead back here. */
  attach(registry: MethodRegistry): void {
    this.#registry = registry
  }

  /** Takes other settings; the next call opens what it needs. */
  configure(config: Config): void {
    this.#config = config
    this.#connections.replace(poolSettings(config))
  }

  /** What is behind these connection ids, tried in order. */
  callee(ids: readonly string[]): Callee {
    const client = this.#connections.client(ids, this.#callbacks)
    return {
      isIdempotent: this.#isIdempotent(ids),
      ask: (method, argument) => client.call(method, argument),
      call: async (method, argument, key) => {
        try {
          return { result: await client.callOnce(method, argument, key) }
        } catch (cause) {
          return this.#failed(cause, ids, method)
        }
      },
    }
  }

  /** Whatever is asked of these connection ids, those of this process among them. */
  client(ids: readonly string[]): RpcClient {
    return this.#connections.client(ids)
  }

  /**
   * Calls what must take effect once of a host that the configuration does not name, over a connection of its own. Rejects with RpcError,
   * NetworkError.
   */
  async callHost(host: { address: string; transport: string }, method: string, argument: Argument, key: string) {
    if (IN_PROCESS.has(host.address)) return this.#local(method, argument)
    const rpc_conns = { host: { strategy: '*first' as const, poolSize: 1, conns: [host] } }
    const connections = new Connections(
      poolSettings({ ...this.#config, rpc_conns }),
      1,
      (name, each) => this.#local(name, each),
      (name) => this.#registry?.shapesOf(name),
    )
    try {
      return await connections.client(['host']).callOnce(method, argument, key)
    } finally {
      connections.close()
    }
  }

  close(): void {
    this.#connections.close()
  }

  #failed(cause: unknown, ids: readonly string[], method: string): CallOutcome {
    const error = cause instanceof Error ? cause.message : String(cause)
    if (!isFailover(cause)) return { error, isRepeatable: false, isUnknown: false }
    const isUnknown = isOutcomeUnknown(cause)
    this.#log('warn', isUnknown ? 'a call has no answer, its outcome is unknown' : 'a call could not be made', {
      method,
      conns: ids,
      cause: error,
    })
    return { error, isRepeatable: this.#isIdempotent(ids) || !isUnknown, isUnknown }
  }

  #isIdempotent(ids: readonly string[]): boolean {
    return ids.length > 0 && ids.every((id) => this.#config.rpc_conns[id]?.idempotent === true)
  }

  async #local(method: string, argument: unknown): Promise<unknown> {
    const registry = this.#registry
    if (registry === undefined) throw new RpcError('DISCONNECTED')
    return this.#evaluations.run(() => registry.call(method, [argument], NOBODY))
  }
}
