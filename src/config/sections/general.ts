import { z } from 'zod'
import { durationOr0, noEffect, struct } from './key-types.ts'

/** What holds for every part. Reference 01, 4.1. */
export const general = struct(
  'GeneralJsonCfg',
  {
    node_id: z.string(),
    log_level: z.int(),
    rounding_decimals: z.int().min(0).max(18),
    default_request_type: z.string(),
    default_category: z.string(),
    default_tenant: z.string().min(1),
    default_timezone: z.string(),
    reply_timeout: durationOr0,
    rsr_separator: z.string().min(1),
    durability: z.enum(['commit', 'async']),
    ...noEffect(
      z.string(),
      'logger',
      'dbdata_encoding',
      'tpexport_dir',
      'default_caching',
      'digest_separator',
      'digest_equal',
      'failed_posts_dir',
    ),
    ...noEffect(z.int(), 'poster_attempts', 'connect_attempts', 'reconnects', 'max_parallel_conns'),
    ...noEffect(
      durationOr0,
      'caching_delay',
      'max_reconnect_interval',
      'connect_timeout',
      'locking_timeout',
      'failed_posts_ttl',
      'min_call_duration',
      'max_call_duration',
    ),
  },
  { own: ['durability'] },
)
