import { z } from 'zod'
import { connections, duration, struct, withoutEffect } from './key-types.ts'

/** How many items a partition holds and for how long. Keys that are left out are 0 or false. Reference 01, 2.3. */
export const cachePartition = struct('CacheParamJsonCfg', {
  limit: z.int().default(0),
  ttl: duration.optional(),
  static_ttl: z.boolean().default(false),
  ...withoutEffect({
    precache: z.boolean().default(false),
    remote: z.boolean().default(false),
    replicate: z.boolean().default(false),
  }),
})

/** Partitions of the cache. Reference 01, 4.4. */
export const caches = struct('CacheJsonCfg', {
  partitions: z.record(z.string(), cachePartition),
  ...withoutEffect({ replication_conns: connections.optional(), remote_conns: connections.optional() }),
})

/** Partitions whose size and times are those of the configuration. */
export const PARTITIONS_IN_USE: ReadonlySet<string> = new Set(['*uch', '*apiban', '*sentrypeer'])

/** Partitions that are off when data_db is in memory. Reference 01, 2.3. */
export const OFF_IN_MEMORY = [
  '*destinations',
  '*reverse_destinations',
  '*rating_plans',
  '*rating_profiles',
  '*dispatcher_profiles',
  '*dispatcher_hosts',
  '*charger_profiles',
  '*actions',
  '*action_triggers',
  '*shared_groups',
  '*timings',
  '*filters',
  '*route_profiles',
  '*attribute_profiles',
  '*route_filter_indexes',
  '*attribute_filter_indexes',
  '*charger_filter_indexes',
  '*dispatcher_filter_indexes',
  '*load_ids',
  '*reverse_filter_indexes',
  '*action_plans',
  '*account_action_plans',
] as const
