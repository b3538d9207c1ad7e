import type { ActionPlan, ActionTiming, Task } from './action-plans.ts'
import { isAtLoad } from './action-plans.ts'
import { nextRun } from './plan-timing.ts'

export type SchedulerOptions = {
  /** ms since the epoch. */
  nowMs: () => number
  /** Zone that plan times are read in. */
  zone: string
  /** Calls back once, after `delayMs`; returns how to call that off. */
  setTimer: (callback: () => void, delayMs: number) => () => void
  /** Runs a set for one account. It reports its own failures; a rejection goes to `onError`. */
  run: (task: Task) => Promise<void>
  /** Whether this scheduler is the one for that task (schedulers.filters). */
  accepts: (task: Task) => boolean
  onError: (cause: unknown) => void
}

/** A run to come. accountIds: those that this scheduler is for; [''] for a plan without accounts. */
export type PlannedRun = { atMs: number; planId: string; timing: ActionTiming; accountIds: readonly string[] }

/** Tasks and accounts of one timing that run at the same time. Reference 04, 12.3. */
const CONCURRENCY = 10
/** Longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Runs tasks at once and action plans by time. Runs missed while it was not running are not made up. */
export class Scheduler {
  readonly #options: SchedulerOptions
  #queue: PlannedRun[] = []
  #loadedAtMs = 0
  #cancelTimer: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  /** Runs to come, the next one first. */
  get queue(): readonly PlannedRun[] {
    return this.#queue
  }

  /**
   * Takes over new plans and runs the waiting tasks; resolves when these are done, with those that are not for this
   * scheduler. Durations such as `+5m` count from now.
   */
  async reload(plans: readonly ActionPlan[], tasks: readonly Task[]): Promise<Task[]> {
    this.#loadedAtMs = this.#options.nowMs()
    this.#queue = plans.flatMap((plan) => plan.timings.flatMap((timing) => this.#plan(plan, timing)))
    this.#sort()
    this.#arm()
    await this.#runAll(tasks.filter(this.#options.accepts))
    return tasks.filter((task) => !this.#options.accepts(task))
  }

  /** Stops planning and waits for what runs now. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer?.()
    this.#queue = []
    await this.#running
  }

  #plan({ id, accountIds }: ActionPlan, timing: ActionTiming): PlannedRun[] {
    if (isAtLoad(timing)) return []
    const atMs = this.#nextMs(timing, this.#loadedAtMs)
    const accepted = (accountIds.length === 0 ? [''] : accountIds).filter((accountId) =>
      this.#options.accepts({ uuid: timing.uuid, accountId, actionsId: timing.actionsId }),
    )
    return atMs === undefined || accepted.length === 0 ? [] : [{ atMs, planId: id, timing, accountIds: accepted }]
  }

  #nextMs({ timing }: ActionTiming, afterMs: number): number | undefined {
    try {
      const next = nextRun(timing, this.#zoned(afterMs), this.#zoned(this.#loadedAtMs))
      return next === undefined ? undefined : Number(next / 1_000_000n)
    } catch (cause) {
      this.#options.onError(cause)
      return undefined
    }
  }

  #zoned(ms: number) {
    return { ns: BigInt(ms) * 1_000_000n, zone: this.#options.zone }
  }

  #sort(): void {
    this.#queue.sort((a, b) => a.atMs - b.atMs || b.timing.weight - a.timing.weight)
  }

  #arm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const [next] = this.#queue
    if (next === undefined || this.#closed) return
    const delayMs = Math.min(Math.max(next.atMs - this.#options.nowMs(), 0), MAX_DELAY_MS)
    this.#cancelTimer = this.#options.setTimer(() => this.#wake(), delayMs)
  }

  /** Runs what is due, and puts it back with its run after that. */
  #wake(): void {
    const nowMs = this.#options.nowMs()
    const due = this.#queue.filter(({ atMs }) => atMs <= nowMs)
    const waiting = this.#queue.filter(({ atMs }) => atMs > nowMs)
    for (const run of due) {
      const atMs = this.#nextMs(run.timing, nowMs + 1_000)
      if (atMs !== undefined) waiting.push({ ...run, atMs })
    }
    this.#queue = waiting
    this.#sort()
    this.#running = this.#running.then(() => this.#runInOrder(due))
    this.#arm()
  }

  async #runInOrder(due: readonly PlannedRun[]): Promise<void> {
    for (const { planId, timing, accountIds } of due) {
      const { uuid, actionsId } = timing
      await this.#runAll(accountIds.map((accountId) => ({ uuid, accountId, actionsId, planId })))
    }
  }

  async #runAll(tasks: readonly Task[]): Promise<void> {
    const waiting = tasks.values()
    const work = async () => {
      for (const task of waiting) await this.#options.run(task).catch(this.#options.onError)
    }
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, tasks.length) }, work))
  }
}
