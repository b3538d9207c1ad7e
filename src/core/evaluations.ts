import { Later } from './later.ts'

/** What evaluations that run now were told from outside, by question: the same on each run. */
type Answers = Map<string, { value: unknown } | { cause: unknown }>

/** What `begin` gives and `end` takes: the evaluation around this one. null: there is none. */
export type Evaluation = Answers | undefined | null

/**
 * Synchronous evaluations that may ask for what is only known later. One that asks throws Later and is run again when the answer is
 * there; what it was told stays the same until it is done, so that it asks each question once.
 */
export class Evaluations {
  /** Answers of the evaluation that runs now; undefined: it has asked nothing; null: none runs. */
  #current: Evaluation = null

  /** Runs work as one evaluation, as often as it takes: what it does besides asking must be undone, or harmless, when it throws Later. */
  run<R>(work: () => R, answers?: Answers): R | Promise<Awaited<R>> {
    const outer = this.begin(answers)
    let asked: Answers | undefined
    try {
      const result = work()
      asked = this.asked
      // What an async function asks before its first await comes back as a rejection.
      if (asked === undefined || !(result instanceof Promise)) return result
      return result.catch((cause: unknown) => this.#again(cause, work, asked)) as Promise<Awaited<R>>
    } catch (cause) {
      return this.#again(cause, work, this.asked)
    } finally {
      this.end(outer)
    }
  }

  #again<R>(cause: unknown, work: () => R, asked: Answers | undefined): Promise<Awaited<R>> {
    if (!(cause instanceof Later)) throw cause
    return cause.known.then(() => this.run(work, asked)) as Promise<Awaited<R>>
  }

  /** An evaluation begins; answers: of an earlier run of it. Whoever begins it ends it, in the same turn. */
  begin(answers: Answers | undefined): Evaluation {
    const outer = this.#current
    this.#current = answers
    return outer
  }

  /** Answers of the evaluation that runs now. */
  get asked(): Answers | undefined {
    return this.#current ?? undefined
  }

  end(outer: Evaluation): void {
    this.#current = outer
  }

  /**
   * The answer to a question, by its whole text; what asks the same question expects an answer of the same type. start: asks it. Undefined:
   * no evaluation runs that could wait for it. Throws Later, or what start has rejected with.
   */
  ask<R extends NonNullable<unknown>>(question: string, start: () => Promise<R>): R | undefined {
    if (this.#current === null) return undefined
    const known = this.#current?.get(question)
    if (known !== undefined) {
      if ('cause' in known) throw known.cause
      return known.value as R
    }
    const answers: Answers = this.#current ?? new Map()
    this.#current = answers
    throw new Later(
      start().then(
        (value) => void answers.set(question, { value }),
        (cause: unknown) => void answers.set(question, { cause }),
      ),
    )
  }
}
