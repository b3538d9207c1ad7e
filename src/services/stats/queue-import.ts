import { Decimal } from '../../core/decimal.ts'
import { InvalidText } from '../../core/errors.ts'
import type { EventFields, EventValue } from '../../core/event.ts'
import { valueText } from '../../core/event-values.ts'
import type { ZonedTime } from '../../core/time.ts'
import type { Family } from './metric.ts'
import { amountOf } from './metric-values.ts'
import { isGrowing, type QueueItem, type QueueMetric, type StatProfile, StatQueue } from './stat-queue.ts'
import type { Counted } from './tally.ts'

const MOST_AS_ONE = 1_000_000

/** A queue as another engine shows it. Reference 06, 5.5. */
export type ShownQueue = {
  readonly items: readonly { readonly eventId: string; readonly expiresAt: ZonedTime | null }[]
  readonly metrics: EventFields
}

/** What a metric has counted of the events of one id, oldest first. */
type Shares = Map<string, Counted[]>

/**
 * A queue with the events that another engine shows of it: one that is shown once for several is there several times. Throws InvalidText for
 * what is no such queue.
 */
export function queueOfView(profile: StatProfile, { items, metrics }: ShownQueue, firstNumber: number): StatQueue {
  const queue = new StatQueue(profile)
  queue.first = firstNumber
  queue.isFresh = false
  if (isGrowing(profile)) {
    grow(queue, metrics)
    return queue
  }
  const shares = profile.metrics.map((metric) => sharesOf(metric, metrics[metric.id]))
  const counts = new Map<string, number>()
  for (const { eventId } of items) counts.set(eventId, (counts.get(eventId) ?? 0) + 1)
  const seen = new Set<string>()
  const made: QueueItem[] = []
  for (const { eventId, expiresAt } of items) {
    const least = seen.has(eventId) ? 0 : Math.max(...shares.map((each) => each.get(eventId)?.length ?? 0), 0)
    const missing = Math.max(1, least - (counts.get(eventId) ?? 1) + 1)
    seen.add(eventId)
    for (let i = 0; i < missing; i++)
      made.push({
        eventId,
        expiresAtNs: expiresAt?.ns ?? null,
        values: shares.map((each) => each.get(eventId)?.shift()),
      })
  }
  for (const [i, metric] of profile.metrics.entries()) settle(made, i, metric, metrics[metric.id])
  for (const item of made) queue.append(item)
  return queue
}

function sharesOf({ kind }: QueueMetric, shown: EventValue | undefined): Shares {
  const events = Object.entries(fieldsOf(fieldsOf(shown ?? {})['Events'] ?? {}))
  return new Map(events.map(([id, share]): [string, Counted[]] => [id, valuesOf(kind.family, share)]))
}

function valuesOf(family: Family, share: EventValue): Counted[] {
  switch (family.kind) {
    case 'total': {
      const { Stat, Duration = 0, CompressFactor = 1 } = fieldsOf(share)
      return Array<Counted>(timesOf(CompressFactor)).fill(amountOf(Stat ?? Duration))
    }
    case 'distinct':
      return Object.entries(fieldsOf(share)).flatMap(([value, times]) => Array<Counted>(timesOf(times)).fill(value))
    case 'extreme':
      return [amountOf(share)]
    case 'replies':
      return ['']
  }
}

/** How many events are shown as one. Throws InvalidText. */
function timesOf(value: EventValue): number {
  const times = Number(value)
  if (Number.isInteger(times) && times >= 0 && times <= MOST_AS_ONE) return times
  throw new InvalidText(`${valueText(value)} events are shown as one, at most ${MOST_AS_ONE} are possible`)
}

/** Shares are rounded: what they lack to the sum is of the newest event. */
function settle(items: readonly QueueItem[], at: number, { kind }: QueueMetric, shown: EventValue | undefined): void {
  if (kind.family.kind !== 'total' || shown === undefined) return
  const fields = fieldsOf(shown)
  const newest = items.findLast(({ values }) => values[at] !== undefined)
  if (newest === undefined) return
  const counted = items.reduce(
    (sum, { values }) => sum.plus((values[at] as Decimal | undefined) ?? Decimal.ZERO),
    Decimal.ZERO,
  )
  const total = amountOf(fields['Sum'] ?? fields['Answered'] ?? 0)
  newest.values[at] = (newest.values[at] as Decimal).plus(total.minus(counted))
}

function grow(queue: StatQueue, metrics: EventFields): void {
  for (const [i, { id, kind }] of queue.profile.metrics.entries()) {
    const shown = fieldsOf(metrics[id] ?? {})
    const count = String(amountOf(shown['Count'] ?? 0))
    const tally = queue.tallies[i]
    const { family } = kind
    if (family.kind === 'total') tally?.restore([String(amountOf(shown['Sum'] ?? shown['Answered'] ?? 0)), count])
    else if (family.kind === 'replies') tally?.restore([count])
    else if (family.kind === 'extreme' && count !== '0')
      tally?.restore([String(amountOf(shown['Highest'] ?? shown['Lowest'] ?? 0)), count])
    else if (family.kind === 'distinct') {
      for (const value of Object.keys(fieldsOf(shown['FieldValues'] ?? {})))
        queue.know({
          eventId: '',
          expiresAtNs: null,
          values: queue.profile.metrics.map((_, j) => (j === i ? value : undefined)),
        })
      tally?.restore([count])
    }
  }
}

function fieldsOf(value: EventValue): EventFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal))
    return value as EventFields
  throw new InvalidText('a queue has objects for its metrics and their events')
}
