import { NotFound } from '../../core/errors.ts'
import type { ChargingEvent } from '../../core/event.ts'
import { formatTime } from '../../core/time.ts'
import type { ChargerProfile, ChargerRun } from '../../services/chargers.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { any, embedded, list, map, struct, text, type ValueOf } from '../shape.ts'
import { chargingEvent, eventShape, pageShape, tenantIdShape } from '../shapes/event.ts'
import { activationOf, chargerShape, chargerWire } from '../shapes/profile.ts'
import type { RpcDefaults } from './defaults.ts'

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

const setChargerShape = struct('v1.ChargerWithAPIOpts', { ChargerProfile: embedded(chargerShape), APIOpts: map(any) })

const runShape = struct('engine.ChrgSProcessEventReply', {
  ChargerSProfile: text,
  AttributeSProfiles: list(text),
  AlteredFields: list(text),
  CGREvent: eventShape,
})

/** Charger profiles, and the runs that they make of an event. Reference 05, 3. */
export function chargerMethods({ profiles }: ChargerServices, defaults: RpcDefaults): Method[] {
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  return [
    method('APIerSv1.SetChargerProfile', {
      summary:
        'Stores a charger; it counts from the next request on. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: broken reference ' +
        'to filter, or what is wrong with an attribute.',
      params: setChargerShape,
      reply: OK,
      async run({ ChargerProfile: charger }) {
        requireFields(charger, 'ID')
        await profiles.setCharger({
          tenant: tenantOf(charger),
          id: charger.ID,
          filterIds: charger.FilterIDs,
          activation: activationOf(charger.ActivationInterval),
          runId: charger.RunID,
          attributeIds: charger.AttributeIDs,
          weight: charger.Weight,
        })
        return 'OK'
      },
    }),
    method('APIerSv1.GetChargerProfile', {
      summary: 'One charger. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: tenantIdShape,
      reply: chargerShape,
      run(argument) {
        requireFields(argument, 'ID')
        const charger = profiles.chargerProfiles.get(tenantOf(argument), argument.ID)
        if (charger === undefined) throw new NotFound()
        return chargerWire(charger)
      },
    }),
    method('APIerSv1.GetChargerProfileIDs', {
      summary: 'Ids of the chargers of a tenant that begin with Search. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      run(argument) {
        const chargers = profiles.chargerProfiles.list(tenantOf(argument))
        const ids = chargers.map(({ id }) => id).filter((id) => id.startsWith(argument.Search))
        if (ids.length === 0) throw new NotFound()
        return page(ids, argument)
      },
    }),
    method('APIerSv1.RemoveChargerProfile', {
      summary: 'Removes a charger. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: tenantIdShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ID')
        if (!(await profiles.removeCharger(tenantOf(argument), argument.ID))) throw new NotFound()
        return 'OK'
      },
    }),
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
        'One event per charger that matches, heaviest first. Errors: MANDATORY_IE_MISSING: [Event], NOT_FOUND, SERVER_ERROR: of a filter.',
      params: eventShape,
      reply: list(runShape),
      run(argument) {
        const runs = profiles.chargers.runsOf(chargingEvent(argument, defaults.tenant, 'Event'))
        if (runs.length === 0) throw new NotFound()
        return runs.map((run) => runWire(run, argument, tenantOf(argument)))
      },
    }),
  ]
}

function runWire(
  { chargerId, event, attributeIds, altered }: ChargerRun,
  { ID, Time, APIOpts }: ValueOf<typeof eventShape>,
  tenant: string,
): Record<string, unknown> {
  const wanted = attributeIds === null ? {} : { '*attrProfileIDs': attributeIds.length === 0 ? null : attributeIds }
  return {
    ChargerSProfile: chargerId,
    AttributeSProfiles: attributeIds,
    AlteredFields: altered,
    CGREvent: {
      Tenant: tenant,
      ID,
      Time: Time === null ? null : formatTime(Time),
      Event: event,
      APIOpts: { ...APIOpts, ...wanted, '*subsys': '*chargers' },
    },
  }
}
