import { z } from 'zod'
import { connections, INDEX_KEY_FIELDS, indexKeys, struct } from './key-types.ts'

/** Which runs an event is charged in. Reference 01, 4.5. */
export const chargers = struct(
  'ChargerSJsonCfg',
  {
    enabled: z.boolean(),
    ...indexKeys,
    attributes_conns: connections,
  },
  { goFields: INDEX_KEY_FIELDS },
)
