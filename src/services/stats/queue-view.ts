import { Decimal } from '../../core/decimal.ts'
import { formatTime } from '../../core/time.ts'
import { ruleTexts } from '../../mapping/value-parser.ts'
import { averageOf } from './metric.ts'
import { isGrowing, type QueueItem, type QueueMetric, type StatQueue } from './stat-queue.ts'
import { type Counted, Distinct, type Tally } from './tally.ts'

export type QueueViewOptions = {
  /** `general.rounding_decimals` */
  readonly decimals: number
  /** `general.rsr_separator` */
  readonly separator: string
  /** A queue of at least so many events is shown with one for all that a metric counts; 0: never. */
  readonly uncompressedLimit: number
}

/** What a metric has counted of the events of one id, oldest first. */
type Entries = ReadonlyMap<string, readonly Counted[]>

type Fields = Record<string, unknown>

/** What clients see of a lowest value that is none yet: the greatest float of Go. */
const NO_LOWEST = Number.MAX_VALUE

/** A queue as clients see it: its events, and what each metric keeps of them. Reference 06, 5.5. */
export function queueView(queue: StatQueue, options: QueueViewOptions): Fields {
  const { tenant, id, metrics } = queue.profile
  const items = isGrowing(queue.profile) ? [] : queue.items
  const { uncompressedLimit: limit } = options
  const isLong = limit > 0 && items.length >= limit
  const shown = metrics.map((metric, i) => {
    const entries = entriesOf(items, i)
    const tally = queue.tallies[i] as Tally
    const isCompressed = isLong && metric.kind.family.kind === 'total' && tally.count >= limit
    return { metric, tally, entries: isCompressed ? compressed(entries, items) : entries }
  })
  const left = isLong ? new Set(shown.flatMap(({ entries }) => [...entries.keys()])) : undefined
  const isNull = queue.isFresh || (isGrowing(queue.profile) && queue.tallies.some(({ count }) => count > 0))
  return {
    Tenant: tenant,
    ID: id,
    SQItems: isNull ? null : itemsView(items, left),
    SQMetrics: Object.fromEntries(
      shown.map(({ metric, tally, entries }) => [
        metric.id,
        metricView(metric, tally, entries, queue.profile.minItems, options),
      ]),
    ),
  }
}

function itemsView(items: readonly QueueItem[], left: ReadonlySet<string> | undefined): Fields[] {
  const seen = new Set<string>()
  return items
    .filter(({ eventId }) => left === undefined || (left.has(eventId) && !seen.has(eventId) && seen.add(eventId)))
    .map(({ eventId, expiresAtNs }) => ({
      EventID: eventId,
      ExpiryTime: expiresAtNs === null ? null : formatTime({ ns: expiresAtNs, zone: 'UTC' }),
    }))
}

/** By event, in the order of their ids. */
function entriesOf(items: readonly QueueItem[], metric: number): Entries {
  const entries = new Map<string, Counted[]>()
  for (const { eventId, values } of items) {
    const value = values[metric]
    if (value === undefined) continue
    const held = entries.get(eventId)
    if (held === undefined) entries.set(eventId, [value])
    else held.push(value)
  }
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All values under the id of the last event. */
function compressed(entries: Entries, items: readonly QueueItem[]): Entries {
  return new Map([[items.at(-1)?.eventId ?? '', [...entries.values()].flat()]])
}

function metricView(
  metric: QueueMetric,
  tally: Tally,
  entries: Entries,
  minItems: number,
  { decimals, separator }: QueueViewOptions,
): Fields {
  const { family, shown } = metric.kind
  const named = shown?.(metric.parameter) ?? {}
  const common = { FilterIDs: metric.filterIds }
  const events = <R>(of: (values: readonly Counted[]) => R) =>
    Object.fromEntries([...entries].map(([id, values]) => [id, of(values)]))
  switch (family.kind) {
    case 'total': {
      const name = family.of === 'durations' ? 'Duration' : 'Stat'
      const sum = family.of === 'answers' ? 'Answered' : 'Sum'
      const share = (values: readonly Counted[]) => ({
        [name]: meanOf(values, family.of === 'durations', decimals),
        CompressFactor: values.length,
      })
      const fields = metric.id.startsWith('*sum') ? { Fields: rulesOf(metric.parameter, separator) } : {}
      return {
        ...common,
        [sum]: tally.value,
        Count: tally.count,
        Events: events(share),
        MinItems: minItems,
        ...named,
        ...fields,
      }
    }
    case 'distinct': {
      const values = tally instanceof Distinct ? [...tally.values].sort() : []
      const users = values.map((value): [string, Fields] => [
        value,
        Object.fromEntries([...entries].filter(([, own]) => own.includes(value)).map(([id]) => [id, {}])),
      ])
      const times = (own: readonly Counted[]) =>
        Object.fromEntries(
          [...new Set(own as string[])].sort().map((value) => [value, own.filter((each) => each === value).length]),
        )
      return {
        ...common,
        FieldValues: Object.fromEntries(users),
        Events: events(times),
        MinItems: minItems,
        ...named,
        Count: tally.count,
      }
    }
    case 'extreme': {
      const isHighest = metric.kind.sign === 1
      const value = tally.value ?? (isHighest ? Decimal.ZERO : NO_LOWEST)
      const own = events((values) => values.at(-1))
      return {
        ...common,
        ...named,
        MinItems: minItems,
        [isHighest ? 'Highest' : 'Lowest']: value,
        Count: tally.count,
        Events: own,
      }
    }
    case 'replies':
      return { ...common, MinItems: minItems, ...named, Count: tally.count, Events: events(() => ({})) }
  }
}

/** The mean of an event's values, rounded where there are several. */
function meanOf(values: readonly Counted[], isDuration: boolean, decimals: number): Decimal {
  const amounts = values as readonly Decimal[]
  const [first] = amounts
  if (amounts.length === 1 && first !== undefined) return first
  const total = amounts.reduce((sum, amount) => sum.plus(amount), Decimal.ZERO)
  return averageOf(isDuration ? 'duration' : 'number', total, amounts.length, decimals)
}

function rulesOf(parameter: string, separator: string): Fields[] | null {
  return parameter === '' ? null : ruleTexts(parameter, separator).map((Rules) => ({ Rules }))
}
