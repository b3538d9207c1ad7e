import { z } from 'zod'
import { connections, noEffect, struct, textList } from './key-types.ts'

/** Action plans run by the clock. Reference 01, 4.5. */
export const schedulers = struct('SchedulerJsonCfg', {
  enabled: z.boolean(),
  cdrs_conns: connections,
  ...noEffect(connections, 'thresholds_conns', 'stats_conns'),
  filters: textList,
  dynaprepaid_actionplans: textList,
})
