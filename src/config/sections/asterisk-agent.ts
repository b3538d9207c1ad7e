import { z } from 'zod'
import { connections, duration, secret, struct } from './key-types.ts'

const asteriskConn = struct('AstConnJsonCfg', {
  address: z.string().default('127.0.0.1:8088'),
  user: z.string().default('cgrates'),
  password: secret.default('CGRateS.org'),
  connect_attempts: z.int().default(3),
  reconnects: z.int().default(5),
  ari_websocket: z.boolean().default(false),
  max_reconnect_interval: duration.prefault('0'),
  alias: z.string().default(''),
})

/** Calls of Asterisk. Reference 01, 4.6. */
export const asteriskAgent = struct('AsteriskAgentJsonCfg', {
  enabled: z.boolean(),
  sessions_conns: connections,
  create_cdr: z.boolean(),
  route_profile: z.boolean(),
  asterisk_conns: z.array(asteriskConn),
})
