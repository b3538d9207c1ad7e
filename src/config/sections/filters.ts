import { connections, noEffect, struct } from './key-types.ts'

/** Whom filters ask for the values of other services. Reference 01, 4.4. */
export const filters = struct('FilterSJsonCfg', {
  ...noEffect(connections, 'stats_conns', 'resources_conns', 'apiers_conns', 'trends_conns', 'rankings_conns'),
})
