import { z } from 'zod'
import { secret, struct } from './key-types.ts'

/** Access to SentryPeer. Reference 01, 4.7. */
export const sentrypeer = struct(
  'SentryPeerJsonCfg',
  {
    client_id: z.string(),
    client_secret: secret,
    token_url: z.string(),
    ips_url: z.string(),
    numbers_url: z.string(),
    audience: z.string(),
    grant_type: z.string(),
  },
  {
    goFields: 'tagged',
    printAs: {
      client_id: 'ClientID',
      client_secret: 'ClientSecret',
      token_url: 'TokenURL',
      ips_url: 'IpUrl',
      numbers_url: 'NumberUrl',
      audience: 'Audience',
      grant_type: 'GrantType',
    },
  },
)
