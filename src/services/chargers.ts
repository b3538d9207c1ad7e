import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { eventContext } from '../filters/event-reader.ts'
import type { MatchedProfile, ProfileSet } from '../filters/profile-set.ts'
import type { AttributePlan } from './attributes/attribute-plan.ts'
import { type AttributeCaller, type Attributed, AttributesRefused, attributed, refusing } from './attributes/caller.ts'
import { type Attribute, isInlineProfile, parseInlineProfile } from './attributes/profile.ts'

/** Says in which run an event is charged, and what is different in it. Reference 05, 3.1. */
export type ChargerProfile = MatchedProfile & {
  readonly runId: string
  /** `*none`, ids of attribute profiles, inline ones; none: those that the event matches. */
  readonly attributeIds: readonly string[]
}

/** One billing run of an event: the run's own copy of it. altered: fields that are not as they came. */
export type ChargerRun = {
  chargerId: string
  runId: string
  tenant: string
  event: EventFields
  apiOpts: EventFields
  /** Attribute profiles that were applied; null for `*none`. */
  attributeIds: readonly string[] | null
  altered: readonly string[]
}

/** Who forks events, here or in another engine. */
export interface ChargerSource {
  /** The runs, heaviest charger first; empty when no charger matches. Throws MappingError, SessionRefused, Later. */
  runsOf(event: ChargingEvent): ChargerRun[]
}

export type ChargerDependencies = {
  readonly now: () => ZonedTime
  /** `chargers.attributes_conns`; undefined: none. Inline attributes need nobody then. */
  readonly attributes: () => AttributeCaller | undefined
  readonly compileAttributes: (attributes: readonly Attribute[]) => AttributePlan
}

/** Forks an event into one event per billing run. Reference 05, 3.2 and 3.3. */
export class Chargers implements ChargerSource {
  readonly #profiles: ProfileSet<ChargerProfile>
  readonly #dependencies: ChargerDependencies
  readonly #inline = new WeakMap<ChargerProfile, AttributePlan>()

  constructor(profiles: ProfileSet<ChargerProfile>, dependencies: ChargerDependencies) {
    this.#profiles = profiles
    this.#dependencies = dependencies
  }

  /** Profiles that the event matches, heaviest first, equal ones by id. Throws MappingError. */
  profilesOf(event: ChargingEvent): ChargerProfile[] {
    return this.#profiles.match(event.tenant, eventContext(event, this.#dependencies.now()), event.time)
  }

  /** The runs, heaviest charger first; empty when no charger matches. Throws MappingError, AttributesRefused, Later. */
  runsOf(event: ChargingEvent): ChargerRun[] {
    return this.profilesOf(event).map((profile) => this.#runOf(profile, event))
  }

  #runOf(profile: ChargerProfile, { event: fields, ...envelope }: ChargingEvent): ChargerRun {
    const { id: chargerId, runId, attributeIds } = profile
    const own: ChargingEvent = { ...envelope, event: { ...fields, RunID: runId } }
    if (attributeIds.length === 1 && attributeIds[0] === '*none') {
      const { tenant, event, apiOpts } = own
      return { chargerId, runId, tenant, event, apiOpts, attributeIds: null, altered: RUN_ID }
    }
    const attributes = this.#dependencies.attributes()
    const asked: ChargingEvent = { ...own, apiOpts: { ...own.apiOpts, '*attrProfileIDs': orNull(attributeIds) } }
    const done =
      attributes === undefined
        ? this.#applyInline(profile, asked)
        : attributed(attributes, asked, '*chargers', undefined)
    const { tenant, event, apiOpts } = done?.event ?? asked
    const altered = done === undefined ? RUN_ID : [...RUN_ID, ...done.altered]
    return { chargerId, runId, tenant, event, apiOpts, attributeIds: done?.matched ?? [], altered }
  }

  /** Undefined: one of the values reads what is not there. */
  #applyInline(profile: ChargerProfile, event: ChargingEvent): Attributed | undefined {
    let plan = this.#inline.get(profile)
    if (plan === undefined) {
      plan = refusing('SERVER_ERROR: ', () => this.#compileInline(profile))
      this.#inline.set(profile, plan)
    }
    const own = { ...event, event: { ...event.event }, apiOpts: { ...event.apiOpts } }
    const context = eventContext(own, this.#dependencies.now())
    const altered = new Set<string>()
    const apply = plan
    if (!refusing('SERVER_ERROR: ', () => apply(context, altered))) return undefined
    return { matched: profile.attributeIds, altered: [...altered], event: { ...own, tenant: context.tenant } }
  }

  /** Stored profiles need a connection. */
  #compileInline({ tenant, attributeIds }: ChargerProfile): AttributePlan {
    if (!attributeIds.every(isInlineProfile)) throw new AttributesRefused('MANDATORY_IE_MISSING: [connIDs]')
    return this.#dependencies.compileAttributes(attributeIds.flatMap((id) => parseInlineProfile(tenant, id).attributes))
  }
}

function orNull(ids: readonly string[]): readonly string[] | null {
  return ids.length === 0 ? null : ids
}

const RUN_ID: readonly string[] = ['*req.RunID']
