import type { ChargingEvent } from '../../core/event.ts'
import { isZeroTime } from '../../core/time.ts'
import { any, embedded, integer, map, pointer, struct, text, time, type ValueOf } from '../shape.ts'

/** An event as clients send it (Ev). Reference 01, 9.1. */
export const eventShape = struct('utils.CGREvent', {
  Tenant: text,
  ID: text,
  Time: pointer(time),
  Event: map(any),
  APIOpts: map(any),
})

/** Ev whose fields stand beside those of the argument that has it. */
export const embeddedEvent = embedded(eventShape)

/** The event of a call. defaultTenant: general.default_tenant, for one that names none. */
export function chargingEvent(event: ValueOf<typeof eventShape>, defaultTenant: string): ChargingEvent {
  return {
    tenant: event.Tenant || defaultTenant,
    id: event.ID,
    time: event.Time === null || isZeroTime(event.Time) ? null : event.Time.ns,
    event: event.Event,
    apiOpts: event.APIOpts,
  }
}

/** {Tenant, APIOpts} (Tnt). Reference 01, 9.1. */
export const tenantShape = struct('utils.TenantWithAPIOpts', { Tenant: text, APIOpts: map(any) })

/** {Tenant, ID, APIOpts} (IdO). Reference 01, 9.1. */
export const tenantIdShape = struct('utils.TenantIDWithAPIOpts', { Tenant: text, ID: text, APIOpts: map(any) })

/** {Tenant, Search, Limit, Offset} (Page). Reference 01, 9.1. */
export const pageShape = struct('utils.PaginatorWithSearch', {
  Tenant: text,
  Search: text,
  Limit: pointer(integer),
  Offset: pointer(integer),
})
