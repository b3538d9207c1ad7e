import { z } from 'zod'
import { withMeta } from './key-meta.ts'
import { durationNs, struct, withoutEffect } from './key-types.ts'

/** One process of a pool. Zero values stand for those of `general` and `tls`. Reference 01, 3.2. */
const host = struct(
  'RemoteHostJson',
  {
    id: z.string().optional(),
    address: z.string().optional(),
    transport: z.string().optional(),
    conn_attempts: z.int().optional(),
    reconnects: z.int().optional(),
    max_reconnect_interval: durationNs.optional(),
    connect_timeout: durationNs.optional(),
    reply_timeout: durationNs.optional(),
    tls: z.boolean().optional(),
    key_path: z.string().optional(),
    cert_path: z.string().optional(),
    ca_path: z.string().optional(),
  },
  {
    aliases: {
      connect_attempts: 'conn_attempts',
      client_key: 'key_path',
      client_certificate: 'cert_path',
      ca_certificate: 'ca_path',
    },
    printAs: { conn_attempts: 'connect_attempts', cert_path: 'crt_path' },
  },
)

/** Strategies of a pool. Reference 01, 3.3. */
export const POOL_STRATEGIES = [
  '*first',
  '*next',
  '*random',
  '*first_positive',
  '*first_positive_async',
  '*broadcast',
  '*broadcast_sync',
  '*broadcast_async',
  '*async',
  '*parallel',
] as const

/** Pools of other processes by id. A later file replaces a pool as a whole. Reference 01, 3.2. */
export const rpcConns = withMeta(
  z.record(
    z.string(),
    struct(
      'RPCConnsJson',
      {
        strategy: z.enum(POOL_STRATEGIES).default('*first'),
        ...withoutEffect({ poolSize: z.int().default(0) }),
        idempotent: z.boolean().optional(),
        conns: z
          .array(
            // A host with an id gets its address from the registrar; others begin as the built-in one.
            host.transform((each) => ({
              ...each,
              address: each.address ?? (each.id === undefined ? '127.0.0.1:2012' : ''),
              transport: each.transport ?? (each.id === undefined ? '*json' : ''),
            })),
          )
          .optional(),
      },
      { own: ['idempotent'] },
    ),
  ),
  { goType: 'map[string]*config.RPCConnsJson' },
)
