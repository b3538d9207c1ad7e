import { z } from 'zod'
import { metaOf, withMeta } from './key-meta.ts'
import { connections, INDEX_KEY_FIELDS, indexKeys, noEffect, storeInterval, struct, textList } from './key-types.ts'

/** An empty list in a later file does not overwrite them. Reference 01, 2.3. */
const keptConnections = withMeta(z.array(z.string()), { ...metaOf(connections), merge: 'keepWhenEmpty' })

const opts = struct(
  'ThresholdsOptsJson',
  { '*profileIDs': textList, '*profileIgnoreFilters': z.boolean() },
  { goFields: 'tagged' },
)

/** Actions that events set off. Reference 01, 4.5. */
export const thresholds = struct(
  'ThresholdSJsonCfg',
  {
    enabled: z.boolean(),
    store_interval: storeInterval,
    ...noEffect(keptConnections, 'sessions_conns', 'apiers_conns'),
    ees_conns: connections,
    ees_exporter_ids: textList,
    ...indexKeys,
    opts: opts,
  },
  { goFields: INDEX_KEY_FIELDS },
)
