import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { noEffect, struct, textList } from './key-types.ts'

/** Keys of older versions that files still have: CGRateS takes them and forgets them. Reference 02, 5.1. */
const OLD_KEYS = ['field_id', 'handler_id', 'breakable', 'continue'] as const

/** One field of a list of request, reply or export fields. Reference 01, 4.6; 02, 4. */
export const fieldTemplate = struct(
  'FcTemplateJsonCfg',
  {
    tag: z.string().default(''),
    type: z.string().default('*variable'),
    path: z.string().default(''),
    filters: textList.default([]),
    value: z.string().default(''),
    mandatory: z.boolean().default(false),
    blocker: z.boolean().default(false),
    new_branch: z.boolean().default(false),
    attribute_id: z.string().optional(),
    layout: z.string().optional(),
    timezone: z.string().optional(),
    strip: z.string().optional(),
    padding: z.string().optional(),
    width: z.int().min(0).optional(),
    mask_destinationd_id: z.string().optional(),
    mask_length: z.int().optional(),
    ...noEffect(z.int(), 'cost_shift_digits', 'rounding_decimals'),
    ...noEffect(z.unknown(), ...OLD_KEYS),
  },
  { print: printField },
)

/** Fields in order; a later file replaces them all. */
export const fieldTemplates = z.array(fieldTemplate)

/** Lists of fields by name, for fields of type `*template`. */
export const templates = withMeta(z.record(z.string(), fieldTemplates), {
  goType: 'map[string][]*config.FcTemplateJsonCfg',
})

/** Layout of times that name none. */
const RFC_3339 = '2006-01-02T15:04:05Z07:00'

/** As CGRateS shows a field: what is empty is left out, the path stands for a missing tag. */
export function printField(value: unknown): unknown {
  const { tag, layout, ...rest } = value as z.output<typeof fieldTemplate>
  const isEmpty = (each: unknown) =>
    each === undefined || each === '' || each === false || each === 0 || (Array.isArray(each) && each.length === 0)
  const isOld = (key: string) => OLD_KEYS.some((old) => old === key)
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key, each]) => !isOld(key) && !isEmpty(each))),
    ...(layout === undefined || layout === RFC_3339 ? {} : { layout }),
    tag: tag === '' ? rest.path : tag,
  }
}
