import { z } from 'zod'
import { connections, duration, noEffect, textList, usageByToR } from './key-types.ts'

/** Fields that name a session: no request may change them. Reference 01, 5. */
const PROTECTED_FIELDS = new Set(['CGRID', 'OriginHost', 'OriginID', 'Usage'])

/** Live sessions. Reference 01, 4.5; 05, 2. */
export const sessions = z.strictObject({
  enabled: z.boolean(),
  chargers_conns: connections,
  rals_conns: connections,
  cdrs_conns: connections,
  default_usage: usageByToR,
  session_ttl: duration,
  session_ttl_last_usage: duration.optional(),
  alterable_fields: z.array(
    z.string().refine((field) => !PROTECTED_FIELDS.has(field), {
      error: ({ input }) => `<SessionS> the following protected field can't be altered by session: <${input}>`,
    }),
  ),
  ...noEffect(z.int().min(1, `<SessionS> 'terminate_attempts' should be at least 1`), 'terminate_attempts'),
  ...noEffect(
    connections,
    'resources_conns',
    'ips_conns',
    'thresholds_conns',
    'stats_conns',
    'routes_conns',
    'attributes_conns',
    'apiers_conns',
    'scheduler_conns',
    'replication_conns',
  ),
  ...noEffect(
    duration,
    'debit_interval',
    'session_ttl_max_delay',
    'session_ttl_last_used',
    'session_ttl_usage',
    'channel_sync_interval',
    'channel_sync_timeout',
    'stale_chan_max_extra_usage',
    'min_dur_low_balance',
    'backup_interval',
  ),
  ...noEffect(z.string(), 'listen_bijson', 'listen_bigob'),
  ...noEffect(z.boolean(), 'store_session_costs'),
  ...noEffect(textList, 'session_indexes'),
  ...noEffect(z.number(), 'client_protocol'),
  ...noEffect(z.looseObject({}), 'stir'),
})
