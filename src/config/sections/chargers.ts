import { z } from 'zod'
import { connections, noEffect, textList } from './key-types.ts'

/** Which runs an event is charged in. Reference 01, 4.5. */
export const chargers = z.strictObject({
  enabled: z.boolean(),
  ...noEffect(connections, 'attributes_conns'),
  indexed_selects: z.boolean(),
  string_indexed_fields: textList.optional(),
  prefix_indexed_fields: textList,
  suffix_indexed_fields: textList,
  exists_indexed_fields: textList,
  nested_fields: z.boolean(),
  ...noEffect(textList, 'notexists_indexed_fields'),
})
