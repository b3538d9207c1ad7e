import type { Attribute, AttributeProfile } from '../../services/attributes/profile.ts'
import { activationOf } from './profile.ts'
import type { ProfileOf } from './profile-kinds.ts'

type Wire = ProfileOf<'AttributeProfile'>

/** A profile of attributes as the service uses it. */
export function attributeProfileOf(profile: Wire): AttributeProfile {
  return {
    tenant: profile.Tenant,
    id: profile.ID,
    contexts: profile.Contexts ?? [],
    filterIds: profile.FilterIDs ?? [],
    activation: activationOf(profile.ActivationInterval),
    attributes: (profile.Attributes ?? []).map(
      ({ FilterIDs, Path: path, Type: type, Value }): Attribute => ({
        filterIds: FilterIDs ?? [],
        path,
        type,
        rules: (Value ?? []).map(({ Rules }) => Rules),
      }),
    ),
    blocker: profile.Blocker,
    weight: profile.Weight,
  }
}

/** An inline profile as clients read it. */
export function inlineProfileWire({ tenant, id, contexts, attributes, blocker, weight }: AttributeProfile): Wire {
  return {
    Tenant: tenant,
    ID: id,
    Contexts: [...contexts],
    FilterIDs: null,
    ActivationInterval: null,
    Attributes: attributes.map(({ path, type, rules }) => ({
      FilterIDs: null,
      Path: path,
      Type: type,
      Value: rules.length === 0 ? null : rules.map((Rules) => ({ Rules })),
    })),
    Blocker: blocker,
    Weight: weight,
  }
}
