import { z } from 'zod'
import { connections, noEffect, struct, textList } from './key-types.ts'

/** CDRs of ended sessions and events. Reference 01, 4.5. */
export const cdrs = struct('CdrsJsonCfg', {
  enabled: z.boolean(),
  store_cdrs: z.boolean(),
  online_cdr_exports: textList,
  ees_conns: connections,
  chargers_conns: connections,
  rals_conns: connections,
  extra_fields: textList,
  ...noEffect(z.boolean(), 'compress_stored_cost'),
  ...noEffect(z.int(), 'session_cost_retries'),
  scheduler_conns: connections,
  stats_conns: connections,
  thresholds_conns: connections,
  attributes_conns: connections,
})
