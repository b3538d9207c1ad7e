import { z } from 'zod'
import { connections, duration, listenAddress, noEffect, struct, textList } from './key-types.ts'
import { requestProcessors } from './request-processor.ts'

const listener = struct(
  'DiamListenerJsnCfg',
  { address: listenAddress.default('127.0.0.1:3868'), network: z.enum(['', 'tcp']).default('') },
  { goFields: 'tagged' },
)

/** Diameter server and its mapping. Reference 07, 1.1 and 2.1. */
export const diameterAgent = struct(
  'DiameterAgentJsonCfg',
  {
    enabled: z.boolean(),
    listeners: z.array(listener).min(1),
    dictionaries_path: z.string(),
    sessions_conns: connections,
    origin_host: z.string().min(1),
    origin_realm: z.string().min(1),
    vendor_id: z.int().min(0).max(0xffff_ffff),
    product_name: z.string(),
    cer_timeout: duration,
    watchdog_interval: duration,
    duplicate_ttl: duration,
    max_inflight: z.int().min(0),
    strict: z.boolean(),
    asr_template: z.string(),
    rar_template: z.string(),
    forced_disconnect: z.string(),
    request_processors: requestProcessors,
    ...noEffect(connections, 'stats_conns', 'thresholds_conns'),
    ...noEffect(z.boolean(), 'dictionaries_append_defaults', 'synced_conn_requests'),
    ...noEffect(textList, 'ce_applications', 'conn_status_stat_queue_ids', 'conn_status_threshold_ids'),
    ...noEffect(z.string(), 'snr_template', 'slr_template', 'str_template'),
    ...noEffect(duration, 'conn_health_check_interval'),
  },
  {
    goFields: 'tagged',
    own: ['cer_timeout', 'watchdog_interval', 'duplicate_ttl', 'max_inflight', 'strict'],
  },
)
