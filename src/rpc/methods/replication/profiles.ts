import { NotFound } from '../../../core/errors.ts'
import { type Method, method, notYet, OK } from '../../method.ts'
import { RpcError } from '../../rpc-error.ts'
import { any, bytes, embedded, flat, list, map, number, type Shape, struct, text, time } from '../../shape.ts'
import { tenantIdWithOptionsShape } from '../../shapes/event.ts'
import { PROFILE_KINDS, type Profile, type ProfileName, profileWire } from '../../shapes/profile-kinds.ts'
import { CHARGER, type ChargerServices, chargerAccess } from '../chargers.ts'
import type { RpcDefaults } from '../defaults.ts'
import { FILTER, type FilterServices, filterAccess, INDEXES } from '../filters.ts'
import type { ProfileAccess, ProfileDescription } from '../profile-methods.ts'
import type { ProfileServices } from '../profiles.ts'
import { OPTIONS, requireKey } from './replicated.ts'

/** What the methods of replicated profiles ask of the engine. */
export type ReplicatedProfileServices = FilterServices &
  ChargerServices &
  ProfileServices & {
    profiles: {
      /** Profiles that name a filter, by the name of their index. */
      usersOf(tenant: string, filterId: string): readonly { index: string; ids: readonly string[] }[]
    }
  }

/** Filters, profiles of every kind and their indexes, as another engine has them. Reference 01, 9.5; 10, B2. */
export function replicatedProfileMethods(services: ReplicatedProfileServices, defaults: RpcDefaults): Method[] {
  const { profiles } = services
  const kinds = Object.entries(PROFILE_KINDS).flatMap(([name, { shape, notFound }]) =>
    replicatedProfile<Profile, Profile>(
      { name, shape, notFound, wire: profileWire },
      profiles.stores[name as ProfileName] as unknown as ProfileAccess<Profile>,
      defaults,
    ),
  )
  return [
    ...kinds,
    ...replicatedProfile(FILTER, filterAccess(profiles), defaults),
    ...replicatedProfile(CHARGER, chargerAccess(profiles), defaults),
    ...Object.entries(STATES).flatMap(([name, shape]) => absentState(name, shape)),
    ...indexMethods(services),
  ]
}

function replicatedProfile<P extends { Tenant: string; ID: string }, H>(
  { name, shape, notFound, wire }: Pick<ProfileDescription<P, H>, 'name' | 'shape' | 'notFound' | 'wire'>,
  profiles: ProfileAccess<P, H>,
  defaults: RpcDefaults,
): Method[] {
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  return [
    method(`ReplicatorSv1.Get${name}`, {
      summary: `A ${name} as it is kept here. Errors: ${notFound}.`,
      params: tenantIdWithOptionsShape,
      reply: shape,
      run({ TenantID: named }) {
        const profile = profiles.get(tenantOf(named), named.ID)
        if (profile === undefined) throw new RpcError(notFound)
        return wire(profile)
      },
    }),
    method(`ReplicatorSv1.Set${name}`, {
      summary: `Sets a ${name} as another engine has it. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: with what is wrong.`,
      params: profileSet(name, shape),
      reply: OK,
      async run(given) {
        const profile = flat(shape, given[name]) as P
        requireKey(profile.ID, 'ID')
        await profiles.set({ ...profile, Tenant: tenantOf(profile) })
        return 'OK'
      },
    }),
    method(`ReplicatorSv1.Remove${name}`, {
      summary: `Removes a ${name}; one that is not there is no error. Errors: SERVER_ERROR: with what refers to it.`,
      params: tenantIdWithOptionsShape,
      reply: OK,
      async run({ TenantID: named }) {
        await profiles.remove(tenantOf(named), named.ID)
        return 'OK'
      },
    }),
  ]
}

function profileSet(name: string, shape: Shape) {
  return struct(`engine.${name}WithAPIOpts`, { [name]: embedded(shape), APIOpts: map(any) })
}

const named = { Tenant: text, ID: text }

/** What services that are not there yet keep beside their profiles. */
const STATES: Readonly<Record<string, Shape>> = {
  Trend: struct('engine.Trend', { ...named, RunTimes: list(time), Metrics: map(any), CompressedMetrics: bytes }),
  Ranking: struct('engine.Ranking', {
    ...named,
    LastUpdate: time,
    Metrics: map(map(number)),
    Sorting: text,
    SortingParameters: list(text),
    SortedStatIDs: list(text),
  }),
  IPAllocations: struct('engine.IPAllocations', { ...named, Allocations: map(any), TTLIndex: list(text) }),
}

/** State that nothing makes is found nowhere; that of another engine is not taken, since nothing would go on with it. */
function absentState(name: string, shape: Shape): Method[] {
  return [
    method(`ReplicatorSv1.Get${name}`, {
      summary: `There is no ${name} in this version. Errors: NOT_FOUND.`,
      params: tenantIdWithOptionsShape,
      reply: shape,
      run() {
        throw new NotFound()
      },
    }),
    notYet(`ReplicatorSv1.Set${name}`, profileSet(name, shape)),
    method(`ReplicatorSv1.Remove${name}`, {
      summary: `Answers OK: there is no ${name} in this version.`,
      params: tenantIdWithOptionsShape,
      reply: OK,
      run: () => 'OK',
    }),
  ]
}

const index = { IdxItmType: text, TntCtx: text }
const indexKeysShape = struct('utils.GetIndexesArg', { ...index, IdxKeys: list(text), ...OPTIONS })
/** Sets of ids by key. */
const indexesShape = map(map(struct('struct {}', {})))
const REVERSE_INDEX = '*reverse_filter_indexes'

function indexMethods({ profiles }: ReplicatedProfileServices): Method[] {
  const entriesOf = (type: string, tenantContext: string): readonly (readonly [string, string])[] => {
    const kind = INDEXES.find(({ name }) => name === type)
    const [tenant, rest] = cut(tenantContext)
    if (type === REVERSE_INDEX)
      return profiles.usersOf(tenant, rest).flatMap(({ index, ids }) => ids.map((id) => [index, id] as const))
    if (kind === undefined) return []
    return kind.contexts === undefined
      ? profiles.indexEntries(kind.itemType, tenantContext, '')
      : profiles.indexEntries(kind.itemType, tenant, rest)
  }
  return [
    method('ReplicatorSv1.GetIndexes', {
      summary: 'The profiles of each key of an index, or of the keys that are named. Errors: NOT_FOUND.',
      params: indexKeysShape,
      reply: indexesShape,
      run({ IdxItmType: type, TntCtx: tenantContext, IdxKeys: keys }) {
        const found: Record<string, Record<string, object>> = {}
        for (const [key, id] of entriesOf(type, tenantContext)) {
          if (keys.length > 0 && !keys.includes(key)) continue
          found[key] ??= {}
          found[key][id] = {}
        }
        if (Object.keys(found).length === 0) throw new NotFound()
        return found
      },
    }),
    method('ReplicatorSv1.SetIndexes', {
      summary: 'Answers OK: an index always fits its profiles.',
      params: struct('utils.SetIndexesArg', { ...index, Indexes: indexesShape, ...OPTIONS }),
      reply: OK,
      run: () => 'OK',
    }),
    method('ReplicatorSv1.RemoveIndexes', {
      summary: 'Answers OK: an index always fits its profiles.',
      params: indexKeysShape,
      reply: OK,
      run: () => 'OK',
    }),
  ]
}

/** `tenant:rest`; rest '' when there is none. */
function cut(text: string): [tenant: string, rest: string] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}
