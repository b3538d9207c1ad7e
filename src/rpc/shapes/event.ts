import { randomUUID } from 'node:crypto'
import type { ChargingEvent } from '../../core/event.ts'
import { isZeroTime } from '../../core/time.ts'
import { RpcError } from '../rpc-error.ts'
import { any, embedded, integer, map, pointer, struct, text, time, type ValueOf } from '../shape.ts'

/** An event as clients send it (Ev). Reference 01, 9.1. */
export const eventShape = struct('utils.CGREvent', {
  Tenant: text,
  ID: text,
  Time: pointer(time),
  Event: pointer(map(any)),
  APIOpts: pointer(map(any)),
})

/** Ev whose fields stand beside those of the argument that has it. */
export const embeddedEvent = embedded(eventShape)

/**
 * The event of a call. defaultTenant: general.default_tenant, for one that names none. missing: the name of the envelope in the
 * error when none of its keys was given. Throws RpcError MANDATORY_IE_MISSING. Reference 05, 1.1.
 */
export function chargingEvent(
  { Tenant: tenant, ID: id, Time: time, Event: event, APIOpts: apiOpts }: ValueOf<typeof eventShape>,
  defaultTenant: string,
  missing: 'CGREvent' | 'Event' = 'CGREvent',
): ChargingEvent {
  if (event === null) {
    const isEmpty = tenant === '' && id === '' && time === null && apiOpts === null
    throw new RpcError(`MANDATORY_IE_MISSING: [${isEmpty ? missing : 'Event'}]`)
  }
  return {
    tenant: tenant || defaultTenant,
    id: id || randomUUID(),
    time: time === null || isZeroTime(time) ? null : time.ns,
    event,
    apiOpts: apiOpts ?? {},
  }
}

/** {Tenant, APIOpts} (Tnt). Reference 01, 9.1. */
export const tenantShape = struct('utils.TenantWithAPIOpts', { Tenant: text, APIOpts: map(any) })

/** {Tenant, ID} (Id). Reference 01, 9.1. */
export const tenantIdShape = struct('utils.TenantID', { Tenant: text, ID: text })

/** {Tenant, ID, APIOpts} (IdO). Reference 01, 9.1. */
export const tenantIdWithOptionsShape = struct('utils.TenantIDWithAPIOpts', {
  TenantID: embedded(tenantIdShape),
  APIOpts: map(any),
})

/** {Tenant, Search, Limit, Offset} of ids of profiles (Page). Reference 01, 9.1. */
export const idsPageShape = struct('utils.PaginatorWithTenant', {
  Tenant: text,
  Paginator: embedded(struct('utils.Paginator', { Limit: pointer(integer), Offset: pointer(integer) })),
  Search: text,
})

/** {Tenant, Search, Limit, Offset} (Page). Reference 01, 9.1. */
export const pageShape = struct('utils.PaginatorWithSearch', {
  Tenant: text,
  Search: text,
  Limit: pointer(integer),
  Offset: pointer(integer),
})
