import type { Config } from '../config/schema.ts'
import { Decimal } from '../core/decimal.ts'
import { NotFound } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'
import { formatTime, isZeroTime, ZERO_TIME } from '../core/time.ts'
import type { ProfileSet } from '../filters/profile-set.ts'
import type { ValueOf } from '../rpc/shape.ts'
import { activationOf } from '../rpc/shapes/profile.ts'
import type { ProfileOf } from '../rpc/shapes/profile-kinds.ts'
import type { resourceShape } from '../rpc/shapes/states.ts'
import type { Resource, ResourceProfile } from '../services/resources/resource.ts'
import {
  deleteOthers,
  fill,
  KeptResource,
  RESOURCE_PREFIXES,
  resourceKey,
} from '../services/resources/resource-record.ts'
import { type ResourceSettings, Resources, type ResourcesEnvironment } from '../services/resources/resources.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records } from '../store/unit-of-work.ts'
import { indexOptions, type ProfileState } from './profile-state.ts'
import type { ProfileFollower } from './profile-table.ts'
import { StateWriter } from './state-writer.ts'
import { StoredState } from './stored-state.ts'

type Profile = ProfileOf<'ResourceProfile'>

export type ResourcesServiceOptions = Pick<ResourcesEnvironment, 'now' | 'newUuid' | 'thresholds'> & {
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** ResourceS while it is on: the profiles in force, the usages, and the records of those that are stored. Reference 06, 3; 10, A12. */
export class ResourcesService implements ProfileFollower<Profile> {
  readonly resources: Resources
  readonly #profiles: ProfileState
  readonly #set: ProfileSet<ResourceProfile>
  readonly #kept = new WeakMap<Resource, KeptResource>()
  readonly #writer: StateWriter<Resource>
  #options: ResourcesServiceOptions

  private constructor(config: Config, profiles: ProfileState, records: Records, options: ResourcesServiceOptions) {
    this.#profiles = profiles
    this.#options = options
    this.#set = profiles.newSet(indexOptions(config.resources))
    this.#writer = new StateWriter(
      records,
      (unit, resource) => this.#keptOf(resource).put(unit),
      (cause) => this.#options.log('error', 'usages of resources could not be stored', { cause }),
    )
    this.resources = new Resources(settingsOf(config), this.#environment(), this.#set)
    this.#writer.configure(config.resources.store_interval)
  }

  /** Takes up the profiles in force, and the usages that the store has of them. */
  static async open(
    config: Config,
    profiles: ProfileState,
    store: DataStore,
    records: Records,
    options: ResourcesServiceOptions,
  ): Promise<ResourcesService> {
    const service = new ResourcesService(config, profiles, records, options)
    const stored = await StoredState.read(store, RESOURCE_PREFIXES)
    // From here on nothing is waited for: no change of a profile comes between.
    profiles.stores.ResourceProfile.table.follow(service)
    for (const item of service.resources.all()) {
      const held = stored.take(resourceKey(item.profile))
      if (held !== undefined) service.#keptOf(item).load(held.head, held.parts)
    }
    const { heads, parts } = stored.left
    await records.run((unit) => deleteOthers(unit, heads, parts))
    return service
  }

  /** Other settings from the next event on. */
  configure(config: Config, options: ResourcesServiceOptions): void {
    this.#options = options
    this.#set.configure(indexOptions(config.resources))
    this.resources.configure(settingsOf(config), this.#environment())
    this.#writer.configure(config.resources.store_interval)
  }

  put(given: Profile): void {
    const { resource, isNew } = this.resources.put(compiled(given))
    const kept = this.#keptOf(resource)
    if (!isNew && (resource.profile.isStored || kept.isBehind))
      void this.#writer.changed([resource]).catch(() => undefined)
  }

  delete(tenant: string, id: string): void {
    const resource = this.resources.delete(tenant, id)
    if (resource !== undefined) this.#writer.remove(resource, (unit) => this.#keptOf(resource).delete(unit))
  }

  filterChanged(tenant: string, filterId: string): void {
    this.#set.filterChanged(tenant, filterId)
  }

  /** A resource as clients see it, without what has expired; undefined: there is none. */
  view(tenant: string, id: string): Record<string, unknown> | undefined {
    const resource = this.resources.resource(tenant, id)
    return resource && resourceView(resource)
  }

  /** The same with its profile. */
  viewWithConfig(tenant: string, id: string): Record<string, unknown> | undefined {
    const shown = this.view(tenant, id)
    const Config = this.#profiles.stores.ResourceProfile.table.get(tenant, id)
    return shown && Config && { ...shown, Config }
  }

  /** The resources that an event is for. Throws as `Resources.resourcesFor`. */
  viewsFor(event: ChargingEvent): Record<string, unknown>[] {
    return this.resources.resourcesFor(event).map(resourceView)
  }

  /** Takes the usages of another engine in the place of its own. Rejects with NotFound without a profile. */
  async take(tenant: string, id: string, { Usages: usages }: ValueOf<typeof resourceShape>): Promise<void> {
    const resource = this.resources.resource(tenant, id)
    if (resource === undefined) throw new NotFound()
    resource.clear()
    fill(
      resource,
      Object.entries(usages).map(([key, { ExpiryTime: expiry, Units: units }]) => ({
        id: key,
        units,
        expiresAtNs: isZeroTime(expiry) ? null : expiry.ns,
      })),
    )
    if (resource.profile.isStored) await this.#writer.changed([resource])
  }

  /** Forgets the usages of a resource; whether there is one. */
  forget(tenant: string, id: string): Promise<boolean> {
    return this.resources.reset(tenant, id)
  }

  /** Stores what is not stored yet, and follows the profiles no more. */
  async close(): Promise<void> {
    this.#profiles.stores.ResourceProfile.table.follow(undefined)
    await this.#writer.close()
  }

  #keptOf(resource: Resource): KeptResource {
    const kept = this.#kept.get(resource) ?? new KeptResource(resource)
    this.#kept.set(resource, kept)
    return kept
  }

  #environment(): ResourcesEnvironment {
    const { now, newUuid, thresholds, log } = this.#options
    return {
      now,
      newUuid,
      thresholds,
      changed: (resources) => this.#writer.changed(resources.filter(({ profile }) => profile.isStored)),
      partly: ({ tenant, id }, cause) =>
        log('warn', 'the usage of a resource could not be told', { resource: `${tenant}:${id}`, cause }),
    }
  }
}

/** A resource as clients see it. Reference 06, 3.1. */
export function resourceView({ profile: { tenant, id }, usages, expiring }: Resource): Record<string, unknown> {
  const timeOf = (ns: bigint | null) => formatTime(ns === null ? ZERO_TIME : { ns, zone: 'UTC' })
  return {
    Tenant: tenant,
    ID: id,
    Usages: Object.fromEntries(
      Array.from(usages, (usage) => [
        usage.id,
        { Tenant: tenant, ID: usage.id, ExpiryTime: timeOf(usage.expiresAtNs), Units: usage.units },
      ]),
    ),
    TTLIdx: expiring,
  }
}

function compiled(profile: Profile): ResourceProfile {
  return {
    tenant: profile.Tenant,
    id: profile.ID,
    filterIds: profile.FilterIDs ?? [],
    activation: activationOf(profile.ActivationInterval),
    weight: profile.Weight,
    usageTtl: profile.UsageTTL,
    limit: profile.Limit,
    message: profile.AllocationMessage,
    isBlocker: profile.Blocker,
    isStored: profile.Stored,
    thresholdIds: profile.ThresholdIDs,
  }
}

function settingsOf({ resources: { opts } }: Config): ResourceSettings {
  return { usageId: opts['*usageID'], units: Decimal.ofNumber(opts['*units']), usageTtl: opts['*usageTTL'] }
}
