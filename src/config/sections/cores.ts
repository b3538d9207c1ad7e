import { z } from 'zod'
import { durationOr0, noEffect, struct } from './key-types.ts'

/** Limits of the process. Reference 01, 4.3. */
export const cores = struct('CoreSJsonCfg', {
  ...noEffect(z.int(), 'caps'),
  ...noEffect(z.string(), 'caps_strategy'),
  ...noEffect(durationOr0, 'caps_stats_interval', 'shutdown_timeout'),
})
