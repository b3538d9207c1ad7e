import { ruleTexts } from '../../mapping/value-parser.ts'
import { isInlineProfile, parseInlineProfile } from '../../services/attributes/profile.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, embedded, list, map, pointer, struct, text } from '../shape.ts'
import { inlineProfileWire } from '../shapes/attribute-profile.ts'
import { PROFILE_KINDS, type Profile, type ProfileName, type ProfileOf, profileWire } from '../shapes/profile-kinds.ts'
import type { RpcDefaults } from './defaults.ts'
import { type ProfileAccess, profileMethods } from './profile-methods.ts'

/** What the methods of profiles ask of the engine. */
export interface ProfileServices {
  profiles: {
    readonly stores: { readonly [K in ProfileName]: ProfileAccess<ProfileOf<K>> }
    /** `general.rsr_separator` */
    readonly valueSeparator: string
  }
}

type AttributeProfile = ProfileOf<'AttributeProfile'>

/** An attribute whose value is one text. Reference 06, 2.1. */
const attributeV2Shape = struct('v2.AttributeWithAPIOpts', {
  APIAttributeProfile: embedded(
    struct('engine.APIAttributeProfile', {
      ...PROFILE_KINDS.AttributeProfile.shape.form.fields,
      Attributes: pointer(
        list(
          struct('engine.ExternalAttribute', { FilterIDs: pointer(list(text)), Path: text, Type: text, Value: text }),
        ),
      ),
    }),
  ),
  APIOpts: map(any),
})

/** Profiles of services: they are provisioned whether the service runs or not. Reference 01, 9.6; 06. */
export function serviceProfileMethods({ profiles }: ProfileServices, defaults: RpcDefaults): Method[] {
  const { stores, valueSeparator } = profiles
  const attributeAccess: ProfileAccess<AttributeProfile> = {
    get: (tenant, id) =>
      isInlineProfile(id) ? inlineProfileWire(parseInlineProfile(tenant, id)) : stores.AttributeProfile.get(tenant, id),
    ids: (tenant) => stores.AttributeProfile.ids(tenant),
    set: (profile) => stores.AttributeProfile.set(profile),
    remove: (tenant, id) => stores.AttributeProfile.remove(tenant, id),
  }
  const ofKinds = Object.entries(PROFILE_KINDS).flatMap(([name, kind]) =>
    profileMethods<Profile>(
      {
        ...kind,
        name,
        wire: profileWire,
        ...(name === 'AttributeProfile' ? { require: requireAttributes } : {}),
      },
      (name === 'AttributeProfile'
        ? attributeAccess
        : stores[name as ProfileName]) as unknown as ProfileAccess<Profile>,
      defaults,
    ),
  )
  return [
    ...ofKinds,
    method('APIerSv2.SetAttributeProfile', {
      summary:
        'Stores an AttributeProfile whose values are texts. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: with what is missing or wrong.',
      params: attributeV2Shape,
      reply: OK,
      async run({ APIAttributeProfile: given }) {
        requireFields(given, 'ID')
        const attributes = (given.Attributes ?? []).map(({ Value, ...attribute }) => {
          requireInside(attribute, 'Path')
          requireInside({ Value }, 'Value')
          return { ...attribute, Value: ruleTexts(Value, valueSeparator).map((Rules) => ({ Rules })) }
        })
        requireInside({ Attributes: attributes }, 'Attributes')
        await stores.AttributeProfile.set({
          ...given,
          Tenant: given.Tenant || defaults.tenant,
          Attributes: attributes,
        })
        return 'OK'
      },
    }),
  ]
}

function requireAttributes(profile: Profile): void {
  requireFields(profile as AttributeProfile, 'ID', 'Attributes')
  for (const attribute of (profile as AttributeProfile).Attributes ?? []) {
    requireFields(attribute, 'Path')
    for (const rule of attribute.Value ?? []) requireFields(rule, 'Rules')
  }
}

/** What version 2 finds missing inside of a profile comes as an error of the server. */
function requireInside<T extends object>(argument: T, name: keyof T & string): void {
  try {
    requireFields(argument, name)
  } catch (cause) {
    throw cause instanceof RpcError ? new RpcError(`SERVER_ERROR: ${cause.message}`) : cause
  }
}
