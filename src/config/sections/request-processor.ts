import { z } from 'zod'
import { fieldTemplates, printField } from './field-template.ts'
import { withMeta } from './key-meta.ts'
import { noEffect, struct, textList } from './key-types.ts'

/** How one kind of request becomes an event, and an answer. Reference 07, 1.3. */
export const requestProcessor = struct(
  'ReqProcessorJsnCfg',
  {
    id: z.string().min(1),
    filters: textList.default([]),
    tenant: z.string().default(''),
    flags: textList.default([]),
    for_each: z.string().default(''),
    request_fields: fieldTemplates.default([]),
    reply_fields: fieldTemplates.default([]),
    ...noEffect(z.string(), 'timezone'),
    ...noEffect(z.boolean(), 'continue'),
  },
  { goFields: { id: 'ID' }, print: printProcessor },
)

/** Processors in order; those of a later file merge by id. Reference 01, 2.3. */
export const requestProcessors = withMeta(z.array(requestProcessor), { merge: 'byId' })

/** As CGRateS shows it: what was never set is null or left out. */
function printProcessor(value: unknown): unknown {
  const { id, filters, tenant, flags, for_each, request_fields, reply_fields, timezone } = value as z.output<
    typeof requestProcessor
  >
  return {
    id,
    filters: filters.length === 0 ? null : filters,
    ...(tenant === '' ? {} : { tenant }),
    timezone: timezone ?? '',
    flags: flags.length === 0 ? null : flags,
    ...(for_each === '' ? {} : { for_each }),
    ...(request_fields.length === 0 ? {} : { request_fields: request_fields.map(printField) }),
    ...(reply_fields.length === 0 ? {} : { reply_fields: reply_fields.map(printField) }),
  }
}
