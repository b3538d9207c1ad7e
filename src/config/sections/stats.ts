import { z } from 'zod'
import { connections, INDEX_KEY_FIELDS, indexKeys, storeInterval, struct, textList } from './key-types.ts'

const opts = struct(
  'StatsOptsJson',
  { '*profileIDs': textList, '*profileIgnoreFilters': z.boolean() },
  { goFields: 'tagged' },
)

/** Metrics over windows of events. Reference 01, 4.5. */
export const stats = struct(
  'StatServJsonCfg',
  {
    enabled: z.boolean(),
    store_interval: storeInterval,
    store_uncompressed_limit: z.int(),
    thresholds_conns: connections,
    ees_conns: connections,
    ees_exporter_ids: textList,
    ...indexKeys,
    opts: opts,
  },
  { goFields: INDEX_KEY_FIELDS },
)
