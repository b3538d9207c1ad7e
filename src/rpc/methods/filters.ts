import { NotFound } from '../../core/errors.ts'
import { type FilterProfile, isInline, parseInlineFilter } from '../../filters/filter-rule.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, duration, embedded, integer, list, map, pointer, struct, text } from '../shape.ts'
import { pageShape, tenantIdShape } from '../shapes/event.ts'
import { activationOf, filterShape, filterWire } from '../shapes/profile.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of filters ask of the engine. */
export interface FilterServices {
  profiles: {
    filter(tenant: string, id: string): FilterProfile | undefined
    filterIds(tenant: string): readonly string[]
    setFilter(filter: FilterProfile): Promise<void>
    /** Whether there was one. */
    removeFilter(tenant: string, id: string): Promise<boolean>
    chargerProfiles: { indexLines(tenant: string): string[] }
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

const healthQueryShape = struct('engine.IndexHealthArgsWith3Ch', {
  IndexCacheLimit: integer,
  IndexCacheTTL: duration,
  IndexCacheStaticTTL: boolean,
  ObjectCacheLimit: integer,
  ObjectCacheTTL: duration,
  ObjectCacheStaticTTL: boolean,
  FilterCacheLimit: integer,
  FilterCacheTTL: duration,
  FilterCacheStaticTTL: boolean,
})

const healthShape = struct('engine.FilterIHReply', {
  MissingObjects: list(text),
  MissingIndexes: map(list(text)),
  BrokenIndexes: map(list(text)),
  MissingFilters: map(list(text)),
})

const reverseHealthShape = struct('engine.ReverseFilterIHReply', {
  MissingObjects: list(text),
  MissingReverseIndexes: map(list(text)),
  BrokenReverseIndexes: map(list(text)),
  MissingFilters: map(list(text)),
})

const setFilterShape = struct('engine.FilterWithAPIOpts', { Filter: embedded(filterShape), APIOpts: map(any) })

/** Kinds of profiles that have an index. Reference 02, 6.6. */
const ITEM_TYPES = ['*thresholds', '*routes', '*stats', '*resources', '*chargers', '*attributes', '*dispatchers']
const WITH_CONTEXT = ['*attributes', '*dispatchers']

/** Stored filters and the indexes made of them. Reference 02, 6.1 and 6.6. */
export function filterMethods({ profiles }: FilterServices, defaults: RpcDefaults): Method[] {
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  return [
    method('APIerSv1.SetFilter', {
      summary:
        'Stores a filter; it counts from the next request on. Errors: MANDATORY_IE_MISSING: [ID], SERVER_ERROR: with what is wrong.',
      params: setFilterShape,
      reply: OK,
      async run({ Filter: filter }) {
        requireFields(filter, 'ID')
        await profiles.setFilter({
          tenant: tenantOf(filter),
          id: filter.ID,
          rules: filter.Rules.map(({ Type, Element, Values }) => ({ type: Type, element: Element, values: Values })),
          activation: activationOf(filter.ActivationInterval),
        })
        return 'OK'
      },
    }),
    method('APIerSv1.GetFilter', {
      summary: 'One filter, also an inline one. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND.',
      params: tenantIdShape,
      reply: filterShape,
      run(argument) {
        requireFields(argument, 'ID')
        const tenant = tenantOf(argument)
        const { ID: id } = argument
        if (isInline(id)) return filterWire({ tenant, id, rules: [parseInlineFilter(id)], activation: null })
        const filter = profiles.filter(tenant, id)
        if (filter === undefined) throw new NotFound()
        return filterWire(filter)
      },
    }),
    method('APIerSv1.GetFilterIDs', {
      summary: 'Ids of the stored filters of a tenant that begin with Search. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      run(argument) {
        const ids = profiles.filterIds(tenantOf(argument)).filter((id) => id.startsWith(argument.Search))
        if (ids.length === 0) throw new NotFound()
        return page(ids, argument)
      },
    }),
    method('APIerSv1.RemoveFilter', {
      summary:
        'Removes a filter. Errors: MANDATORY_IE_MISSING: [ID], NOT_FOUND, SERVER_ERROR: with the profiles that name it.',
      params: tenantIdShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ID')
        if (!(await profiles.removeFilter(tenantOf(argument), argument.ID))) throw new NotFound()
        return 'OK'
      },
    }),
    method('APIerSv1.GetFilterIndexes', {
      summary:
        'Entries of an index as key:profile; FilterType begins the key, FilterField and FilterValue are parts of it. Errors: ' +
        'MANDATORY_IE_MISSING: [ItemType], MANDATORY_IE_MISSING: [Context], NOT_FOUND.',
      params: indexQueryShape,
      reply: list(text),
      run(argument) {
        checkItemType(argument)
        const { ItemType: type, FilterType: start, FilterField: field, FilterValue: value } = argument
        const lines = type === '*chargers' ? profiles.chargerProfiles.indexLines(tenantOf(argument)) : []
        const found = lines.filter((line) => line.startsWith(start) && line.includes(field) && line.includes(value))
        if (found.length === 0) throw new NotFound()
        return page(found, argument)
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
    method('APIerSv1.GetChargersIndexesHealth', {
      summary: 'What the index of the chargers lacks: nothing, it always fits its profiles.',
      params: healthQueryShape,
      reply: healthShape,
      run: () => ({ MissingObjects: [], MissingIndexes: {}, BrokenIndexes: {}, MissingFilters: {} }),
    }),
    method('APIerSv1.GetReverseFilterHealth', {
      summary: 'What is not known of the profiles that name a filter: nothing.',
      params: healthQueryShape,
      reply: map(reverseHealthShape),
      run: () => ({}),
    }),
  ]
}

function checkItemType(argument: { ItemType: string; Context: string }): void {
  requireFields(argument, 'ItemType')
  const { ItemType: type } = argument
  if (!ITEM_TYPES.includes(type))
    throw new RpcError(`SERVER_ERROR: unsupported item type: <${type}>, expected one of ${ITEM_TYPES.join(' ')}`)
  if (WITH_CONTEXT.includes(type)) requireFields(argument, 'Context')
}
