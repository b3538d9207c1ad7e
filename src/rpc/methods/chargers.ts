import { inOrder } from '../../cdrs/cdr.ts'
import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { formatTime } from '../../core/time.ts'
import type { ChargerProfile, ChargerRun } from '../../services/chargers.ts'
import { type Method, method } from '../method.ts'
import { list, struct, text, type ValueOf } from '../shape.ts'
import { chargingEvent, eventShape } from '../shapes/event.ts'
import { chargerOf, chargerShape, chargerWire } from '../shapes/profile.ts'
import type { RpcDefaults } from './defaults.ts'
import { type ProfileAccess, type ProfileDescription, profileMethods } from './profile-methods.ts'

/** What the methods of chargers ask of the engine. */
export interface ChargerServices {
  profiles: {
    chargers: {
      profilesOf(event: ChargingEvent): ChargerProfile[]
      runsOf(event: ChargingEvent): ChargerRun[]
    }
    chargerProfiles: {
      get(tenant: string, id: string): ChargerProfile | undefined
      list(tenant: string): ChargerProfile[]
    }
    setCharger(profile: ChargerProfile): Promise<void>
    /** Whether there was one. */
    removeCharger(tenant: string, id: string): Promise<boolean>
  }
}

const runShape = struct('engine.ChrgSProcessEventReply', {
  ChargerSProfile: text,
  AttributeSProfiles: list(text),
  AlteredFields: list(text),
  CGREvent: eventShape,
})

/** What ChargerSv1.ProcessEvent answers. */
export const RUNS = list(runShape)

type Charger = ValueOf<typeof chargerShape>

/** The methods of one charger. */
export const CHARGER: ProfileDescription<Charger, ChargerProfile> = {
  name: 'ChargerProfile',
  shape: chargerShape,
  argument: ['v1.ChargerWithAPIOpts', 'ChargerProfile'],
  notFound: 'NOT_FOUND',
  hasIds: true,
  hasCount: false,
  wire: chargerWire,
}

/** Charger profiles, and the runs that they make of an event. Reference 05, 3. */
export function chargerMethods({ profiles }: ChargerServices, defaults: RpcDefaults): Method[] {
  return [
    ...profileMethods(CHARGER, chargerAccess(profiles), defaults),
    method('ChargerSv1.GetChargersForEvent', {
      summary: 'Chargers that an event matches, heaviest first. Errors: NOT_FOUND, SERVER_ERROR: of a filter.',
      params: eventShape,
      reply: list(chargerShape),
      run(argument) {
        const matched = profiles.chargers.profilesOf(
          chargingEvent({ ...argument, Event: argument.Event ?? {} }, defaults.tenant),
        )
        if (matched.length === 0) throw new NotFound()
        return matched.map(chargerWire)
      },
    }),
    method('ChargerSv1.ProcessEvent', {
      summary:
        'One event per charger that matches, heaviest first. Errors: MANDATORY_IE_MISSING: [Event], NOT_FOUND, SERVER_ERROR: of a filter or an attribute.',
      params: eventShape,
      reply: RUNS,
      run(argument) {
        const runs = profiles.chargers.runsOf(chargingEvent(argument, defaults.tenant, 'Event'))
        if (runs.length === 0) throw new NotFound()
        return runs.map((run) => runWire(run, argument))
      },
    }),
  ]
}

/** Chargers by tenant and id. */
export function chargerAccess(profiles: ChargerServices['profiles']): ProfileAccess<Charger, ChargerProfile> {
  return {
    get: (tenant, id) => profiles.chargerProfiles.get(tenant, id),
    ids: (tenant) => profiles.chargerProfiles.list(tenant).map(({ id }) => id),
    set: (charger) => profiles.setCharger(chargerOf(charger)),
    remove: (tenant, id) => profiles.removeCharger(tenant, id),
  }
}

function runWire(
  { chargerId, tenant, event, apiOpts, attributeIds, altered }: ChargerRun,
  { ID, Time }: ValueOf<typeof eventShape>,
): Record<string, unknown> {
  return {
    ChargerSProfile: chargerId,
    AttributeSProfiles: attributeIds,
    AlteredFields: altered,
    CGREvent: {
      Tenant: tenant,
      ID,
      Time: Time === null ? null : formatTime(Time),
      Event: inOrder(event),
      APIOpts: inOrder({ ...apiOpts, '*subsys': '*chargers' }),
    },
  }
}
