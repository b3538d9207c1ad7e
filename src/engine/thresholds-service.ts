import type { Config } from '../config/schema.ts'
import { NotFound } from '../core/errors.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import { formatTime, ZERO_TIME } from '../core/time.ts'
import type { ProfileSet } from '../filters/profile-set.ts'
import type { ValueOf } from '../rpc/shape.ts'
import { activationOf, activationWire } from '../rpc/shapes/profile.ts'
import type { ProfileOf } from '../rpc/shapes/profile-kinds.ts'
import type { thresholdShape } from '../rpc/shapes/states.ts'
import type { Threshold, ThresholdProfile, ThresholdState } from '../services/thresholds/threshold.ts'
import {
  deleteThreshold,
  loadThreshold,
  putThreshold,
  THRESHOLD_PREFIX,
  thresholdKey,
} from '../services/thresholds/threshold-record.ts'
import { Thresholds, type ThresholdsEnvironment, type ThresholdsSettings } from '../services/thresholds/thresholds.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import { indexOptions, type ProfileState } from './profile-state.ts'
import type { ProfileFollower } from './profile-table.ts'
import { StateWriter } from './state-writer.ts'

type Profile = ProfileOf<'ThresholdProfile'>

export type ThresholdsServiceOptions = Pick<ThresholdsEnvironment, 'now' | 'newUuid' | 'runSet' | 'exported'> & {
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** ThresholdS while it is on: the profiles in force, what they have counted, and the records of that. Reference 06, 6; 10, A12. */
export class ThresholdsService implements ProfileFollower<Profile> {
  readonly thresholds: Thresholds
  readonly #profiles: ProfileState
  readonly #set: ProfileSet<ThresholdProfile>
  readonly #writer: StateWriter<Threshold>
  #options: ThresholdsServiceOptions

  private constructor(config: Config, profiles: ProfileState, records: Records, options: ThresholdsServiceOptions) {
    this.#profiles = profiles
    this.#options = options
    this.#set = profiles.newSet(indexOptions(config.thresholds))
    this.#writer = new StateWriter(
      records,
      (unit, threshold) => {
        putThreshold(unit, threshold)
        return () => undefined
      },
      (cause) => this.#options.log('error', 'thresholds could not be stored', { cause }),
    )
    this.thresholds = new Thresholds(settingsOf(config), this.#environment(), this.#set)
    this.#writer.configure(config.thresholds.store_interval)
  }

  /** Takes up the profiles in force, and what the store has of their thresholds. */
  static async open(
    config: Config,
    profiles: ProfileState,
    store: DataStore,
    records: Records,
    options: ThresholdsServiceOptions,
  ): Promise<ThresholdsService> {
    const service = new ThresholdsService(config, profiles, records, options)
    const stored = new Map<string, string>()
    for await (const [key, { value }] of store.scan('state', { prefix: THRESHOLD_PREFIX }))
      stored.set(key.slice(THRESHOLD_PREFIX.length), value)
    // From here on nothing is waited for: no change of a profile comes between.
    profiles.stores.ThresholdProfile.table.follow(service)
    for (const threshold of service.thresholds.all()) {
      const key = thresholdKey(threshold.profile)
      const text = stored.get(key)
      if (text !== undefined) loadThreshold(threshold, text)
      stored.delete(key)
    }
    await records.run((unit) => {
      for (const key of stored.keys()) deleteThreshold(unit, key)
    })
    return service
  }

  /** Other settings from the next event on. */
  configure(config: Config, options: ThresholdsServiceOptions): void {
    this.#options = options
    this.#set.configure(indexOptions(config.thresholds))
    this.thresholds.configure(settingsOf(config), this.#environment())
    this.#writer.configure(config.thresholds.store_interval)
  }

  put(given: Profile): void {
    const profile = profileOf(given)
    const { threshold, isOther } = this.thresholds.put(profile)
    if (isOther) void this.#writer.changed([threshold]).catch(() => undefined)
    const { maxHits, minHits } = profile
    if (maxHits === 0 || (maxHits > 0 && minHits > maxHits))
      this.#options.log('warn', 'a threshold never runs: MaxHits is 0, or below MinHits', {
        threshold: `${profile.tenant}:${profile.id}`,
        maxHits,
        minHits,
      })
  }

  delete(tenant: string, id: string): void {
    const threshold = this.thresholds.delete(tenant, id)
    if (threshold !== undefined)
      this.#writer.remove(threshold, (unit) => deleteThreshold(unit, thresholdKey(threshold.profile)))
  }

  filterChanged(tenant: string, filterId: string): void {
    this.#set.filterChanged(tenant, filterId)
  }

  /** A threshold as clients see it; undefined: there is none. */
  view(tenant: string, id: string): Record<string, unknown> | undefined {
    const threshold = this.thresholds.threshold(tenant, id)
    return threshold && thresholdView(threshold)
  }

  /** The thresholds that an event is for, as clients see them, heaviest first. Throws NotFound, MappingError, InvalidText. */
  viewsFor(event: ChargingEvent): Record<string, unknown>[] {
    return this.thresholds.thresholdsFor(event).map(thresholdView)
  }

  /** Takes what another engine has counted in the place of its own. Rejects with NotFound without a profile. */
  async take(tenant: string, id: string, { Hits, Snooze }: ValueOf<typeof thresholdShape>): Promise<void> {
    const held = this.thresholds.threshold(tenant, id)
    if (held === undefined) throw new NotFound()
    held.become({ hits: Number(Hits), snoozeUntilNs: Snooze.ns === ZERO_TIME.ns ? null : Snooze.ns })
    await this.#writer.changed([held])
  }

  /** Lets a threshold begin anew; whether there is one. */
  forget(tenant: string, id: string): Promise<boolean> {
    return this.thresholds.reset(tenant, id)
  }

  /** Waits for what runs, stores what is not stored yet, and follows the profiles no more. */
  async close(): Promise<void> {
    this.#profiles.stores.ThresholdProfile.table.follow(undefined)
    await this.thresholds.settled()
    await this.#writer.close()
  }

  #environment(): ThresholdsEnvironment {
    const { now, newUuid, runSet, exported, log } = this.#options
    return {
      now,
      newUuid,
      runSet,
      exported,
      changed: (thresholds) => this.#writer.changed(thresholds),
      shown: (profile, state) => this.#shown(profile, state),
      failed: ({ tenant, id }, cause) =>
        log('warn', 'what a threshold sets off could not all be done', { threshold: `${tenant}:${id}`, cause }),
    }
  }

  /** What exporters are told of a hit. Reference 06, 6.3. */
  #shown(profile: ThresholdProfile, state: ThresholdState): EventFields {
    const { Hits, Snooze } = stateView(state)
    const { maxHits, minHits, minSleep, isBlocker, weight, actionIds, isAsync, exporterIds } = profile
    return {
      ID: profile.id,
      Hits,
      Snooze,
      Config: {
        FilterIDs: profile.filterIds.toSorted(),
        ActivationInterval: activationWire(profile.activation) as EventFields | null,
        MaxHits: maxHits,
        MinHits: minHits,
        MinSleep: minSleep,
        Blocker: isBlocker,
        Weight: weight,
        ActionIDs: actionIds,
        Async: isAsync,
        EeIDs: exporterIds,
      },
    }
  }
}

/** A threshold as clients see it. Reference 06, 6.1. */
function thresholdView({ profile: { tenant, id }, state }: Threshold): Record<string, unknown> {
  return { Tenant: tenant, ID: id, ...stateView(state) }
}

function stateView({ hits, snoozeUntilNs }: ThresholdState): { Hits: number; Snooze: string } {
  return { Hits: hits, Snooze: formatTime(snoozeUntilNs === null ? ZERO_TIME : { ns: snoozeUntilNs, zone: 'UTC' }) }
}

function profileOf(profile: Profile): ThresholdProfile {
  return {
    tenant: profile.Tenant,
    id: profile.ID,
    filterIds: profile.FilterIDs ?? [],
    activation: activationOf(profile.ActivationInterval),
    weight: profile.Weight,
    maxHits: profile.MaxHits,
    minHits: profile.MinHits,
    minSleep: profile.MinSleep,
    isBlocker: profile.Blocker,
    actionIds: profile.ActionIDs ?? [],
    isAsync: profile.Async,
    exporterIds: profile.EeIDs ?? [],
  }
}

function settingsOf({ thresholds }: Config): ThresholdsSettings {
  return {
    profileIds: thresholds.opts['*profileIDs'],
    ignoresFilters: thresholds.opts['*profileIgnoreFilters'],
    exporterIds: thresholds.ees_exporter_ids,
  }
}
