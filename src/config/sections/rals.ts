import { z } from 'zod'
import { connections, noEffect, usageByToR } from './key-types.ts'

/** Rating and accounts. Reference 01, 4.5. */
export const rals = z.strictObject({
  enabled: z.boolean(),
  rp_subject_prefix_matching: z.boolean(),
  fallback_depth: z.int().min(1),
  remove_expired: z.boolean(),
  max_computed_usage: usageByToR,
  balance_rating_subject: z.record(z.string(), z.string()),
  ...noEffect(connections, 'thresholds_conns', 'stats_conns', 'sessions_conns'),
  ...noEffect(z.int(), 'max_increments'),
})
