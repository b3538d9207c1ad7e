import { z } from 'zod'
import { connections, noEffect, struct, textMap, usageByToR } from './key-types.ts'

/** Rating and accounts. Reference 01, 4.5. */
export const rals = struct('RalsJsonCfg', {
  enabled: z.boolean(),
  rp_subject_prefix_matching: z.boolean(),
  remove_expired: z.boolean(),
  max_computed_usage: usageByToR,
  fallback_depth: z.int().min(1),
  balance_rating_subject: textMap,
  stats_conns: connections,
  thresholds_conns: connections,
  sessions_conns: connections,
  ...noEffect(z.int(), 'max_increments'),
})
