import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { connections, duration, secret, struct } from './key-types.ts'

const joinedList = withMeta(z.array(z.string()), { print: (value) => (value as string[]).join(';') })

const eventSocketConn = withMeta(
  struct(
    'FsConnJsonCfg',
    {
      address: z.string().default('127.0.0.1:8021'),
      password: secret.default('ClueCon'),
      reconnects: z.int().default(5),
      max_reconnect_interval: duration.prefault('0'),
      reply_timeout: duration.prefault('1m'),
      alias: z.string().default(''),
    },
    { goFields: 'tagged' },
  ).transform((conn) => ({ ...conn, alias: conn.alias === '' ? conn.address : conn.alias })),
  {},
)

/** Calls of FreeSWITCH. Reference 01, 4.6. */
export const freeswitchAgent = struct(
  'FreeswitchAgentJsonCfg',
  {
    enabled: z.boolean(),
    sessions_conns: connections,
    subscribe_park: z.boolean(),
    create_cdr: z.boolean(),
    extra_fields: joinedList,
    route_profile: z.boolean(),
    low_balance_ann_file: z.string(),
    empty_balance_context: z.string(),
    empty_balance_ann_file: z.string(),
    max_wait_connection: duration,
    active_session_delimiter: z.string(),
    sched_transfer_extension: z.string(),
    event_socket_conns: z.array(eventSocketConn),
  },
  { goFields: 'tagged' },
)
