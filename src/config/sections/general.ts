import { z } from 'zod'
import { durationOr0, noEffect, struct } from './key-types.ts'

/** What holds for every part. Reference 01, 4.1. */
export const general = struct(
  'GeneralJsonCfg',
  {
    node_id: z.string(),
    log_level: z.int(),
    logger: z.string(),
    rounding_decimals: z.int().min(0).max(18),
    default_request_type: z.string(),
    default_category: z.string(),
    default_tenant: z.string().min(1),
    default_timezone: z.string(),
    connect_attempts: z.int(),
    reconnects: z.int(),
    max_reconnect_interval: durationOr0,
    connect_timeout: durationOr0,
    reply_timeout: durationOr0,
    max_parallel_conns: z.int(),
    rsr_separator: z.string().min(1),
    tpexport_dir: z.string(),
    durability: z.enum(['commit', 'async']),
    ...noEffect(
      z.string(),
      'dbdata_encoding',
      'default_caching',
      'digest_separator',
      'digest_equal',
      'failed_posts_dir',
    ),
    poster_attempts: z.int(),
    ...noEffect(
      durationOr0,
      'caching_delay',
      'locking_timeout',
      'failed_posts_ttl',
      'min_call_duration',
      'max_call_duration',
    ),
  },
  { own: ['durability'] },
)
