import { parseDuration } from '../core/duration.ts'
import type { RateInterval } from '../rating/model.ts'
import { zeroInterval } from '../rating/rate-interval.ts'
import type { Balance } from './account.ts'

/** How a balance is consumed: in free steps, or at the prices of a subject ('' : the event's own). Reference 04, 4.2. */
export type BalanceSubject = { kind: 'zero'; step: bigint; interval: RateInterval } | { kind: 'rated'; subject: string }

/** Rating subjects of balances are few: more than this many different ones start the cache anew. */
const LIMIT = 1_000

/** Reads rating subjects of balances once each. Throws InvalidText for a `*zero` with no duration behind it. */
export class BalanceSubjects {
  readonly #defaults: Readonly<Record<string, string>>
  readonly #known = new Map<string, BalanceSubject>()

  /** defaults: rals.balance_rating_subject, by usage type and `*any`. */
  constructor(defaults: Readonly<Record<string, string>>) {
    this.#defaults = defaults
  }

  /** type: under which the balance is kept; toR: of the event. asUnits: it pays usage, not a price. */
  of({ ratingSubject }: Balance, type: string, toR: string, asUnits: boolean): BalanceSubject {
    if (ratingSubject !== '*any' && (ratingSubject !== '' || !asUnits)) return this.#read(ratingSubject)
    return this.#read(this.#defaults[type === '*monetary' ? type : toR] ?? this.#defaults['*any'] ?? '')
  }

  #read(text: string): BalanceSubject {
    let subject = this.#known.get(text)
    if (subject === undefined) {
      subject = readSubject(text)
      if (this.#known.size >= LIMIT) this.#known.clear()
      this.#known.set(text, subject)
    }
    return subject
  }
}

function readSubject(text: string): BalanceSubject {
  if (!text.startsWith('*zero')) return { kind: 'rated', subject: text }
  const duration = parseDuration(text.slice('*zero'.length))
  const step = duration > 0n ? duration : 1n
  return { kind: 'zero', step, interval: zeroInterval(step) }
}
