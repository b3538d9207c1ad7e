import { z } from 'zod'
import { connections, INDEX_KEY_FIELDS, indexKeys, struct } from './key-types.ts'

/** Calls handed on to other nodes. Reference 01, 4.5. */
export const dispatchers = struct(
  'DispatcherSJsonCfg',
  {
    enabled: z.boolean(),
    attributes_conns: connections,
    any_subsystem: z.boolean(),
    prevent_loop: z.boolean(),
    ...indexKeys,
  },
  { goFields: INDEX_KEY_FIELDS, aliases: { prevent_loops: 'prevent_loop' } },
)
