import { z } from 'zod'
import { connections, durationNs, INDEX_KEY_FIELDS, indexKeys, storeInterval, struct } from './key-types.ts'

const opts = struct(
  'ResourcesOptsJson',
  { '*usageID': z.string(), '*usageTTL': durationNs.optional(), '*units': z.number() },
  { goFields: 'tagged' },
)

/** Units that are counted while they are in use. Reference 01, 4.5. */
export const resources = struct(
  'ResourceSJsonCfg',
  {
    enabled: z.boolean(),
    store_interval: storeInterval,
    thresholds_conns: connections,
    ...indexKeys,
    opts: opts,
  },
  { goFields: INDEX_KEY_FIELDS },
)
