import { z } from 'zod'
import { connections, INDEX_KEY_FIELDS, indexKeys, struct } from './key-types.ts'

const opts = struct(
  'RoutesOptsJson',
  {
    '*context': z.string(),
    '*ignoreErrors': z.boolean(),
    '*maxCost': z.unknown(),
    '*profileCount': z.int().optional(),
    '*limit': z.int().optional(),
    '*offset': z.int().optional(),
  },
  { goFields: 'tagged' },
)

/** Suppliers in order of cost or quality. Reference 01, 4.5. */
export const routes = struct(
  'RouteSJsonCfg',
  {
    enabled: z.boolean(),
    attributes_conns: connections,
    resources_conns: connections,
    stats_conns: connections,
    rals_conns: connections,
    default_ratio: z.int(),
    ...indexKeys,
    opts: opts,
  },
  { goFields: INDEX_KEY_FIELDS },
)
