import type { RecordKind, Unit } from '../../store/unit-of-work.ts'
import { countedOf, countedText } from './metric.ts'
import {
  isContinued,
  isGrowing,
  type QueueItem,
  type QueueMetric,
  type StatProfile,
  type StatQueue,
} from './stat-queue.ts'

/** A queue without its items: what it was kept by, and the tallies of one that keeps no events. */
type StoredHead = {
  readonly limits: readonly [queueLength: number, ttl: string, minItems: number]
  /** The metrics that the values of items are of, in their order. */
  readonly metrics: readonly (readonly [id: string, filterIds: readonly string[] | null])[]
  readonly first: number
  readonly next: number
  readonly isFresh: boolean
  readonly tallies: readonly (readonly string[])[] | null
}

/** eventId, when it expires, and the value of each metric as a text; null: it has not counted. */
type StoredItem = readonly [eventId: string, expiresAtNs: string | null, values: readonly (string | null)[]]

const HEADS = 'stat/'
const ITEMS = 'stat-item/'

const headKind: RecordKind<StoredHead> = {
  table: 'state',
  isTransient: true,
  write: (head, writer) => void writer.json(JSON.stringify(head)),
  decode: (text) => JSON.parse(text) as StoredHead,
}

const itemKind: RecordKind<StoredItem> = {
  table: 'state',
  isTransient: true,
  write: (item, writer) => void writer.json(JSON.stringify(item)),
  decode: (text) => JSON.parse(text) as StoredItem,
}

/** Where the records of queues begin. */
export const QUEUE_PREFIXES = { heads: HEADS, parts: ITEMS } as const

/** A queue and what the store has of it. */
export class KeptQueue {
  readonly queue: StatQueue
  readonly #key: string
  /** Numbers of items in the store. */
  #stored = { first: 0, next: 0 }
  /** Grows when all items have to be written again; the store has those of `written`. */
  #edition = 0
  #written = 0

  constructor(queue: StatQueue) {
    this.queue = queue
    this.#key = queueKey(queue.profile)
  }

  /**
   * Puts all that the store does not have yet into a unit: what came since, and without what has gone. To be called when the unit has
   * run: what this gives.
   */
  put(unit: Unit): () => void {
    const { queue } = this
    const { first, next } = queue
    const edition = this.#edition
    this.#deleteItems(unit, this.#stored.first, Math.min(first, this.#stored.next))
    const from = edition === this.#written ? Math.max(first, this.#stored.next) : first
    for (let number = from; number < next; number++) {
      const item = queue.item(number)
      if (item !== undefined) unit.put(itemKind, this.#itemKey(number), storedItem(item))
    }
    unit.put(headKind, HEADS + this.#key, storedHead(queue))
    return () => {
      this.#stored = { first, next }
      this.#written = edition
    }
  }

  /** Every record of the queue goes. */
  delete(unit: Unit): void {
    this.#deleteItems(unit, this.#stored.first, this.#stored.next)
    unit.delete(headKind, HEADS + this.#key)
  }

  /** Items are others than those in the store. */
  itemsChanged(): void {
    this.#edition++
  }

  /** Deletes records of queues whose profiles have gone. heads: keys without their prefix. */
  static deleteOthers(unit: Unit, heads: Iterable<string>, items: Iterable<string>): void {
    for (const key of heads) unit.delete(headKind, HEADS + key)
    for (const key of items) unit.delete(itemKind, key)
  }

  /** Takes up what the store has; nothing when the queue is kept in another way since. */
  load(headText: string, items: readonly string[]): void {
    const { queue } = this
    const { profile } = queue
    const head = JSON.parse(headText) as StoredHead
    const [queueLength, ttl, minItems] = head.limits
    this.#stored = { first: head.first, next: head.next }
    queue.first = head.first
    if (!profile.isStored || !isContinued({ queueLength, ttl: BigInt(ttl), minItems }, profile)) {
      queue.first = head.next
      this.#edition++
      return
    }
    const places = profile.metrics.map((metric) => head.metrics.findIndex((stored) => isSame(stored, metric)))
    if (places.length !== head.metrics.length || places.some((place, i) => place !== i)) this.#edition++
    for (const text of items) {
      const [eventId, expiresAtNs, values] = JSON.parse(text) as StoredItem
      const item: QueueItem = {
        eventId,
        expiresAtNs: expiresAtNs === null ? null : BigInt(expiresAtNs),
        values: profile.metrics.map((metric, i) => {
          const value = values[places[i] ?? -1] ?? null
          return value === null ? undefined : countedOf(metric, value)
        }),
      }
      if (isGrowing(profile)) queue.know(item)
      else queue.append(item)
    }
    for (const [i, place] of places.entries()) {
      const snapshot = head.tallies?.[place]
      if (snapshot !== undefined) queue.tallies[i]?.restore(snapshot)
    }
    queue.isFresh = head.isFresh
  }

  #deleteItems(unit: Unit, from: number, to: number): void {
    for (let number = from; number < to; number++) unit.delete(itemKind, this.#itemKey(number))
  }

  #itemKey(number: number): string {
    return `${ITEMS}${this.#key}/${String(number).padStart(16, '0')}`
  }
}

/** The key of the head of a profile's queue, without its prefix. */
export function queueKey({ tenant, id }: StatProfile): string {
  return `${encodeURIComponent(tenant)}:${id}`
}

function isSame([id, filterIds]: StoredHead['metrics'][number], metric: QueueMetric): boolean {
  const sorted = (ids: readonly string[] | null) => (ids ?? []).toSorted().join('\n')
  return id === metric.id && sorted(filterIds) === sorted(metric.filterIds)
}

function storedHead(queue: StatQueue): StoredHead {
  const { queueLength, ttl, minItems, metrics } = queue.profile
  return {
    limits: [queueLength, String(ttl), minItems],
    metrics: metrics.map(({ id, filterIds }) => [id, filterIds]),
    first: queue.first,
    next: queue.next,
    isFresh: queue.isFresh,
    tallies: isGrowing(queue.profile) ? queue.tallies.map((tally) => tally.snapshot()) : null,
  }
}

function storedItem({ eventId, expiresAtNs, values }: QueueItem): StoredItem {
  return [
    eventId,
    expiresAtNs === null ? null : String(expiresAtNs),
    values.map((value) => (value === undefined ? null : countedText(value))),
  ]
}
