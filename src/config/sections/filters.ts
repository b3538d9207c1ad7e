import { connections, noEffect, struct } from './key-types.ts'

/** Whom filters ask for the values of other services. Reference 01, 4.4. */
export const filters = struct('FilterSJsonCfg', {
  apiers_conns: connections,
  ...noEffect(connections, 'stats_conns', 'resources_conns', 'trends_conns', 'rankings_conns'),
})
