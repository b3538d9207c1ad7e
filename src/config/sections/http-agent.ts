import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { connections, struct } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

/** HTTP requests and their mapping, one entry a path. Reference 07. */
export const httpAgent = withMeta(
  z.array(
    struct(
      'HttpAgentJsonCfg',
      {
        id: z.string().default(''),
        url: z.string().default(''),
        sessions_conns: connections.optional(),
        stats_conns: connections.optional(),
        thresholds_conns: connections.optional(),
        request_payload: z.string().default(''),
        reply_payload: z.string().default(''),
        request_processors: requestProcessors.default([]),
      },
      { goFields: 'tagged', nulls: ['stats_conns', 'thresholds_conns'] },
    ),
  ),
  { merge: 'byId' },
)
