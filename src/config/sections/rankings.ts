import { z } from 'zod'
import { connections, storeInterval, struct, textList, textLists } from './key-types.ts'

/** Stat queues in order. Reference 01, 4.5. */
export const rankings = struct('RankingsJsonCfg', {
  enabled: z.boolean(),
  store_interval: storeInterval,
  stats_conns: connections,
  thresholds_conns: connections,
  scheduled_ids: textLists,
  ees_conns: connections,
  ees_exporter_ids: textList,
})
