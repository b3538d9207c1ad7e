import { z } from 'zod'
import { connections, noEffect, struct } from './key-types.ts'

/** What the loader program begins with. Reference 01, 4.7. */
export const loader = struct('LoaderCfgJson', {
  tpid: z.string(),
  data_path: z.string(),
  field_separator: z.string().min(1),
  caches_conns: connections,
  scheduler_conns: connections,
  ...noEffect(z.string(), 'gapi_credentials', 'gapi_token'),
  ...noEffect(z.boolean(), 'disable_reverse'),
})
