import { z } from 'zod'
import { connections, struct } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

const listener = struct('DnsListenerJsnCfg', { address: z.string().default(''), network: z.string().default('') })

/** DNS server and its mapping. Reference 08. */
export const dnsAgent = struct(
  'DNSAgentJsonCfg',
  {
    enabled: z.boolean(),
    listeners: z.array(listener),
    sessions_conns: connections,
    stats_conns: connections,
    thresholds_conns: connections,
    timezone: z.string(),
    request_processors: requestProcessors,
  },
  { goFields: 'tagged' },
)
