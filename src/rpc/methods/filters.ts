import { NotFound } from '../../core/errors.ts'
import { type FilterProfile, isInline, parseInlineFilter } from '../../filters/filter-rule.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { pageOrNull } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, integer, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { activationOf, filterShape, filterWire } from '../shapes/profile.ts'
import { CHARGER_INDEX, PROFILE_KINDS, type ProfileIndexKind, type ProfileKind } from '../shapes/profile-kinds.ts'
import type { RpcDefaults } from './defaults.ts'
import { type ProfileAccess, type ProfileDescription, profileMethods } from './profile-methods.ts'

/** What the methods of filters ask of the engine. */
export interface FilterServices {
  profiles: {
    filter(tenant: string, id: string): FilterProfile | undefined
    filterIds(tenant: string): readonly string[]
    setFilter(filter: FilterProfile): Promise<void>
    /** Whether there was one. */
    removeFilter(tenant: string, id: string): Promise<boolean>
    /** Key and profile of every entry of an index. context: counts for item types that have contexts. */
    indexEntries(itemType: string, tenant: string, context: string): readonly (readonly [key: string, id: string])[]
  }
}

const indexQueryShape = struct('v1.AttrGetFilterIndexes', {
  Tenant: text,
  Context: text,
  ItemType: text,
  FilterType: text,
  FilterField: text,
  FilterValue: text,
  APIOpts: map(any),
  Limit: pointer(integer),
  Offset: pointer(integer),
})

const indexItemShape = struct('v1.AttrRemFilterIndexes', {
  Tenant: text,
  Context: text,
  ItemType: text,
  APIOpts: map(any),
})

const indexKindsShape = struct('utils.ArgsComputeFilterIndexes', {
  Tenant: text,
  Context: text,
  AttributeS: boolean,
  ResourceS: boolean,
  StatS: boolean,
  RouteS: boolean,
  ThresholdS: boolean,
  ChargerS: boolean,
  DispatcherS: boolean,
  APIOpts: map(any),
})

const indexIdsShape = struct('utils.ArgsComputeFilterIndexIDs', {
  Tenant: text,
  Context: text,
  AttributeIDs: list(text),
  ResourceIDs: list(text),
  StatIDs: list(text),
  RouteIDs: list(text),
  ThresholdIDs: list(text),
  ChargerIDs: list(text),
  DispatcherIDs: list(text),
  APIOpts: map(any),
})

type Filter = ValueOf<typeof filterShape>

/** The methods of one filter. */
export const FILTER: ProfileDescription<Filter, FilterProfile> = {
  name: 'Filter',
  shape: filterShape,
  argument: ['engine.FilterWithAPIOpts', 'Filter'],
  notFound: 'NOT_FOUND',
  hasIds: true,
  hasCount: false,
  wire: filterWire,
}

/** The indexes that profiles are looked up by. */
export const INDEXES: readonly ProfileIndexKind[] = [
  CHARGER_INDEX,
  ...Object.values(PROFILE_KINDS as Readonly<Record<string, ProfileKind>>).flatMap(({ index }) => index ?? []),
]

/** Stored filters and the indexes made of them. Reference 02, 6.1 and 6.6. */
export function filterMethods({ profiles }: FilterServices, defaults: RpcDefaults): Method[] {
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  return [
    ...profileMethods(FILTER, filterAccess(profiles), defaults),
    method('APIerSv1.GetFilterIndexes', {
      summary:
        'Entries of an index as key:profile; FilterType begins the key, FilterField and FilterValue are parts of it. Errors: ' +
        'MANDATORY_IE_MISSING: [ItemType], MANDATORY_IE_MISSING: [Context], NOT_FOUND.',
      params: indexQueryShape,
      reply: list(text),
      run(argument) {
        checkItemType(argument)
        const { ItemType: type, FilterType: start, FilterField: field, FilterValue: value } = argument
        const entries = profiles.indexEntries(type, tenantOf(argument), argument.Context)
        const lines = entries.map(([key, id]) => `${key}:${id}`).sort()
        const found = lines.filter((line) => line.startsWith(start) && line.includes(field) && line.includes(value))
        if (found.length === 0) throw new NotFound()
        return pageOrNull(found, argument)
      },
    }),
    method('APIerSv1.RemoveFilterIndexes', {
      summary:
        'Answers OK: an index always fits its profiles. Errors: MANDATORY_IE_MISSING: [ItemType], MANDATORY_IE_MISSING: [Context].',
      params: indexItemShape,
      reply: OK,
      run(argument) {
        checkItemType(argument)
        return 'OK'
      },
    }),
    method('APIerSv1.ComputeFilterIndexes', {
      summary: 'Answers OK: an index always fits its profiles.',
      params: indexKindsShape,
      reply: OK,
      run: () => 'OK',
    }),
    method('APIerSv1.ComputeFilterIndexIDs', {
      summary: 'Answers OK: an index always fits its profiles.',
      params: indexIdsShape,
      reply: OK,
      run: () => 'OK',
    }),
  ]
}

/** Filters by tenant and id. */
export function filterAccess(profiles: FilterServices['profiles']): ProfileAccess<Filter, FilterProfile> {
  return {
    get: (tenant, id) =>
      isInline(id) ? { tenant, id, rules: [parseInlineFilter(id)], activation: null } : profiles.filter(tenant, id),
    ids: (tenant) => profiles.filterIds(tenant),
    set: (filter) =>
      profiles.setFilter({
        tenant: filter.Tenant,
        id: filter.ID,
        rules: filter.Rules.map(({ Type, Element, Values }) => ({ type: Type, element: Element, values: Values })),
        activation: activationOf(filter.ActivationInterval),
      }),
    remove: (tenant, id) => profiles.removeFilter(tenant, id),
  }
}

function checkItemType(argument: { ItemType: string; Context: string }): void {
  requireFields(argument, 'ItemType')
  const index = INDEXES.find(({ itemType }) => itemType === argument.ItemType)
  if (index === undefined) {
    const known = INDEXES.map(({ itemType }) => itemType).join(' ')
    throw new RpcError(`SERVER_ERROR: unsupported item type: <${argument.ItemType}>, expected one of ${known}`)
  }
  if (index.contexts !== undefined) requireFields(argument, 'Context')
}
