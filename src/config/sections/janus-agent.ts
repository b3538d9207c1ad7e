import { z } from 'zod'
import { connections, secret, struct } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

const janusConn = struct(
  'JanusConnJsonCfg',
  {
    address: z.string().default(''),
    type: z.string().default(''),
    admin_address: z.string().default(''),
    admin_password: secret.default(''),
  },
  { goFields: 'tagged' },
)

/** Calls of Janus. Reference 08. */
export const janusAgent = struct(
  'JanusAgentJsonCfg',
  {
    enabled: z.boolean(),
    url: z.string(),
    sessions_conns: connections,
    janus_conns: z.array(janusConn),
    request_processors: requestProcessors,
  },
  { goFields: 'tagged' },
)
