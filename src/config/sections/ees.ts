import { z } from 'zod'
import { fieldTemplate } from './field-template.ts'
import { connections, duration, noEffect, textList } from './key-types.ts'

const exporter = z.strictObject({
  id: z.string().min(1),
  type: z.string(),
  export_path: z.string(),
  filters: textList,
  flags: textList,
  fields: z.array(fieldTemplate),
  opts: z.record(z.string(), z.unknown()),
  ...noEffect(z.string(), 'timezone', 'attribute_context', 'failed_posts_dir', 'metrics_reset_schedule'),
  ...noEffect(textList, 'attribute_ids', 'efs_conns'),
  ...noEffect(z.boolean(), 'synchronous', 'blocker'),
  ...noEffect(z.int(), 'attempts', 'concurrent_requests'),
})

/** Writers of CDRs. Reference 09, B1 and B2. */
export const ees = z.strictObject({
  enabled: z.boolean(),
  exporters: z.array(exporter),
  ...noEffect(connections, 'attributes_conns'),
  ...noEffect(z.record(z.string(), z.looseObject({ ttl: duration.optional() })), 'cache'),
  ...noEffect(z.looseObject({}), 'failed_posts'),
})
