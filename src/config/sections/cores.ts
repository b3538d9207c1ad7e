import { z } from 'zod'
import { durationOr0, struct } from './key-types.ts'

/** Limits of the process. Reference 01, 4.3. */
export const cores = struct('CoreSJsonCfg', {
  caps: z.int().min(0),
  caps_strategy: z.string(),
  shutdown_timeout: durationOr0,
  caps_stats_interval: durationOr0,
})
