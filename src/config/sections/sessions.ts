import { z } from 'zod'
import { connections, duration, durationOr0, noEffect, struct, textList, usageByToR } from './key-types.ts'

const stir = struct('STIRJsonCfg', {
  allowed_attest: textList,
  payload_maxduration: z.string(),
  default_attest: z.string(),
  publickey_path: z.string(),
  privatekey_path: z.string(),
})

/** Live sessions. Reference 01, 4.5; 05, 2. */
export const sessions = struct(
  'SessionSJsonCfg',
  {
    enabled: z.boolean(),
    chargers_conns: connections,
    rals_conns: connections,
    cdrs_conns: connections,
    thresholds_conns: connections,
    stats_conns: connections,
    replication_conns: connections,
    default_usage: usageByToR,
    session_ttl: durationOr0,
    session_ttl_max_delay: duration.optional(),
    session_ttl_last_used: duration.optional(),
    session_ttl_usage: duration.optional(),
    session_ttl_last_usage: duration.optional(),
    stir,
    alterable_fields: textList,
    debit_interval: durationOr0,
    channel_sync_interval: durationOr0,
    channel_sync_timeout: durationOr0,
    stale_chan_max_extra_usage: durationOr0,
    min_dur_low_balance: durationOr0,
    terminate_attempts: z.int(),
    client_protocol: z.number(),
    attributes_conns: connections,
    resources_conns: connections,
    ...noEffect(connections, 'ips_conns', 'routes_conns', 'apiers_conns'),
    scheduler_conns: connections,
    ...noEffect(durationOr0, 'backup_interval'),
    store_session_costs: z.boolean(),
    session_indexes: textList,
    ...noEffect(z.string(), 'listen_bijson', 'listen_bigob'),
  },
  { goFields: 'tagged' },
)
