import { z } from 'zod'
import { cachePartition } from './caches.ts'
import { exporterOpts } from './event-opts.ts'
import { fieldTemplates } from './field-template.ts'
import { withMeta } from './key-meta.ts'
import { connections, duration, noEffect, struct, textList } from './key-types.ts'

const exporter = struct(
  'EventExporterJsonCfg',
  {
    id: z.string().min(1),
    type: z.string(),
    export_path: z.string(),
    filters: textList,
    fields: fieldTemplates,
    opts: exporterOpts,
    ...noEffect(z.string(), 'timezone', 'attribute_context', 'failed_posts_dir', 'metrics_reset_schedule'),
    ...noEffect(textList, 'flags', 'attribute_ids'),
    ...noEffect(z.boolean(), 'synchronous'),
    ...noEffect(z.int(), 'attempts', 'concurrent_requests'),
  },
  { goFields: { metrics_reset_schedule: 'metrics_reset_schedule' }, loose: true },
)

/** Types of exporters that this version has. */
export const EXPORTER_TYPES: ReadonlySet<string> = new Set(['*none', '*file_csv', '*file_fwv'])

const failedPosts = struct(
  'FailedPostsJsonCfg',
  { dir: z.string(), ...noEffect(duration, 'ttl'), ...noEffect(z.boolean(), 'static_ttl') },
  { goFields: 'tagged' },
)

/** Writers of CDRs. Reference 09, B1 and B2. */
export const ees = struct(
  'EEsJsonCfg',
  {
    enabled: z.boolean(),
    failed_posts: failedPosts,
    exporters: withMeta(z.array(exporter), { merge: 'byIdFromDefault' }),
    ...noEffect(connections, 'attributes_conns'),
    ...noEffect(z.record(z.string(), cachePartition), 'cache'),
  },
  { goFields: 'tagged', loose: true },
)
