import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { connections, secret, struct, textList } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

const listener = struct(
  'RadiListenerJsnCfg',
  {
    network: z.string().default(''),
    auth_address: z.string().default(''),
    acct_address: z.string().default(''),
  },
  { goFields: { auth_address: 'Auth_Address', acct_address: 'Acct_Address' } },
)

const secretMap = z.record(z.string(), secret)
const clientDictionaries = z.record(z.string(), textList)

const dynamicAuthorization = withMeta(
  z
    .record(
      z.string(),
      struct('DAClientOptsJson', {
        transport: z.string().default('udp'),
        host: z.string().default(''),
        port: z.int().default(3799),
        flags: textList.optional(),
      }),
    )
    .transform((clients) =>
      Object.fromEntries(Object.entries(clients).map(([id, each]) => [id, { ...each, host: each.host || id }])),
    ),
  { merge: 'replace' },
)

/** RADIUS server and its mapping. Reference 07. */
export const radiusAgent = struct(
  'RadiusAgentJsonCfg',
  {
    enabled: z.boolean(),
    listeners: z.array(listener),
    client_secrets: secretMap,
    client_dictionaries: clientDictionaries,
    client_da_addresses: dynamicAuthorization.optional(),
    requests_cache_key: z.string(),
    sessions_conns: connections,
    stats_conns: connections,
    thresholds_conns: connections,
    dmr_template: z.string(),
    coa_template: z.string(),
    request_processors: requestProcessors,
  },
  { goFields: 'tagged' },
)
