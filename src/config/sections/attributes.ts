import { z } from 'zod'
import { connections, INDEX_KEY_FIELDS, indexKeys, struct, textList } from './key-types.ts'

const opts = struct(
  'AttributesOptsJson',
  {
    '*profileIDs': textList,
    '*profileRuns': z.int(),
    '*processRuns': z.int(),
    '*profileIgnoreFilters': z.boolean(),
    '*context': z.string().optional(),
  },
  { goFields: 'tagged' },
)

/** Fields that events get before they are charged. Reference 01, 4.5. */
export const attributes = struct(
  'AttributeSJsonCfg',
  {
    enabled: z.boolean(),
    stats_conns: connections,
    resources_conns: connections,
    apiers_conns: connections,
    any_context: z.boolean(),
    ...indexKeys,
    opts: opts,
  },
  { goFields: INDEX_KEY_FIELDS },
)
