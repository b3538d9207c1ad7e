import { z } from 'zod'
import { connections, noEffect, struct } from './key-types.ts'

/** The administrative methods. Reference 01, 4.5. */
export const apiers = struct('ApierJsonCfg', {
  enabled: z.boolean(),
  ees_conns: connections,
  ...noEffect(connections, 'caches_conns', 'scheduler_conns', 'attributes_conns'),
})
