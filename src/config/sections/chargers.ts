import { z } from 'zod'
import { connections, noEffect, textList } from './key-types.ts'

/** Which runs an event is charged in. Reference 01, 4.5. */
export const chargers = z.strictObject({
  enabled: z.boolean(),
  ...noEffect(connections, 'attributes_conns'),
  ...noEffect(z.boolean(), 'indexed_selects', 'nested_fields'),
  ...noEffect(
    textList,
    'string_indexed_fields',
    'prefix_indexed_fields',
    'suffix_indexed_fields',
    'exists_indexed_fields',
    'notexists_indexed_fields',
  ),
})
