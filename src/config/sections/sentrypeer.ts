import { z } from 'zod'
import { noEffect, secret, struct } from './key-types.ts'

/** Access to SentryPeer. Reference 01, 4.7. */
export const sentrypeer = struct(
  'SentryPeerJsonCfg',
  {
    ...noEffect(z.string(), 'client_id', 'token_url', 'ips_url', 'numbers_url', 'audience', 'grant_type'),
    ...noEffect(secret, 'client_secret'),
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
