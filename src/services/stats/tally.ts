import { Decimal } from '../../core/decimal.ts'
import { ExtremeHeap } from './extreme-heap.ts'

/** What a metric reads of one event: an amount, a duration in ns, 1 or 0 of an answer; a text that is told apart; '' of a reply. */
export type Counted = Decimal | string

/** One event of a window as a view of its metric shows it, oldest first. */
export type CountedEvent = { readonly eventId: string; readonly value: Counted }

/**
 * What a metric keeps of its events, so that none has to be looked at again. `remove` takes off what `add` has added, in the same
 * order; tallies that only grow are never asked to. Reference 06, 5.4.
 */
export interface Tally {
  /** Events that count, for MinItems. */
  readonly count: number
  /** Sum, extreme or number of different values; undefined: nothing was counted. */
  readonly value: Decimal | undefined
  add(value: Counted, eventId: string): void
  remove(value: Counted, eventId: string): void
  /** What a tally that only grows is stored as; `restore` takes it. Different values are stored by themselves. */
  snapshot(): readonly string[]
  restore(snapshot: readonly string[]): void
}

/** Sum and number of events. */
export class Total implements Tally {
  count = 0
  #sum = Decimal.ZERO

  get value(): Decimal {
    return this.#sum
  }

  add(value: Counted): void {
    this.#sum = this.#sum.plus(value as Decimal)
    this.count++
  }

  remove(value: Counted): void {
    this.#sum = this.#sum.minus(value as Decimal)
    this.count--
  }

  snapshot(): readonly string[] {
    return [this.#sum.toString(), String(this.count)]
  }

  restore([sum = '0', count = '0']: readonly string[]): void {
    this.#sum = Decimal.parse(sum)
    this.count = Number(count)
  }
}

/** How many different values there are. */
export class Distinct implements Tally {
  count = 0
  readonly #users = new Map<string, number>()

  get value(): Decimal | undefined {
    return this.#users.size === 0 ? undefined : Decimal.of(this.#users.size)
  }

  /** The different values, in the order in which they came. */
  get values(): Iterable<string> {
    return this.#users.keys()
  }

  has(value: string): boolean {
    return this.#users.has(value)
  }

  /** A value that was counted before this process began: it is known, and counts nothing. */
  know(value: string): void {
    this.#users.set(value, this.#users.get(value) ?? 1)
  }

  add(value: Counted): void {
    this.#users.set(value as string, (this.#users.get(value as string) ?? 0) + 1)
    this.count++
  }

  remove(value: Counted): void {
    const others = (this.#users.get(value as string) ?? 0) - 1
    if (others > 0) this.#users.set(value as string, others)
    else this.#users.delete(value as string)
    this.count--
  }

  snapshot(): readonly string[] {
    return [String(this.count)]
  }

  restore([count = '0']: readonly string[]): void {
    this.count = Number(count)
  }
}

/** The greatest or least value in a window; of events with one id the last one counts. */
export class Extreme implements Tally {
  readonly #heap: ExtremeHeap

  /** sign: 1 for the greatest, -1 for the least. */
  constructor(sign: 1 | -1) {
    this.#heap = new ExtremeHeap(sign)
  }

  get count(): number {
    return this.#heap.size
  }

  get value(): Decimal | undefined {
    return this.#heap.extreme
  }

  add(value: Counted, eventId: string): void {
    this.#heap.put(eventId, value as Decimal)
  }

  remove(_value: Counted, eventId: string): void {
    this.#heap.take(eventId)
  }

  snapshot(): readonly string[] {
    return []
  }

  restore(): void {}
}

/** The greatest or least value ever. */
export class EverExtreme implements Tally {
  count = 0
  value: Decimal | undefined
  readonly #sign: 1 | -1

  constructor(sign: 1 | -1) {
    this.#sign = sign
  }

  add(value: Counted): void {
    const found = value as Decimal
    if (this.value === undefined || found.compare(this.value) * this.#sign > 0) this.value = found
    this.count++
  }

  remove(): void {}

  snapshot(): readonly string[] {
    return this.value === undefined ? [] : [this.value.toString(), String(this.count)]
  }

  restore([value, count = '0']: readonly string[]): void {
    this.value = value === undefined ? undefined : Decimal.parse(value)
    this.count = Number(count)
  }
}

/** Events by their ids: several of one id are one. */
export class Replies implements Tally {
  readonly #users = new Map<string, number>()

  get count(): number {
    return this.#users.size
  }

  get value(): Decimal | undefined {
    return this.count === 0 ? undefined : Decimal.of(this.count)
  }

  add(_value: Counted, eventId: string): void {
    this.#users.set(eventId, (this.#users.get(eventId) ?? 0) + 1)
  }

  remove(_value: Counted, eventId: string): void {
    const others = (this.#users.get(eventId) ?? 0) - 1
    if (others > 0) this.#users.set(eventId, others)
    else this.#users.delete(eventId)
  }

  snapshot(): readonly string[] {
    return []
  }

  restore(): void {}
}

/** How many events there ever were. */
export class EverCount implements Tally {
  count = 0

  get value(): Decimal | undefined {
    return this.count === 0 ? undefined : Decimal.of(this.count)
  }

  add(): void {
    this.count++
  }

  remove(): void {}

  snapshot(): readonly string[] {
    return [String(this.count)]
  }

  restore([count = '0']: readonly string[]): void {
    this.count = Number(count)
  }
}
