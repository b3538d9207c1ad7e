import { z } from 'zod'
import { noEffect, textList } from './key-types.ts'

/** One field of a list of request, reply or export fields. Reference 01, 4.6; 02, 4. */
export const fieldTemplate = z.strictObject({
  tag: z.string().default(''),
  type: z.string().default('*variable'),
  path: z.string().default(''),
  filters: textList.default([]),
  value: z.string().default(''),
  mandatory: z.boolean().default(false),
  blocker: z.boolean().default(false),
  new_branch: z.boolean().default(false),
  ...noEffect(z.string(), 'attribute_id', 'layout', 'timezone', 'strip', 'padding', 'mask_destinationd_id'),
  ...noEffect(z.int(), 'width', 'cost_shift_digits', 'rounding_decimals', 'mask_length'),
})

/** Lists of fields by name, for fields of type `*template`. */
export const templates = z.record(z.string(), z.array(fieldTemplate))
