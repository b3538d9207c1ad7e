import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { eventContext } from '../filters/event-reader.ts'
import type { MatchedProfile, ProfileSet } from '../filters/profile-set.ts'
import { TemplateError } from '../mapping/value.ts'

/** Says in which run an event is charged, and what is different in it. Reference 05, 3.1. */
export type ChargerProfile = MatchedProfile & {
  readonly runId: string
  /** `*none`, nothing, or inline attributes. */
  readonly attributeIds: readonly string[]
}

/** One billing run of an event: the run's own copy of it. altered: fields that are not as they came. */
export type ChargerRun = {
  chargerId: string
  runId: string
  event: EventFields
  /** Attributes that were applied; null for `*none`. */
  attributeIds: readonly string[] | null
  altered: readonly string[]
}

/** Who forks events, here or in another engine. */
export interface ChargerSource {
  /** The runs, heaviest charger first; empty when no charger matches. Throws MappingError, SessionRefused, Later. */
  runsOf(event: ChargingEvent): ChargerRun[]
}

type Constant = { field: string; value: string }

/** Forks an event into one event per billing run. Reference 05, 3.2 and 3.3. */
export class Chargers implements ChargerSource {
  readonly #profiles: ProfileSet<ChargerProfile>
  readonly #now: () => ZonedTime
  readonly #constants = new WeakMap<ChargerProfile, readonly Constant[]>()

  constructor(profiles: ProfileSet<ChargerProfile>, now: () => ZonedTime) {
    this.#profiles = profiles
    this.#now = now
  }

  /** Profiles that the event matches, heaviest first, equal ones by id. Throws MappingError. */
  profilesOf(event: ChargingEvent): ChargerProfile[] {
    return this.#profiles.match(event.tenant, eventContext(event, this.#now()), event.time)
  }

  /** The runs, heaviest charger first; empty when no charger matches. Throws MappingError. */
  runsOf(event: ChargingEvent): ChargerRun[] {
    return this.profilesOf(event).map((profile) => {
      const { id, runId, attributeIds } = profile
      const constants = this.#constantsOf(profile)
      const fields: EventFields = { ...event.event, RunID: runId }
      for (const { field, value } of constants) fields[field] = value
      return {
        chargerId: id,
        runId,
        event: fields,
        attributeIds: isNone(attributeIds) ? null : attributeIds,
        altered: ['*req.RunID', ...constants.map(({ field }) => `*req.${field}`)],
      }
    })
  }

  #constantsOf(profile: ChargerProfile): readonly Constant[] {
    let constants = this.#constants.get(profile)
    if (constants === undefined) {
      constants = compileAttributes(profile.attributeIds)
      this.#constants.set(profile, constants)
    }
    return constants
  }
}

function isNone(attributeIds: readonly string[]): boolean {
  return attributeIds.length === 1 && attributeIds[0] === '*none'
}

/**
 * Inline `*constant:*req.Field:value` attributes, several in one joined by `;`. Stored profiles need AttributeS, which this version
 * does not have. Throws TemplateError.
 */
export function compileAttributes(attributeIds: readonly string[]): Constant[] {
  if (isNone(attributeIds)) return []
  return attributeIds.flatMap((id) =>
    id.split(';').map((attribute) => {
      const [, field, value] = /^\*constant:\*req\.([^:]+):(.*)$/s.exec(attribute) ?? []
      if (field !== undefined && value !== undefined) return { field, value }
      throw new TemplateError(`${JSON.stringify(attribute)}: expected *none or *constant:*req.<field>:<value>`)
    }),
  )
}
