import { z } from 'zod'
import { connections, noEffect } from './key-types.ts'

/** The administrative methods. Reference 01, 4.5. */
export const apiers = z.strictObject({
  enabled: z.boolean(),
  ...noEffect(connections, 'caches_conns', 'scheduler_conns', 'attributes_conns', 'ees_conns'),
})
