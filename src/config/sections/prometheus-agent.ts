import { z } from 'zod'
import { connections, struct, textList } from './key-types.ts'

/** Metrics of services for Prometheus. Reference 08. */
export const prometheusAgent = struct(
  'PrometheusAgentJsonCfg',
  {
    enabled: z.boolean(),
    path: z.string(),
    apiers_conns: connections,
    caches_conns: connections,
    cores_conns: connections,
    stats_conns: connections,
    cache_ids: textList,
    stat_queue_ids: textList,
    collect_go_metrics: z.boolean(),
    collect_process_metrics: z.boolean(),
  },
  { goFields: 'tagged' },
)
