import { z } from 'zod'
import { connections, durationNs, struct } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

/** SIP redirect server and its mapping. Reference 08. */
export const sipAgent = struct(
  'SIPAgentJsonCfg',
  {
    enabled: z.boolean(),
    listen: z.string(),
    listen_net: z.string(),
    sessions_conns: connections,
    stats_conns: connections,
    thresholds_conns: connections,
    timezone: z.string(),
    retransmission_timer: durationNs,
    request_processors: requestProcessors,
  },
  { goFields: 'tagged' },
)
