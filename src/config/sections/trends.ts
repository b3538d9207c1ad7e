import { z } from 'zod'
import { connections, storeInterval, struct, textList, textLists } from './key-types.ts'

/** How metrics develop. Reference 01, 4.5. */
export const trends = struct('TrendsJsonCfg', {
  enabled: z.boolean(),
  store_interval: storeInterval,
  store_uncompressed_limit: z.int(),
  stats_conns: connections,
  thresholds_conns: connections,
  scheduled_ids: textLists,
  ees_conns: connections,
  ees_exporter_ids: textList,
})
