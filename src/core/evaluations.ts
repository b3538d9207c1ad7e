import { TollgateError } from './errors.ts'
import { Later } from './later.ts'

/** How an evaluation ended. durable: of what it has changed; undefined: it has failed, or has changed nothing. */
export type Ending = (durable: Promise<void> | undefined) => void

/** An evaluation over all of its runs. */
type Evaluation = {
  /** What it was told from outside, by question: the same on each run. */
  answers: Map<string, { value: unknown } | { cause: unknown }> | undefined
  /** Its time, once it has asked for it, in ms. */
  nowMs: number | undefined
  endings: Ending[] | undefined
}

/** The evaluation around one; null: there is none. */
export type Outer = Evaluation | null

/** Above this many questions something else is asked at each run: it would never end. */
const MOST_QUESTIONS = 50_000

/**
 * Synchronous evaluations that may ask for what is only known later. One that asks throws Later and is run again when the answer is
 * there; what it was told stays the same until it is done, so that it asks each question once. So does its time.
 */
export class Evaluations {
  #current: Outer = null

  /** Runs work as one evaluation, as often as it takes: what it does besides asking must be undone, or harmless, when it throws Later. */
  run<R>(work: () => R, earlier?: Evaluation): R | Promise<Awaited<R>> {
    const outer = this.begin(earlier)
    const evaluation = this.current
    try {
      const result = work()
      // What an async function asks before its first await comes back as a rejection.
      if (evaluation?.answers === undefined || !(result instanceof Promise)) return result
      return result.catch((cause: unknown) => this.#again(cause, work, evaluation)) as Promise<Awaited<R>>
    } catch (cause) {
      return this.#again(cause, work, evaluation)
    } finally {
      this.end(outer)
    }
  }

  #again<R>(cause: unknown, work: () => R, evaluation: Evaluation | undefined): Promise<Awaited<R>> {
    if (!(cause instanceof Later)) throw cause
    return cause.known.then(() => this.run(work, evaluation)) as Promise<Awaited<R>>
  }

  /** An evaluation begins, or runs again: earlier. Whoever begins it ends it, in the same turn. */
  begin(earlier?: Evaluation): Outer {
    const outer = this.#current
    this.#current = earlier ?? { answers: undefined, nowMs: undefined, endings: undefined }
    return outer
  }

  /** The evaluation that runs now. */
  get current(): Evaluation | undefined {
    return this.#current ?? undefined
  }

  end(outer: Outer): void {
    this.#current = outer
  }

  /** The time in ms: within one evaluation always the same. */
  nowMs(): number {
    if (this.#current === null) return Date.now()
    this.#current.nowMs ??= Date.now()
    return this.#current.nowMs
  }

  /**
   * The answer to a question, by its whole text; what asks the same question expects an answer of the same type. start: asks it. Undefined:
   * no evaluation runs that could wait for it. Throws Later, or what start has rejected with.
   */
  ask<T extends NonNullable<unknown>>(question: string, start: () => Promise<T>): T | undefined {
    const evaluation = this.#current
    if (evaluation === null) return undefined
    const known = evaluation.answers?.get(question)
    if (known !== undefined) {
      if ('cause' in known) throw known.cause
      return known.value as T
    }
    evaluation.answers ??= new Map()
    const { answers } = evaluation
    if (answers.size >= MOST_QUESTIONS)
      throw new TollgateError('TOO_MANY_QUESTIONS', `asks more than ${MOST_QUESTIONS}`)
    throw new Later(
      start().then(
        (value) => void answers.set(question, { value }),
        (cause: unknown) => void answers.set(question, { cause }),
      ),
    )
  }

  /** Has something done when the evaluation that runs now is over: for units of work. */
  whenOver(ending: Ending): void {
    const evaluation = this.#current
    if (evaluation === null) return
    evaluation.endings ??= []
    evaluation.endings.push(ending)
  }

  /** The evaluation is over. durable: of what it has changed. */
  over(evaluation: Evaluation | undefined, durable: Promise<void> | undefined): void {
    if (evaluation?.endings === undefined) return
    for (const ending of evaluation.endings.splice(0)) ending(durable)
  }
}
