import { z } from 'zod'
import { connections, noEffect, struct } from './key-types.ts'

/** What the loader program begins with. Reference 01, 4.7. */
export const loader = struct('LoaderCfgJson', {
  ...noEffect(z.string(), 'tpid', 'data_path', 'field_separator', 'gapi_credentials', 'gapi_token'),
  ...noEffect(z.boolean(), 'disable_reverse'),
  ...noEffect(connections, 'caches_conns', 'scheduler_conns'),
})
