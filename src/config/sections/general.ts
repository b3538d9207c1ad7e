import { z } from 'zod'
import { duration, noEffect } from './key-types.ts'

/** What holds for every part. Reference 01, 4.1. */
export const general = z.strictObject({
  node_id: z.string(),
  log_level: z.int().min(0).max(7),
  rounding_decimals: z.int().min(0).max(18),
  default_tenant: z.string().min(1),
  default_category: z.string(),
  default_request_type: z.string(),
  default_timezone: z.string(),
  rsr_separator: z.string().min(1),
  durability: z.enum(['commit', 'async']),
  ...noEffect(
    z.string(),
    'logger',
    'dbdata_encoding',
    'tpexport_dir',
    'failed_posts_dir',
    'default_caching',
    'digest_separator',
    'digest_equal',
  ),
  ...noEffect(z.int(), 'poster_attempts', 'connect_attempts', 'reconnects', 'max_parallel_conns'),
  ...noEffect(
    duration,
    'failed_posts_ttl',
    'caching_delay',
    'max_reconnect_interval',
    'connect_timeout',
    'reply_timeout',
    'locking_timeout',
    'min_call_duration',
    'max_call_duration',
  ),
})
