import { z } from 'zod'
import { struct } from './key-types.ts'

/** Configuration served to other nodes over HTTP, and what of it is shown. Reference 01, 6.3. */
export const configs = struct(
  'ConfigSCfgJson',
  {
    enabled: z.boolean(),
    url: z.string(),
    root_dir: z.string(),
    mask_secrets: z.boolean(),
  },
  { own: ['mask_secrets'] },
)
