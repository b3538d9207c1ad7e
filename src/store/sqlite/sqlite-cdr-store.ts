import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { StoreFailure } from '../../core/errors.ts'
import type { CdrQuery, CdrRow, CdrStore, FoundCdr } from '../cdr-store.ts'

type Operation =
  | { operation: 'open' }
  | { operation: 'write'; rows: readonly CdrRow[] }
  | { operation: 'find'; query: CdrQuery }
  | { operation: 'remove'; query: CdrQuery }
  | { operation: 'fold' }
  | { operation: 'close' }
export type TableCall = Operation & { number: number }
export type TableReply = { number: number; found: FoundCdr[]; count?: number } | { number: number; error: string }

type Answer = { found: FoundCdr[]; count?: number }
type Waiter = { resolve: (answer: Answer) => void; reject: (cause: StoreFailure) => void }

/** CDRs in SQLite (`*sqlite`; path `:memory:` for `*internal`), in a thread of its own: its disk is waited for there. */
export class SqliteCdrStore implements CdrStore<CdrRow, FoundCdr> {
  readonly #path: string
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiter>()
  #failure: StoreFailure | undefined
  #calls = 0

  constructor(path: string) {
    this.#path = path
    this.#worker = new Worker(new URL('./cdr-table-thread.ts', import.meta.url), { workerData: path })
    this.#worker.on('message', (reply: TableReply) => {
      const waiter = this.#waiting.get(reply.number)
      this.#waiting.delete(reply.number)
      if ('found' in reply) waiter?.resolve(reply)
      else waiter?.reject(this.#failed(reply.error))
    })
    this.#worker.on('error', (cause) => {
      this.#failure = this.#failed(String(cause))
      for (const { reject } of this.#waiting.values()) reject(this.#failure)
      this.#waiting.clear()
    })
  }

  /** Resolves when the file is open; rejects with StoreFailure. */
  async opened(): Promise<void> {
    await this.#call({ operation: 'open' })
  }

  async write(rows: readonly CdrRow[]): Promise<void> {
    await this.#call({ operation: 'write', rows })
  }

  async find(query: CdrQuery): Promise<FoundCdr[]> {
    return (await this.#call({ operation: 'find', query })).found
  }

  async remove(query: CdrQuery): Promise<number> {
    return (await this.#call({ operation: 'remove', query })).count ?? 0
  }

  /** Brings what the write-ahead log holds into the file. Rejects with StoreFailure. */
  async fold(): Promise<void> {
    await this.#call({ operation: 'fold' })
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) return
    const ended = once(this.#worker, 'exit')
    await this.#call({ operation: 'close' })
    await ended
  }

  #call(operation: Operation): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const number = this.#calls++
      this.#waiting.set(number, { resolve, reject })
      this.#worker.postMessage({ ...operation, number } satisfies TableCall)
    })
  }

  #failed(problem: string): StoreFailure {
    return new StoreFailure(`CDR store ${this.#path}: ${problem}`)
  }
}
