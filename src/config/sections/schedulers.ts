import { z } from 'zod'
import { connections, struct, textList } from './key-types.ts'

/** Action plans run by the clock. Reference 01, 4.5. */
export const schedulers = struct('SchedulerJsonCfg', {
  enabled: z.boolean(),
  cdrs_conns: connections,
  thresholds_conns: connections,
  stats_conns: connections,
  filters: textList,
  dynaprepaid_actionplans: textList,
})
