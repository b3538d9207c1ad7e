import { formatTime, isZeroTime, ZERO_TIME } from '../../core/time.ts'
import type { ActivationInterval, FilterProfile } from '../../filters/filter-rule.ts'
import type { ChargerProfile } from '../../services/chargers.ts'
import { list, number, pointer, struct, text, time, type ValueOf } from '../shape.ts'

/** When a profile counts; the zero time is open. Reference 02, 6.1. */
export const activationShape = struct('utils.ActivationInterval', { ActivationTime: time, ExpiryTime: time })

/** Reference 02, 6.1. */
export const filterShape = struct('engine.Filter', {
  Tenant: text,
  ID: text,
  Rules: list(struct('engine.FilterRule', { Type: text, Element: text, Values: list(text) })),
  ActivationInterval: pointer(activationShape),
})

/** Reference 05, 3.1. */
export const chargerShape = struct('engine.ChargerProfile', {
  Tenant: text,
  ID: text,
  FilterIDs: list(text),
  ActivationInterval: pointer(activationShape),
  RunID: text,
  AttributeIDs: list(text),
  Weight: number,
})

/** A charger as clients set it. */
export function chargerOf(charger: ValueOf<typeof chargerShape>): ChargerProfile {
  return {
    tenant: charger.Tenant,
    id: charger.ID,
    filterIds: charger.FilterIDs,
    activation: activationOf(charger.ActivationInterval),
    runId: charger.RunID,
    attributeIds: charger.AttributeIDs,
    weight: charger.Weight,
  }
}

export function activationOf(interval: ValueOf<typeof activationShape> | null): ActivationInterval | null {
  if (interval === null) return null
  const { ActivationTime: from, ExpiryTime: until } = interval
  return { from: isZeroTime(from) ? null : from, until: isZeroTime(until) ? null : until }
}

export function activationWire(activation: ActivationInterval | null): Record<string, unknown> | null {
  if (activation === null) return null
  const { from, until } = activation
  return { ActivationTime: formatTime(from ?? ZERO_TIME), ExpiryTime: formatTime(until ?? ZERO_TIME) }
}

/** A filter as clients read it. */
export function filterWire({ tenant, id, rules, activation }: FilterProfile): Record<string, unknown> {
  return {
    Tenant: tenant,
    ID: id,
    Rules: rules.map(({ type, element, values }) => ({ Type: type, Element: element, Values: values })),
    ActivationInterval: activationWire(activation),
  }
}

/** A charger as clients read it; lists that are empty are null. */
export function chargerWire(profile: ChargerProfile): Record<string, unknown> {
  const { tenant, id, filterIds, activation, runId, attributeIds, weight } = profile
  return {
    Tenant: tenant,
    ID: id,
    FilterIDs: orNull(filterIds),
    ActivationInterval: activationWire(activation),
    RunID: runId,
    AttributeIDs: orNull(attributeIds),
    Weight: weight,
  }
}

function orNull(items: readonly string[]): readonly string[] | null {
  return items.length === 0 ? null : items
}
