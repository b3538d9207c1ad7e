import { z } from 'zod'
import { connections, duration, struct } from './key-types.ts'

const evapiConn = struct('KamConnJsonCfg', {
  address: z.string().default('127.0.0.1:8448'),
  reconnects: z.int().default(5),
  max_reconnect_interval: duration.prefault('0'),
  alias: z.string().default(''),
})

/** Calls of Kamailio. Reference 01, 4.6. */
export const kamailioAgent = struct('KamAgentJsonCfg', {
  enabled: z.boolean(),
  sessions_conns: connections,
  create_cdr: z.boolean(),
  evapi_conns: z.array(evapiConn),
  timezone: z.string(),
  route_profile: z.boolean(),
})
