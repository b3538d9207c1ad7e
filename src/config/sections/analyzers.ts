import { z } from 'zod'
import { duration, struct } from './key-types.ts'

/** RPC calls kept for questions about them. Reference 01, 4.7. */
export const analyzers = struct('AnalyzerSJsonCfg', {
  enabled: z.boolean(),
  db_path: z.string(),
  index_type: z.string(),
  ttl: duration,
  cleanup_interval: duration,
})
