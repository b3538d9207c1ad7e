import { z } from 'zod'
import { duration, durationNs, indexKeys, struct } from './key-types.ts'

const opts = struct('IPsOptsJson', { '*allocationID': z.string(), '*ttl': durationNs }, { goFields: 'tagged' })

/** Addresses that are given out from pools. Reference 01, 4.5. */
export const ips = struct(
  'IPsJsonCfg',
  {
    enabled: z.boolean(),
    store_interval: duration,
    ...indexKeys,
    opts: opts,
  },
  { goFields: 'tagged', nulls: ['string_indexed_fields'] },
)
