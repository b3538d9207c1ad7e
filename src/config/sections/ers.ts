import { z } from 'zod'
import { readerOpts } from './event-opts.ts'
import { fieldTemplates } from './field-template.ts'
import { withMeta } from './key-meta.ts'
import { connections, duration, durationOr0, struct, textList } from './key-types.ts'

const reader = struct(
  'EventReaderJsonCfg',
  {
    id: z.string().min(1),
    type: z.string(),
    run_delay: durationOr0,
    start_delay: durationOr0,
    concurrent_requests: z.int(),
    source_path: z.string(),
    processed_path: z.string(),
    tenant: z.string(),
    timezone: z.string(),
    filters: textList,
    flags: textList,
    reconnects: z.int(),
    max_reconnect_interval: duration,
    ees_success_ids: textList.optional(),
    ees_failed_ids: textList.optional(),
    opts: readerOpts,
    fields: fieldTemplates,
    partial_commit_fields: fieldTemplates,
    cache_dump_fields: fieldTemplates,
  },
  { loose: true },
)

/** Readers of files, brokers and tables. Reference 09, A1 and A2. */
export const ers = struct(
  'ERsJsonCfg',
  {
    enabled: z.boolean(),
    sessions_conns: connections,
    ees_conns: connections,
    stats_conns: connections,
    thresholds_conns: connections,
    concurrent_events: z.int(),
    partial_cache_ttl: duration,
    readers: withMeta(z.array(reader), { merge: 'byIdFromDefault' }),
  },
  { goFields: 'tagged', loose: true },
)
