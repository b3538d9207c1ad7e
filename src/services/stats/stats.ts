import type { Decimal } from '../../core/decimal.ts'
import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent, EventFields, EventValue } from '../../core/event.ts'
import type { ZonedTime } from '../../core/time.ts'
import { eventContext } from '../../filters/event-reader.ts'
import type { EventContext } from '../../filters/profile-index.ts'
import type { ProfileSet } from '../../filters/profile-set.ts'
import { booleanOption, textsOption } from '../event-options.ts'
import { type Causes, type EventService, PartlyTold } from '../event-service.ts'
import { metricText, metricValue } from './metric.ts'
import { type StatProfile, StatQueue } from './stat-queue.ts'

export type StatsSettings = {
  /** Queues of events that do not name any; empty: those whose filters the event passes. */
  readonly profileIds: readonly string[]
  readonly ignoresFilters: boolean
  readonly roundingDecimals: number
}

/** Whom stats tell, and what they run in. */
export type StatsEnvironment = {
  readonly now: () => ZonedTime
  readonly newUuid: () => string
  /** Makes the changes of these queues as durable as the configuration says. */
  readonly changed: (queues: readonly StatQueue[]) => Promise<void>
  readonly thresholds: EventService | undefined
  /** Tells exporters of the metrics of a queue. */
  readonly exported: ((event: ChargingEvent) => Promise<void>) | undefined
  /** Told once of each cause that a metric of a queue does not count for. */
  readonly failed: (queue: StatProfile, metricId: string, cause: string) => void
  readonly partly: (queue: StatProfile, cause: string) => void
}

/** What is told of metrics without a value. */
const NOT_AVAILABLE = -1

/** Causes that are remembered as told, of one queue. */
const MOST_TOLD = 100

/**
 * Queues of events and their metrics. All that an event changes in memory changes at once: nothing comes between two events. Reference 06, 5.
 */
export class Stats implements EventService {
  #settings: StatsSettings
  #environment: StatsEnvironment
  readonly #profiles: ProfileSet<StatProfile>
  readonly #queues = new Map<string, Map<string, StatQueue>>()
  readonly #told = new WeakMap<StatProfile, Set<string>>()
  /** Events that queues took, and values that metrics could not count. */
  readonly counts = { events: 0, failures: 0 }

  constructor(settings: StatsSettings, environment: StatsEnvironment, profiles: ProfileSet<StatProfile>) {
    this.#settings = settings
    this.#environment = environment
    this.#profiles = profiles
  }

  configure(settings: StatsSettings, environment: StatsEnvironment): void {
    this.#settings = settings
    this.#environment = environment
  }

  /** Queues of all tenants. */
  get size(): number {
    return this.#profiles.size
  }

  /** Adds a profile with an empty queue, or goes on with its queue. isOther: the items of the queue have changed. */
  put(profile: StatProfile): { queue: StatQueue; isOther: boolean } {
    const { tenant, id } = profile
    this.#profiles.put(profile)
    const held = this.#queues.get(tenant) ?? new Map<string, StatQueue>()
    this.#queues.set(tenant, held)
    const queue = held.get(id)
    if (queue !== undefined) return { queue, isOther: queue.follow(profile) }
    const made = new StatQueue(profile)
    held.set(id, made)
    return { queue: made, isOther: false }
  }

  /** Removes a profile and its queue; undefined: there was none. */
  delete(tenant: string, id: string): StatQueue | undefined {
    this.#profiles.delete(tenant, id)
    const held = this.#queues.get(tenant)
    const queue = held?.get(id)
    held?.delete(id)
    if (held?.size === 0) this.#queues.delete(tenant)
    return queue
  }

  /** A queue without what has expired; undefined: there is none. */
  queue(tenant: string, id: string): StatQueue | undefined {
    const queue = this.#queues.get(tenant)?.get(id)
    queue?.purge(this.#environment.now().ns)
    return queue
  }

  /** Ids of the queues of a tenant, sorted. */
  ids(tenant: string): string[] {
    return [...(this.#queues.get(tenant)?.keys() ?? [])].sort()
  }

  /** Every queue. */
  *all(): Iterable<StatQueue> {
    for (const held of this.#queues.values()) yield* held.values()
  }

  /** Forgets the events of a queue; durable when it resolves. false: there is no such queue. */
  async reset(tenant: string, id: string): Promise<boolean> {
    const queue = this.queue(tenant, id)
    if (queue === undefined) return false
    queue.reset()
    await this.#environment.changed([queue])
    return true
  }

  /** Ids of the queues that an event is for, heaviest first. Throws NotFound, MappingError, InvalidText. */
  queuesFor(event: ChargingEvent): string[] {
    return this.#matching(event, eventContext(event, this.#environment.now())).map(({ id }) => id)
  }

  /**
   * Puts an event into the queues that it is for, and tells of their metrics. Ids of the queues, heaviest first. Rejects with NotFound, MappingError,
   * InvalidText; with PartlyTold when the queues took it, and somebody could not be told. causes: thresholds behind the event.
   */
  async processEvent(event: ChargingEvent, causes?: Causes): Promise<readonly string[]> {
    const now = this.#environment.now()
    const filtered = eventContext(event, now)
    const context: EventContext = { ...filtered, opts: {} }
    // What has to be waited for is asked before anything changes.
    const taken = this.#matching(event, filtered).flatMap(({ id, tenant }) => {
      const queue = this.#queues.get(tenant)?.get(id)
      return queue === undefined ? [] : [{ queue, values: queue.read(context, filtered, this.#failed(queue)) }]
    })
    for (const { queue, values } of taken) queue.take(event.id, values, now.ns)
    this.counts.events++
    const queues = taken.map(({ queue }) => queue)
    const told = queues.map((queue) => this.#notice(queue))
    await this.#environment.changed(queues)
    await this.#tell(event, queues, told, causes)
    return queues.map(({ profile: { id } }) => id)
  }

  #matching(event: ChargingEvent, context: EventContext): StatProfile[] {
    const { apiOpts } = event
    const { profileIds, ignoresFilters } = this.#settings
    const ids = textsOption(apiOpts, '*stsProfileIDs', profileIds)
    const isIgnoring = booleanOption(apiOpts, '*stsProfileIgnoreFilters', ignoresFilters)
    const options = ids.length === 0 ? {} : { ids, ignoresFilters: isIgnoring }
    const matched = this.#profiles.match(event.tenant, context, event.time, options)
    if (matched.length === 0) throw new NotFound()
    const blocker = matched.findIndex(({ isBlocker }) => isBlocker)
    return blocker < 0 ? matched : matched.slice(0, blocker + 1)
  }

  #failed({ profile }: StatQueue): (metricId: string, cause: string) => void {
    return (metricId, cause) => {
      this.counts.failures++
      const told = this.#told.get(profile) ?? new Set<string>()
      this.#told.set(profile, told)
      const text = `${metricId} ${cause}`
      if (told.size >= MOST_TOLD || told.has(text)) return
      told.add(text)
      this.#environment.failed(profile, metricId, cause)
    }
  }

  /** The metrics of a queue now, for those who are told; undefined: nobody is. Reference 06, 5.6. */
  #notice(queue: StatQueue): EventFields | undefined {
    const { thresholds, exported } = this.#environment
    if (thresholds === undefined && exported === undefined) return undefined
    return Object.fromEntries(
      this.#values(queue).map(([id, value]): [string, EventValue] => [id, value ?? NOT_AVAILABLE]),
    )
  }

  async #tell(
    event: ChargingEvent,
    queues: readonly StatQueue[],
    told: readonly (EventFields | undefined)[],
    causes: Causes | undefined,
  ): Promise<void> {
    const { thresholds, exported, newUuid, partly } = this.#environment
    let isPartly = false
    for (const [i, { profile }] of queues.entries()) {
      const metrics = told[i]
      if (metrics === undefined) continue
      const { id: StatID, thresholdIds } = profile
      const notice = (fields: EventFields, apiOpts: EventFields): ChargingEvent => ({
        tenant: event.tenant,
        id: newUuid(),
        time: null,
        event: { EventType: 'StatUpdate', StatID, ...fields },
        apiOpts: { ...event.apiOpts, '*eventType': 'StatUpdate', ...apiOpts },
      })
      const calls = [
        thresholds !== undefined && !isNone(thresholdIds)
          ? () =>
              thresholds.processEvent(
                notice(metrics, { '*thdProfileIDs': isEmpty(thresholdIds) ? null : thresholdIds }),
                causes,
              )
          : undefined,
        exported && (() => exported(notice({ Metrics: metrics }, {}))),
      ]
      for (const call of calls) {
        try {
          await call?.()
        } catch (cause) {
          if (cause instanceof NotFound) continue
          isPartly = true
          partly(profile, cause instanceof Error ? cause.message : String(cause))
        }
      }
    }
    if (isPartly) throw new PartlyTold()
  }

  /** The metrics of a queue as texts, by id; undefined: there is no such queue. */
  texts(tenant: string, id: string): Record<string, string> | undefined {
    const queue = this.queue(tenant, id)
    if (queue === undefined) return undefined
    const values = this.#values(queue)
    return Object.fromEntries(
      queue.profile.metrics.map((metric, i) => [metric.id, metricText(metric, values[i]?.[1])] as const),
    )
  }

  /** The metrics of a queue as numbers, by id, -1 for those without a value; undefined: there is no such queue. */
  numbers(tenant: string, id: string): Record<string, Decimal | number> | undefined {
    const queue = this.queue(tenant, id)
    return (
      queue && Object.fromEntries(this.#values(queue).map(([name, value]) => [name, value ?? NOT_AVAILABLE] as const))
    )
  }

  #values({ profile: { metrics, minItems }, tallies }: StatQueue): [id: string, value: Decimal | undefined][] {
    const { roundingDecimals } = this.#settings
    return metrics.map((metric, i) => {
      const tally = tallies[i]
      return [metric.id, tally && metricValue(metric, tally, minItems, roundingDecimals)]
    })
  }
}

function isNone(ids: readonly string[] | null): boolean {
  return ids?.length === 1 && ids[0] === '*none'
}

function isEmpty(ids: readonly string[] | null): boolean {
  return ids === null || ids.length === 0
}
