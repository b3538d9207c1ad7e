import type { Config } from '../config/schema.ts'
import { NotFound } from '../core/errors.ts'
import type { EventFields } from '../core/event.ts'
import { failingLater } from '../filters/filter-compiler.ts'
import { filterContainer } from '../filters/filter-containers.ts'
import type { ProfileSet } from '../filters/profile-set.ts'
import type { FilterLookups } from '../filters/sides.ts'
import type { ValueOf } from '../rpc/shape.ts'
import { activationOf } from '../rpc/shapes/profile.ts'
import type { ProfileOf } from '../rpc/shapes/profile-kinds.ts'
import type { statQueueShape } from '../rpc/shapes/states.ts'
import { compileMetric } from '../services/stats/metric.ts'
import { queueOfView } from '../services/stats/queue-import.ts'
import { KeptQueue, QUEUE_PREFIXES, queueKey } from '../services/stats/queue-record.ts'
import { queueView } from '../services/stats/queue-view.ts'
import type { StatProfile, StatQueue } from '../services/stats/stat-queue.ts'
import { Stats, type StatsEnvironment } from '../services/stats/stats.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import { indexOptions, type ProfileState } from './profile-state.ts'
import type { ProfileFollower } from './profile-table.ts'
import { StateWriter } from './state-writer.ts'
import { StoredState } from './stored-state.ts'

type Profile = ProfileOf<'StatQueueProfile'>

export type StatsServiceOptions = Pick<StatsEnvironment, 'now' | 'newUuid' | 'thresholds' | 'exported'> & {
  readonly lookups: Pick<FilterLookups, 'accounts' | 'service' | 'phoneNames'>
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/**
 * StatS while it is on: the profiles in force, their queues, and the records of those that are stored. Reference 06, 5; 10, A12.
 */
export class StatsService implements ProfileFollower<Profile> {
  readonly stats: Stats
  readonly #profiles: ProfileState
  readonly #set: ProfileSet<StatProfile>
  readonly #kept = new WeakMap<StatQueue, KeptQueue>()
  readonly #writer: StateWriter<StatQueue>
  #config: Config
  #options: StatsServiceOptions

  private constructor(config: Config, profiles: ProfileState, records: Records, options: StatsServiceOptions) {
    this.#config = config
    this.#profiles = profiles
    this.#options = options
    this.#set = profiles.newSet(indexOptions(config.stats))
    this.#writer = new StateWriter(
      records,
      (unit, queue) => this.#keptOf(queue).put(unit),
      (cause) => this.#options.log('error', 'queues of statistics could not be stored', { cause }),
    )
    this.stats = new Stats(settingsOf(config), this.#environment(), this.#set)
    this.#writer.configure(config.stats.store_interval)
  }

  /** Takes up the profiles in force, and the queues that the store has of them. */
  static async open(
    config: Config,
    profiles: ProfileState,
    store: DataStore,
    records: Records,
    options: StatsServiceOptions,
  ): Promise<StatsService> {
    const service = new StatsService(config, profiles, records, options)
    const stored = await StoredState.read(store, QUEUE_PREFIXES)
    // From here on nothing is waited for: no change of a profile comes between.
    profiles.stores.StatQueueProfile.table.follow(service)
    for (const item of service.stats.all()) {
      const held = stored.take(queueKey(item.profile))
      if (held !== undefined) service.#keptOf(item).load(held.head, held.parts)
    }
    const { heads, parts } = stored.left
    await records.run((unit) => KeptQueue.deleteOthers(unit, heads, parts))
    return service
  }

  /** Other settings from the next event on. */
  configure(config: Config, options: StatsServiceOptions): void {
    this.#config = config
    this.#options = options
    this.#set.configure(indexOptions(config.stats))
    this.stats.configure(settingsOf(config), this.#environment())
    this.#writer.configure(config.stats.store_interval)
  }

  put(given: Profile): void {
    const { queue, isOther } = this.stats.put(this.#compiled(given))
    if (isOther) this.#keptOf(queue).itemsChanged()
    if (isOther || queue.profile.isStored) void this.#changed([queue]).catch(() => undefined)
  }

  delete(tenant: string, id: string): void {
    const queue = this.stats.delete(tenant, id)
    if (queue !== undefined) this.#writer.remove(queue, (unit) => this.#keptOf(queue).delete(unit))
  }

  filterChanged(tenant: string, filterId: string): void {
    this.#set.filterChanged(tenant, filterId)
  }

  /** A queue as clients see it; undefined: there is none. */
  view(tenant: string, id: string): Record<string, unknown> | undefined {
    const { general, stats } = this.#config
    const queue = this.stats.queue(tenant, id)
    const isCompressed = stats.store_interval === -1n && queue?.profile.isStored === true
    return (
      queue &&
      queueView(queue, {
        decimals: general.rounding_decimals,
        separator: general.rsr_separator,
        uncompressedLimit: isCompressed ? stats.store_uncompressed_limit : 0,
      })
    )
  }

  /** Takes the queue of another engine in the place of its own. Rejects with NotFound without a profile, with InvalidText. */
  async take(tenant: string, id: string, shown: ValueOf<typeof statQueueShape>): Promise<void> {
    const held = this.stats.queue(tenant, id)
    if (held === undefined) throw new NotFound()
    const items = (shown.SQItems ?? []).map(({ EventID, ExpiryTime }) => ({ eventId: EventID, expiresAt: ExpiryTime }))
    held.become(queueOfView(held.profile, { items, metrics: shown.SQMetrics as EventFields }, held.next))
    this.#keptOf(held).itemsChanged()
    if (held.profile.isStored) await this.#changed([held])
  }

  /** Forgets the events of a queue; whether there is one. */
  forget(tenant: string, id: string): Promise<boolean> {
    return this.stats.reset(tenant, id)
  }

  /** Stores what is not stored yet, and follows the profiles no more. */
  async close(): Promise<void> {
    this.#profiles.stores.StatQueueProfile.table.follow(undefined)
    await this.#writer.close()
  }

  #compiled(profile: Profile): StatProfile {
    const { rsr_separator: separator } = this.#config.general
    const options = { separator, group: undefined, otherContainer: filterContainer(this.#options.lookups) }
    const metrics = new Map((profile.Metrics ?? []).map((metric) => [metric.MetricID, metric]))
    return {
      tenant: profile.Tenant,
      id: profile.ID,
      filterIds: profile.FilterIDs ?? [],
      activation: activationOf(profile.ActivationInterval),
      weight: profile.Weight,
      queueLength: profile.QueueLength,
      ttl: profile.TTL,
      minItems: profile.MinItems,
      metrics: [...metrics.values()]
        .sort((a, b) => (a.MetricID < b.MetricID ? -1 : 1))
        .map(({ MetricID, FilterIDs }) => ({
          ...compileMetric(MetricID, options),
          filterIds: FilterIDs,
          passes: failingLater(() => this.#profiles.compileFilters(FilterIDs ?? [])),
        })),
      isStored: profile.Stored,
      isBlocker: profile.Blocker,
      thresholdIds: profile.ThresholdIDs,
    }
  }

  #keptOf(queue: StatQueue): KeptQueue {
    const kept = this.#kept.get(queue) ?? new KeptQueue(queue)
    this.#kept.set(queue, kept)
    return kept
  }

  #environment(): StatsEnvironment {
    const { now, newUuid, thresholds, exported, log } = this.#options
    return {
      now,
      newUuid,
      thresholds,
      exported,
      changed: (queues) => this.#changed(queues.filter(({ profile }) => profile.isStored)),
      failed: ({ tenant, id }, metric, cause) =>
        log('warn', 'a metric does not count an event; this cause is not told again', {
          queue: `${tenant}:${id}`,
          metric,
          cause,
        }),
      partly: ({ tenant, id }, cause) =>
        log('warn', 'the metrics of a queue could not be told', { queue: `${tenant}:${id}`, cause }),
    }
  }

  #changed(queues: readonly StatQueue[]): Promise<void> {
    return this.#writer.changed(queues)
  }
}

function settingsOf({ general, stats }: Config): ConstructorParameters<typeof Stats>[0] {
  return {
    profileIds: stats.opts['*profileIDs'],
    ignoresFilters: stats.opts['*profileIgnoreFilters'],
    roundingDecimals: general.rounding_decimals,
  }
}
