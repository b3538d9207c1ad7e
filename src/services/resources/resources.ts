import type { Decimal } from '../../core/decimal.ts'
import { NotFound, TollgateError } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { fieldUsage } from '../../core/event-values.ts'
import type { ZonedTime } from '../../core/time.ts'
import { eventContext } from '../../filters/event-reader.ts'
import type { ProfileSet } from '../../filters/profile-set.ts'
import { decimalOption, textOption } from '../event-options.ts'
import { type EventService, PartlyTold } from '../event-service.ts'
import { Resource, type ResourceProfile } from './resource.ts'

/** What the configuration says for events that do not say it themselves. */
export type ResourceSettings = {
  readonly usageId: string
  readonly units: Decimal
  /** ns; undefined: what the profile says. */
  readonly usageTtl: bigint | undefined
}

/** Whom resources tell, and what they run in. */
export type ResourcesEnvironment = {
  readonly now: () => ZonedTime
  readonly newUuid: () => string
  /** Makes the changes of these resources as durable as the configuration says. */
  readonly changed: (resources: readonly Resource[]) => Promise<void>
  readonly thresholds: EventService | undefined
  readonly partly: (resource: ResourceProfile, cause: string) => void
}

/** A refusal by ResourceS. Clients see the text. */
export class ResourceRefused extends TollgateError {
  constructor(text: string) {
    super(text, text)
  }
}

/** An event, the resources that it is for, and its usage in them. */
type Asked = { readonly resources: readonly Resource[]; readonly usageId: string; readonly nowNs: bigint }

/**
 * Units in use against limits. What an event does to the resources that it is for it does in one step: nothing comes between two events.
 * Reference 06, 3.
 */
export class Resources {
  #settings: ResourceSettings
  #environment: ResourcesEnvironment
  readonly #profiles: ProfileSet<ResourceProfile>
  readonly #resources = new Map<string, Map<string, Resource>>()
  /** Usages that were recorded, and events for which there was no room. */
  readonly counts = { allocations: 0, refusals: 0 }

  constructor(settings: ResourceSettings, environment: ResourcesEnvironment, profiles: ProfileSet<ResourceProfile>) {
    this.#settings = settings
    this.#environment = environment
    this.#profiles = profiles
  }

  configure(settings: ResourceSettings, environment: ResourcesEnvironment): void {
    this.#settings = settings
    this.#environment = environment
  }

  /** Resources of all tenants. */
  get size(): number {
    return this.#profiles.size
  }

  /** Usages of all resources, also those that have expired and that nobody has asked for since. */
  get usages(): number {
    let usages = 0
    for (const resource of this.all()) usages += resource.size
    return usages
  }

  /** Adds a profile with a resource without usages, or goes on with its resource. */
  put(profile: ResourceProfile): { resource: Resource; isNew: boolean } {
    const { tenant, id } = profile
    this.#profiles.put(profile)
    const held = this.#resources.get(tenant) ?? new Map<string, Resource>()
    this.#resources.set(tenant, held)
    const resource = held.get(id)
    if (resource !== undefined) {
      resource.follow(profile)
      return { resource, isNew: false }
    }
    const made = new Resource(profile)
    held.set(id, made)
    return { resource: made, isNew: true }
  }

  /** Removes a profile and its resource; undefined: there was none. */
  delete(tenant: string, id: string): Resource | undefined {
    this.#profiles.delete(tenant, id)
    const held = this.#resources.get(tenant)
    const resource = held?.get(id)
    held?.delete(id)
    if (held?.size === 0) this.#resources.delete(tenant)
    return resource
  }

  /** A resource without what has expired; undefined: there is none. */
  resource(tenant: string, id: string): Resource | undefined {
    const resource = this.#resources.get(tenant)?.get(id)
    resource?.purge(this.#environment.now().ns)
    return resource
  }

  /** Every resource. */
  *all(): Iterable<Resource> {
    for (const held of this.#resources.values()) yield* held.values()
  }

  /** Forgets the usages of a resource; durable when it resolves. false: there is no such resource. */
  async reset(tenant: string, id: string): Promise<boolean> {
    const resource = this.resource(tenant, id)
    if (resource === undefined) return false
    resource.clear()
    await this.#environment.changed([resource])
    return true
  }

  /** The resources that an event is for, heaviest first. Throws NotFound, ResourceRefused, MappingError, InvalidText. */
  resourcesFor(event: ChargingEvent): readonly Resource[] {
    return this.#asked(event).resources
  }

  /** The message of the first resource that has room for an event. Throws as `resourcesFor`, and ResourceRefused. */
  authorize(event: ChargingEvent): string {
    const asked = this.#asked(event)
    const resource = this.#withRoom(asked, this.#units(event))
    if (resource !== undefined) return messageOf(resource)
    this.counts.refusals++
    throw new ResourceRefused('RESOURCE_UNAUTHORIZED')
  }

  /**
   * Records the usage of an event in every resource that it is for, when one of them has room; the message of the first that has. A usage that is
   * there already is replaced. Rejects as `authorize`; with PartlyTold when it is recorded, and somebody could not be told.
   */
  async allocate(event: ChargingEvent): Promise<string> {
    const asked = this.#asked(event)
    const { resources, usageId, nowNs } = asked
    const units = this.#units(event)
    const option = this.#ttl(event)
    const roomy = this.#withRoom(asked, units)
    if (roomy === undefined) {
      this.counts.refusals++
      throw new ResourceRefused('RESOURCE_UNAVAILABLE')
    }
    for (const resource of resources) {
      const ttl = option ?? resource.profile.usageTtl
      if (ttl === 0n) resource.release(usageId)
      else resource.record({ id: usageId, units, expiresAtNs: ttl > 0n ? nowNs + ttl : null }, ttl)
    }
    this.counts.allocations++
    await this.#finish(event, resources)
    return messageOf(roomy)
  }

  /**
   * Forgets the usage of an event in every resource that it is for. Rejects as `resourcesFor`; with ResourceRefused when one does not know
   * it whose usages expire: the others have forgotten it then; with PartlyTold.
   */
  async release(event: ChargingEvent): Promise<void> {
    const { resources, usageId } = this.#asked(event)
    const option = this.#ttl(event)
    const missing = resources.filter(
      (resource) => !resource.release(usageId) && (option ?? resource.profile.usageTtl) > 0n,
    )
    if (missing.length > 0) {
      await this.#environment.changed(resources)
      throw new ResourceRefused(`cannot find usage record with id: ${usageId}`)
    }
    await this.#finish(event, resources)
  }

  #asked(event: ChargingEvent): Asked {
    const usageId = textOption(event.apiOpts, '*rsUsageID', this.#settings.usageId)
    if (usageId === '') throw new ResourceRefused('MANDATORY_IE_MISSING: [UsageID]')
    const now = this.#environment.now()
    const matched = this.#profiles.match(event.tenant, eventContext(event, now), event.time)
    const blocker = matched.findIndex(({ isBlocker }) => isBlocker)
    const kept = blocker < 0 ? matched : matched.slice(0, blocker + 1)
    const held = this.#resources.get(event.tenant)
    const resources = kept.flatMap(({ id }) => held?.get(id) ?? [])
    if (resources.length === 0) throw new NotFound()
    for (const resource of resources) resource.purge(now.ns)
    return { resources, usageId, nowNs: now.ns }
  }

  #units({ apiOpts }: ChargingEvent): Decimal {
    return decimalOption(apiOpts, '*rsUnits', this.#settings.units)
  }

  /** Undefined: what each profile says. */
  #ttl({ apiOpts }: ChargingEvent): bigint | undefined {
    const ttl = fieldUsage(apiOpts, '*rsUsageTTL') ?? this.#settings.usageTtl
    return ttl === 0n ? undefined : ttl
  }

  #withRoom({ resources, usageId }: Asked, units: Decimal): Resource | undefined {
    return resources.find((resource) => resource.hasRoom(usageId, units))
  }

  /** What was changed becomes durable, and is told. */
  async #finish({ tenant, apiOpts }: ChargingEvent, resources: readonly Resource[]): Promise<void> {
    const { thresholds, newUuid, partly, changed } = this.#environment
    const told = resources.map(({ profile, total }) => ({ profile, total }))
    await changed(resources)
    if (thresholds === undefined) return
    let isPartly = false
    for (const { profile, total } of told) {
      const { id: ResourceID } = profile
      const ids = profile.thresholdIds ?? []
      if (ids.length === 1 && ids[0] === '*none') continue
      try {
        await thresholds.processEvent({
          tenant,
          id: newUuid(),
          time: null,
          event: { EventType: 'ResourceUpdate', ResourceID, Usage: total },
          apiOpts: { ...apiOpts, '*eventType': 'ResourceUpdate', '*thdProfileIDs': ids.length === 0 ? null : ids },
        })
      } catch (cause) {
        if (cause instanceof NotFound && ids.length === 0) continue
        isPartly = true
        partly(profile, cause instanceof Error ? cause.message : String(cause))
      }
    }
    if (isPartly) throw new PartlyTold()
  }
}

function messageOf({ profile: { message, id } }: Resource): string {
  return message === '' ? id : message
}
