import { NotFound } from '../../core/errors.ts'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, integer64, list, map, pointer, type Shape, struct, text, time } from '../shape.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of the cache ask of the engine. */
export interface CacheServices {
  /** Names of the partitions that the configuration knows. */
  cachePartitions(): readonly string[]
}

const item = { CacheID: text, ItemID: text, APIOpts: map(any), Tenant: text }
const group = { CacheID: text, GroupID: text, APIOpts: map(any), Tenant: text }
const cacheIdsShape = struct('utils.AttrCacheIDsWithAPIOpts', {
  Tenant: text,
  APIOpts: map(any),
  CacheIDs: pointer(list(text)),
})
const statsShape = struct('ltcache.CacheStats', { Items: integer64, Groups: integer64 })

/** Lists of ids that a reload may be limited to. Reference 01, 9.4. */
const RELOAD_LISTS = [
  'DestinationIDs',
  'ReverseDestinationIDs',
  'RatingPlanIDs',
  'RatingProfileIDs',
  'ActionIDs',
  'ActionPlanIDs',
  'AccountActionPlanIDs',
  'ActionTriggerIDs',
  'SharedGroupIDs',
  'ResourceProfileIDs',
  'ResourceIDs',
  'IPProfileIDs',
  'IPIDs',
  'StatsQueueIDs',
  'StatsQueueProfileIDs',
  'RankingIDs',
  'RankingProfileIDs',
  'TrendIDs',
  'TrendProfileIDs',
  'ThresholdIDs',
  'ThresholdProfileIDs',
  'FilterIDs',
  'RouteProfileIDs',
  'AttributeProfileIDs',
  'ChargerProfileIDs',
  'DispatcherProfileIDs',
  'DispatcherHostIDs',
  'Dispatchers',
  'TimingIDs',
  'FilterIndexIDs',
  'AttributeFilterIndexIDs',
  'ResourceFilterIndexIDs',
  'IPFilterIndexIDs',
  'StatFilterIndexIDs',
  'ThresholdFilterIndexIDs',
  'RouteFilterIndexIDs',
  'ChargerFilterIndexIDs',
  'DispatcherFilterIndexIDs',
]

/**
 * The cache of CGRateS as its clients see it. Here nothing has to be reloaded: a change is in force at the next request, so the
 * calls that reload and clear answer OK, and partitions read as empty. Reference 01, 9.4; 06.
 */
export function cacheMethods(services: CacheServices, { nodeId }: RpcDefaults): Method[] {
  const lists: Record<string, Shape> = Object.fromEntries(RELOAD_LISTS.map((name) => [name, list(text)]))
  const reloadShape = struct('utils.AttrReloadCacheWithAPIOpts', { APIOpts: map(any), Tenant: text, ...lists })
  const known = (ids: readonly string[] | null) =>
    ids === null || ids.length === 0 ? [...services.cachePartitions(), '*default'].sort() : ids
  const empty = (ids: readonly string[] | null) =>
    Object.fromEntries(known(ids).map((id) => [id, { Items: 0, Groups: 0 }]))
  const none = (): never => {
    throw new NotFound()
  }
  const ok = (name: string, summary: string, params: Shape): Method =>
    method(`CacheSv1.${name}`, { summary, params, reply: OK, run: () => 'OK' })
  const isReloaded = 'Changes are in force at the next request: there is nothing to reload.'
  return [
    ok('ReloadCache', isReloaded, reloadShape),
    ok('LoadCache', isReloaded, reloadShape),
    ok('RemoveItems', isReloaded, reloadShape),
    ok('Clear', 'There is nothing to clear.', cacheIdsShape),
    ok('RemoveItem', 'There is nothing to remove.', struct('engine.ArgsGetCacheItemWithAPIOpts', item)),
    ok('RemoveGroup', 'There is nothing to remove.', struct('engine.ArgsGetGroupWithAPIOpts', group)),
    ok('ReplicateSet', isReloaded, struct('utils.ArgCacheReplicateSet', { ...item, Value: any, GroupIDs: list(text) })),
    ok('ReplicateRemove', isReloaded, struct('engine.ArgCacheReplicateRemove', item)),
    method('CacheSv1.HasItem', {
      summary: 'Partitions read as empty.',
      params: struct('engine.ArgsGetCacheItemWithAPIOpts', item),
      reply: boolean,
      run: () => false,
    }),
    ...(['GetItem', 'GetItemWithRemote'] as const).map((name) =>
      method(`CacheSv1.${name}`, {
        summary: 'Partitions read as empty. Errors: NOT_FOUND.',
        params: struct('engine.ArgsGetCacheItemWithAPIOpts', item),
        reply: any,
        run: none,
      }),
    ),
    method('CacheSv1.GetItemExpiryTime', {
      summary: 'Partitions read as empty. Errors: NOT_FOUND.',
      params: struct('engine.ArgsGetCacheItemWithAPIOpts', item),
      reply: time,
      run: none,
    }),
    method('CacheSv1.GetItemIDs', {
      summary: 'Partitions read as empty. Errors: NOT_FOUND.',
      params: struct('engine.ArgsGetCacheItemIDsWithAPIOpts', {
        CacheID: text,
        ItemIDPrefix: text,
        APIOpts: map(any),
        Tenant: text,
      }),
      reply: list(text),
      run: none,
    }),
    method('CacheSv1.HasGroup', {
      summary: 'Partitions read as empty.',
      params: struct('engine.ArgsGetGroupWithAPIOpts', group),
      reply: boolean,
      run: () => false,
    }),
    method('CacheSv1.GetGroupItemIDs', {
      summary: 'Partitions read as empty. Errors: NOT_FOUND.',
      params: struct('engine.ArgsGetGroupWithAPIOpts', group),
      reply: list(text),
      run: none,
    }),
    method('CacheSv1.GetCacheStats', {
      summary: 'Items and groups of each partition.',
      params: cacheIdsShape,
      reply: map(statsShape),
      run: ({ CacheIDs: ids }) => empty(ids),
    }),
    method('CacheSv1.GetStats', {
      summary: 'As GetCacheStats, with the id of the node.',
      params: cacheIdsShape,
      reply: struct('engine.CacheStatsWithMetadata', { CacheStatistics: map(statsShape), Metadata: map(any) }),
      run: ({ CacheIDs: ids }) => ({ CacheStatistics: empty(ids), Metadata: { node_id: nodeId } }),
    }),
    method('CacheSv1.PrecacheStatus', {
      summary: 'Every partition is ready. Errors: unknown cacheID.',
      params: cacheIdsShape,
      reply: map(text),
      run({ CacheIDs: ids }) {
        const partitions = new Set(services.cachePartitions())
        const asked = ids === null || ids.length === 0 ? [...partitions].sort() : ids
        for (const id of asked) if (!partitions.has(id)) throw new RpcError(`unknown cacheID: ${id}`)
        return Object.fromEntries(asked.map((id) => [id, '*ready']))
      },
    }),
  ]
}
