import { StoreFailure } from '../../core/errors.ts'
import type { Change } from '../data-store.ts'
import type { Condition, Difference } from '../shared-data-store.ts'
import { type Batch, type Commit, commitArguments, readOutcomes } from './batch.ts'
import { describe, pauseMs } from './redis-client.ts'

export type ChannelOptions = {
  /** Sends a batch; rejects with what the client says. */
  send: (batch: Batch, answered: readonly number[]) => Promise<unknown>
  /** Resolves when Redis answers; rejects with what the client says. */
  probe: () => Promise<void>
  /** Gives up the connection for another one. */
  reconnect: () => void
  node: string
  isTold: (change: Change) => boolean
  /** Numbers of changes of this engine itself: from (exclusive) to (inclusive). */
  told: (from: number, to: number) => void
  gatherMs: number
  gatherLimit: number
  timeoutMs: number
  /** Nothing is committed from now on, or again. */
  onFailure: (cause: string | undefined) => void
}

/** Commits of one script call at most. */
const LARGEST_BATCH = 256
/** Commits without an outcome, above which no more are taken. */
const MOST_WAITING = 20_000
/** Answers that say that this server takes no writes now, but another or the same later does. */
const ELSEWHERE = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED|NOREPLICAS)/

/** Answers that say that the first write of a script was refused. */
const NOT_WRITTEN = /^(OOM|MISCONF)/
/** What the client says of commands that it has not sent. */
const NOT_SENT = /isn't writeable|isn't ready/

/**
 * Commits on their way to Redis. Those of one turn of the event loop are sent together, and batches follow each other without waiting.
 *
 * When the connection is lost, it is not known of the batches under way whether they were applied. Nothing else is taken then, until
 * each of them has been sent again, in order: Redis knows those that it has applied. So no commit is answered before its outcome is
 * known, and none is applied twice.
 */
export class CommitChannel {
  readonly #options: ChannelOptions
  #queue: Commit[] = []
  #isScheduled = false
  #lastNumber = 0
  readonly #inFlight = new Map<number, Batch>()
  /** Batches whose outcome is not known. */
  #lost: Batch[] = []
  /** Batches whose outcome was received: Redis may forget it. */
  #answered: number[] = []
  #waiting = 0
  #failure: StoreFailure | undefined
  #isClosed = false

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /** Why nothing can be committed now. */
  get failure(): StoreFailure | undefined {
    return this.#failure
  }

  /** Commits without an outcome. */
  get depth(): number {
    return this.#waiting
  }

  /** See SharedDataStore. */
  commit(conditions: readonly Condition[], changes: readonly Change[]): Promise<readonly Difference[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#waiting >= MOST_WAITING) return Promise.reject(new StoreFailure('too many commits wait for Redis'))
    const { node, isTold } = this.#options
    const texts = commitArguments(conditions, changes, node, isTold)
    this.#waiting++
    return new Promise<readonly Difference[]>((resolve, reject) => {
      this.#queue.push({ conditions, arguments: texts, resolve, reject })
      this.#schedule()
    }).finally(() => {
      this.#waiting--
    })
  }

  /** Sends what waits to be sent: what is sent to Redis afterwards sees it. */
  flush(): void {
    const queue = this.#queue
    this.#queue = []
    const { gatherLimit, gatherMs } = this.#options
    const limit = gatherMs === 0 ? 1 : Math.min(gatherLimit > 0 ? gatherLimit : LARGEST_BATCH, LARGEST_BATCH)
    for (let at = 0; at < queue.length; at += limit) {
      const commits = queue.slice(at, at + limit)
      // What was never sent was never applied.
      if (this.#failure !== undefined) for (const { reject } of commits) reject(this.#failure)
      else this.#send({ number: ++this.#lastNumber, commits, sentMs: performance.now() })
    }
  }

  /** Something else than a commit was not answered. */
  failed(cause: unknown): void {
    this.#down(describe(cause))
  }

  /** Gives up a connection that has not answered for too long: since then, if not to a commit. To be called every now and then. */
  check(since = Number.POSITIVE_INFINITY): void {
    const [oldest] = this.#inFlight.values()
    const { timeoutMs } = this.#options
    if (performance.now() - Math.min(oldest?.sentMs ?? Number.POSITIVE_INFINITY, since) < timeoutMs) return
    this.#down(`no answer for ${timeoutMs} ms`)
    this.#options.reconnect()
  }

  /** Resolves when everything that was committed before has an outcome; rejects while that cannot be told. */
  async settled(): Promise<void> {
    this.flush()
    while (this.#inFlight.size > 0 && this.#failure === undefined) await new Promise((next) => setImmediate(next))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Takes nothing any more. Commits whose outcome is not known stay without one. */
  close(): void {
    this.#isClosed = true
    this.#failure ??= new StoreFailure('the store is closed')
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const send = () => {
      this.#isScheduled = false
      this.flush()
    }
    const { gatherMs } = this.#options
    if (gatherMs === 0) queueMicrotask(send)
    else if (gatherMs < 1) setImmediate(send)
    else setTimeout(send, gatherMs)
  }

  #send(batch: Batch): void {
    this.#inFlight.set(batch.number, batch)
    const answered = this.#answered
    this.#answered = []
    this.#options.send(batch, answered).then(
      (reply) => this.#settle(batch, reply),
      (cause: unknown) => this.#unanswered(batch, cause, answered),
    )
  }

  #settle(batch: Batch, reply: unknown): void {
    this.#inFlight.delete(batch.number)
    this.#answered.push(batch.number)
    const { told, differences } = readOutcomes(reply, batch.commits)
    if (told !== undefined && told[1] > told[0]) this.#options.told(...told)
    for (const [i, { resolve }] of batch.commits.entries()) resolve(differences[i] ?? [])
  }

  /** Rejects while the outcome cannot be told. */
  async #sendAgain(batch: Batch): Promise<void> {
    try {
      this.#settle(batch, await this.#options.send(batch, []))
    } catch (cause) {
      // It was looked for before something was to be written: it is not there.
      if (!isAnswer(cause) || !NOT_WRITTEN.test(describe(cause))) throw cause
      reject(batch, cause)
    }
  }

  #unanswered(batch: Batch, cause: unknown, answered: readonly number[]): void {
    this.#inFlight.delete(batch.number)
    this.#answered.push(...answered)
    const problem = describe(cause)
    if (!isAnswer(cause) && !NOT_SENT.test(problem)) {
      this.#lost.push(batch)
      this.#down(problem)
      return
    }
    reject(batch, cause)
    if (!isAnswer(cause) || ELSEWHERE.test(problem)) this.#down(problem)
  }

  #down(problem: string): void {
    if (this.#failure !== undefined) return
    this.#failure = new StoreFailure(`Redis cannot be reached: ${problem}`)
    this.#options.onFailure(problem)
    this.flush()
    void this.#recover()
  }

  /** Tries until every batch has its outcome and Redis answers. */
  async #recover(): Promise<void> {
    let triedMs = performance.now()
    for (let attempt = 1; !this.#isClosed; attempt++) {
      await new Promise((next) => setTimeout(next, pauseMs(attempt)))
      if (this.#isClosed) return
      this.check()
      if (this.#inFlight.size > 0) continue
      try {
        await this.#options.probe()
        this.#lost.sort((a, b) => a.number - b.number)
        for (let batch = this.#lost[0]; batch !== undefined; batch = this.#lost[0]) {
          await this.#sendAgain(batch)
          this.#lost.shift()
        }
        this.#failure = undefined
        this.#options.onFailure(undefined)
        return
      } catch (cause) {
        const isHanging = performance.now() - triedMs > this.#options.timeoutMs
        if (!isHanging && !(isAnswer(cause) && ELSEWHERE.test(describe(cause)))) continue
        triedMs = performance.now()
        this.#options.reconnect()
      }
    }
  }
}

function reject({ commits }: Batch, cause: unknown): void {
  const failure = new StoreFailure(`Redis: ${describe(cause)}`, { cause })
  for (const commit of commits) commit.reject(failure)
}

/** Whether Redis itself has said no, so that nothing was applied. */
function isAnswer(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'ReplyError'
}
