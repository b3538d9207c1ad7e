import { connections, struct } from './key-types.ts'

/** Whom filters ask for the values of other services. Reference 01, 4.4. */
export const filters = struct('FilterSJsonCfg', {
  apiers_conns: connections,
  stats_conns: connections,
  resources_conns: connections,
  trends_conns: connections,
  rankings_conns: connections,
})
