import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { StoreFailure } from '../../core/errors.ts'
import type { PlanCells, PlanChange, PlanIdQuery, PlanStore, PlanTable } from '../plan-store.ts'

type Operation =
  | { operation: 'planIds' }
  | { operation: 'objectIds'; planId: string; query: PlanIdQuery }
  | { operation: 'rows'; planId: string; table: string; where: Readonly<Record<string, string>> }
  | { operation: 'plan'; planId: string }
  | { operation: 'change'; planId: string; changes: readonly PlanChange[]; isCleared: boolean }
  | { operation: 'close' }
export type PlanCall = Operation & { number: number }
export type PlanReply = { number: number; result: unknown } | { number: number; error: string }

type Waiter = { resolve: (result: unknown) => void; reject: (cause: StoreFailure) => void }

/**
 * Tariff plans in SQLite (path `:memory:` for `*internal`), in a thread of its own that begins with the first call: most gateways
 * keep no plans.
 */
export class SqlitePlanStore implements PlanStore {
  readonly #path: string
  readonly #tables: readonly PlanTable[]
  readonly #waiting = new Map<number, Waiter>()
  #worker: Worker | undefined
  #failure: StoreFailure | undefined
  #calls = 0

  constructor(path: string, tables: readonly PlanTable[]) {
    this.#path = path
    this.#tables = tables
  }

  planIds(): Promise<string[]> {
    return this.#call({ operation: 'planIds' })
  }

  objectIds(planId: string, query: PlanIdQuery): Promise<string[]> {
    return this.#call({ operation: 'objectIds', planId, query })
  }

  rows(planId: string, table: string, where: Readonly<Record<string, string>>): Promise<PlanCells[]> {
    return this.#call({ operation: 'rows', planId, table, where })
  }

  plan(planId: string): Promise<ReadonlyMap<string, PlanCells[]>> {
    return this.#call({ operation: 'plan', planId })
  }

  change(planId: string, changes: readonly PlanChange[], isCleared = false): Promise<void> {
    return this.#call({ operation: 'change', planId, changes, isCleared })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined || this.#failure !== undefined) return
    const ended = once(worker, 'exit')
    await this.#call({ operation: 'close' })
    await ended
  }

  #call<R>(operation: Operation): Promise<R> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#worker ??= this.#start()
    const number = this.#calls++
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(number, { resolve, reject }))
    this.#worker.postMessage({ ...operation, number } satisfies PlanCall)
    return answered as Promise<R>
  }

  #start(): Worker {
    const workerData = { path: this.#path, tables: this.#tables }
    const worker = new Worker(new URL('./plan-database-thread.ts', import.meta.url), { workerData })
    worker.on('message', (reply: PlanReply) => {
      const waiter = this.#waiting.get(reply.number)
      this.#waiting.delete(reply.number)
      if ('error' in reply) waiter?.reject(this.#failed(reply.error))
      else waiter?.resolve(reply.result)
    })
    worker.on('error', (cause) => {
      this.#failure = this.#failed(cause instanceof Error ? cause.message : String(cause))
      for (const { reject } of this.#waiting.values()) reject(this.#failure)
      this.#waiting.clear()
    })
    return worker
  }

  #failed(problem: string): StoreFailure {
    return new StoreFailure(`tariff plans in ${this.#path}: ${problem}`)
  }
}
