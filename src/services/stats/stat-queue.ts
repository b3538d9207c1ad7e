import { TollgateError } from '../../core/errors.ts'
import type { EventContext } from '../../filters/profile-index.ts'
import type { MatchedProfile } from '../../filters/profile-set.ts'
import type { Predicate } from '../../filters/sides.ts'
import { type Metric, tallyOf } from './metric.ts'
import { type Counted, Distinct, type Tally } from './tally.ts'

/** A metric of a profile, with the filters of events that it counts. */
export type QueueMetric = Metric & {
  readonly filterIds: readonly string[] | null
  readonly passes: Predicate<EventContext['message'], never>
}

/** How a queue of events is kept, and what is measured of it. Reference 06, 5.1. */
export type StatProfile = MatchedProfile & {
  /** Most events; 0 or less: no limit. */
  readonly queueLength: number
  /** ns until an event goes; 0 or less: never. */
  readonly ttl: bigint
  readonly minItems: number
  /** In the order of their ids. */
  readonly metrics: readonly QueueMetric[]
  readonly isStored: boolean
  readonly isBlocker: boolean
  readonly thresholdIds: readonly string[] | null
}

/** An event in a window. values: what the metrics have counted of it, in their order. */
export type QueueItem = {
  readonly eventId: string
  readonly expiresAtNs: bigint | null
  values: (Counted | undefined)[]
}

/** Both limits -1: events are only counted, and none is kept. */
export function isGrowing({ queueLength, ttl }: Pick<StatProfile, 'queueLength' | 'ttl'>): boolean {
  return queueLength === -1 && ttl === -1n
}

/** Items that have gone may lie in front of the others, at most as many as these. */
const MOST_GONE = 1_024

/**
 * The events of one queue and what its metrics make of them. An event comes and goes in constant time, whatever the length. In memory: a
 * store keeps items by their numbers, `first` to `next`. Reference 06, 5.3.
 */
export class StatQueue {
  #profile: StatProfile
  #tallies: Tally[]
  #items: QueueItem[] = []
  /** Index of the oldest item. */
  #head = 0
  /** Number of the oldest item, and of the one to come. */
  first = 0
  /** No event was ever taken. */
  isFresh = true

  constructor(profile: StatProfile) {
    this.#profile = profile
    this.#tallies = talliesOf(profile)
  }

  get profile(): StatProfile {
    return this.#profile
  }

  get tallies(): readonly Tally[] {
    return this.#tallies
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get next(): number {
    return this.first + this.length
  }

  /** The item of a number from `first` below `next`. */
  item(number: number): QueueItem | undefined {
    return this.#items[this.#head + number - this.first]
  }

  /** Items, the oldest first. */
  get items(): readonly QueueItem[] {
    return this.#items.slice(this.#head)
  }

  /**
   * What the metrics count of an event; nothing changes yet. What one cannot count is told to `failed`, and the others count it. context: the
   * event as metrics read it; filtered: as their filters do.
   */
  read(
    context: EventContext,
    filtered: EventContext,
    failed: (metricId: string, cause: string) => void,
  ): (Counted | undefined)[] {
    return this.#profile.metrics.map((metric) => valueFor(metric, context, filtered, failed))
  }

  /** Takes an event. values: what `read` has given. */
  take(eventId: string, values: (Counted | undefined)[], nowNs: bigint): void {
    const { queueLength, ttl } = this.#profile
    if (isGrowing(this.#profile)) {
      this.#grow(eventId, values)
      return
    }
    this.purge(nowNs)
    if (queueLength > 0) while (this.length >= queueLength) this.#removeOldest()
    this.append({ eventId, expiresAtNs: ttl > 0n ? nowNs + ttl : null, values })
  }

  /** Only different values are kept, each once. */
  #grow(eventId: string, values: readonly (Counted | undefined)[]): void {
    for (const [i, value] of values.entries()) {
      const tally = this.#tallies[i]
      if (value === undefined || tally === undefined) continue
      const isNew = tally instanceof Distinct && !tally.has(value as string)
      tally.add(value, eventId)
      if (isNew)
        this.#items.push({
          eventId: '',
          expiresAtNs: null,
          values: values.map((_, j) => (j === i ? value : undefined)),
        })
    }
  }

  /** Adds an item behind the others. */
  append(item: QueueItem): void {
    this.isFresh = false
    this.#items.push(item)
    for (const [i, value] of item.values.entries()) if (value !== undefined) this.#tallies[i]?.add(value, item.eventId)
  }

  /** Takes an item up that a store has kept of a queue that keeps no events. */
  know(item: QueueItem): void {
    this.#items.push(item)
    for (const [i, value] of item.values.entries()) {
      const tally = this.#tallies[i]
      if (typeof value === 'string' && tally instanceof Distinct) tally.know(value)
    }
  }

  /** Removes what has expired; whether there was something. */
  purge(nowNs: bigint): boolean {
    const { first } = this
    for (;;) {
      const expiresAtNs = this.#items[this.#head]?.expiresAtNs ?? null
      if (expiresAtNs === null || expiresAtNs > nowNs) return this.first !== first
      this.#removeOldest()
    }
  }

  #removeOldest(): void {
    const oldest = this.#items[this.#head]
    if (oldest === undefined) return
    for (const [i, value] of oldest.values.entries())
      if (value !== undefined) this.#tallies[i]?.remove(value, oldest.eventId)
    this.#head++
    this.first++
    if (this.#head < MOST_GONE || this.#head * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }

  /** Forgets every event. */
  reset(): void {
    this.first = this.next
    this.#items = []
    this.#head = 0
    this.#tallies = talliesOf(this.#profile)
    this.isFresh = false
  }

  /** Has the events of another queue of its profile from now on. */
  become(other: StatQueue): void {
    this.first = other.first
    this.#items = [...other.items]
    this.#head = 0
    this.#tallies = [...other.tallies]
    this.isFresh = other.isFresh
  }

  /**
   * Goes on by another profile. Everything is forgotten when limits or MinItems are others, or events are not stored (any more); else a metric
   * that is new, or has other filters, begins without events. Whether items changed. Reference 06, 5.7.
   */
  follow(profile: StatProfile): boolean {
    const before = this.#profile
    this.#profile = profile
    if (!profile.isStored || !isContinued(before, profile)) {
      this.reset()
      this.isFresh = true
      return true
    }
    const places = profile.metrics.map((metric) => before.metrics.findIndex((each) => isSameMetric(each, metric)))
    if (places.length === before.metrics.length && places.every((place, i) => place === i)) return false
    this.#tallies = profile.metrics.map(
      (metric, i) => this.#tallies[places[i] ?? -1] ?? tallyOf(metric, isGrowing(profile)),
    )
    for (const item of this.#items) item.values = places.map((place) => item.values[place])
    return true
  }
}

function talliesOf(profile: StatProfile): Tally[] {
  return profile.metrics.map((metric) => tallyOf(metric, isGrowing(profile)))
}

/** Whether a queue keeps its events under another profile. */
export function isContinued(
  before: Pick<StatProfile, 'queueLength' | 'ttl' | 'minItems'>,
  after: Pick<StatProfile, 'queueLength' | 'ttl' | 'minItems'>,
): boolean {
  return before.queueLength === after.queueLength && before.ttl === after.ttl && before.minItems === after.minItems
}

function isSameMetric(a: QueueMetric, b: QueueMetric): boolean {
  const filters = ({ filterIds }: QueueMetric) => (filterIds ?? []).toSorted().join('\n')
  return a.id === b.id && filters(a) === filters(b)
}

function valueFor(
  { id, read, passes }: QueueMetric,
  context: EventContext,
  filtered: EventContext,
  failed: (metricId: string, cause: string) => void,
): Counted | undefined {
  try {
    return passes(filtered) ? read(context) : undefined
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause
    failed(id, cause.message)
    return undefined
  }
}
