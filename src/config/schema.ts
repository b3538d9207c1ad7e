import { z } from 'zod'
import { parseDuration } from '../core/duration.ts'

/** A duration as text; its value is ns. */
const duration = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((text, context) => {
      try {
        return parseDuration(String(text))
      } catch (cause) {
        context.addIssue({
          code: 'custom',
          message: `${cause instanceof Error ? cause.message : cause}, expected a duration such as "5s"`,
        })
        return z.NEVER
      }
    })
const connections = (...fallback: string[]) => z.array(z.string()).default(fallback)
const usageMap = z.record(z.string(), z.union([z.string(), z.number()])).default({})
const textMap = z.record(z.string(), z.string()).default({})

/** Keys of CGRateS that mean nothing on the paths this version has: accepted so that existing files start. */
const accepted = <K extends string>(...keys: K[]) =>
  Object.fromEntries(keys.map((key) => [key, z.unknown().optional()])) as Record<K, z.ZodOptional<z.ZodUnknown>>

const fieldTemplate = z.strictObject({
  tag: z.string().default(''),
  type: z.string().default('*variable'),
  path: z.string().default(''),
  filters: z.array(z.string()).default([]),
  value: z.string().default(''),
  mandatory: z.boolean().default(false),
  blocker: z.boolean().default(false),
  new_branch: z.boolean().default(false),
  ...accepted('attribute_id', 'layout', 'timezone', 'width', 'strip', 'padding'),
})

const requestProcessor = z.strictObject({
  id: z.string(),
  filters: z.array(z.string()).default([]),
  tenant: z.string().default(''),
  flags: z.array(z.string()).default([]),
  for_each: z.string().default(''),
  request_fields: z.array(fieldTemplate).default([]),
  reply_fields: z.array(fieldTemplate).default([]),
  ...accepted('timezone'),
})

const exporter = z.strictObject({
  id: z.string(),
  type: z.string().default('*none'),
  export_path: z.string().default('/var/spool/cgrates/ees'),
  filters: z.array(z.string()).default([]),
  flags: z.array(z.string()).default([]),
  fields: z.array(fieldTemplate).default([]),
  opts: z.record(z.string(), z.unknown()).default({}),
  ...accepted(
    'timezone',
    'attribute_ids',
    'attribute_context',
    'synchronous',
    'blocker',
    'attempts',
    'concurrent_requests',
    'failed_posts_dir',
    'efs_conns',
    'metrics_reset_schedule',
    'cache',
  ),
})

const listener = z.strictObject({
  address: z.string().default('127.0.0.1:3868'),
  network: z.enum(['', 'tcp']).default('tcp'),
})

/** One schema per section: type, default and check of every key. Reference 01, 4; 05, 2; 07, 2.1; 09, B1 and B2. */
export const SECTIONS = {
  general: z.strictObject({
    node_id: z.string().default(''),
    log_level: z.int().min(0).max(7).default(6),
    rounding_decimals: z.int().min(0).max(18).default(5),
    default_tenant: z.string().default('cgrates.org'),
    default_category: z.string().default('call'),
    default_request_type: z.string().default('*rated'),
    default_timezone: z.string().default('Local'),
    rsr_separator: z.string().min(1).default(';'),
    durability: z.enum(['commit', 'async']).default('commit'),
    ...accepted(
      'logger',
      'dbdata_encoding',
      'tpexport_dir',
      'poster_attempts',
      'failed_posts_dir',
      'failed_posts_ttl',
      'default_caching',
      'caching_delay',
      'connect_attempts',
      'reconnects',
      'max_reconnect_interval',
      'connect_timeout',
      'reply_timeout',
      'locking_timeout',
      'digest_separator',
      'digest_equal',
      'max_parallel_conns',
    ),
  }),
  data_db: z.strictObject({
    db_type: z.enum(['*lmdb', '*internal']).default('*lmdb'),
    opts: z.looseObject({ lmdbPath: z.string().default('data/records') }).prefault({}),
    ...accepted(
      'db_host',
      'db_port',
      'db_name',
      'db_user',
      'db_password',
      'items',
      'remote_conns',
      'remote_conn_id',
      'replication_conns',
      'replication_filtered',
      'replication_cache',
      'replication_interval',
      'replication_failed_dir',
    ),
  }),
  stor_db: z.strictObject({
    db_type: z.enum(['*sqlite', '*internal']).default('*sqlite'),
    opts: z.looseObject({ sqlitePath: z.string().default('data/cdrs.sqlite') }).prefault({}),
    ...accepted(
      'db_host',
      'db_port',
      'db_name',
      'db_user',
      'db_password',
      'items',
      'string_indexed_fields',
      'prefix_indexed_fields',
    ),
  }),
  listen: z.strictObject({
    rpc_json: z.string().default('127.0.0.1:2012'),
    http: z.string().default('127.0.0.1:2080'),
    ...accepted('rpc_gob', 'rpc_json_tls', 'rpc_gob_tls', 'http_tls', 'birpc_json', 'birpc_gob'),
  }),
  http: z.strictObject({
    json_rpc_url: z.string().default('/jsonrpc'),
    ...accepted(
      'registrars_url',
      'ws_url',
      'freeswitch_cdrs_url',
      'http_cdrs',
      'pprof_path',
      'use_basic_auth',
      'auth_users',
      'client_opts',
    ),
  }),
  rals: z.strictObject({
    enabled: z.boolean().default(false),
    rp_subject_prefix_matching: z.boolean().default(false),
    fallback_depth: z.int().min(1).default(3),
    remove_expired: z.boolean().default(true),
    max_computed_usage: usageMap,
    balance_rating_subject: textMap,
    ...accepted('thresholds_conns', 'stats_conns', 'sessions_conns', 'max_increments'),
  }),
  sessions: z.strictObject({
    enabled: z.boolean().default(false),
    chargers_conns: connections(),
    rals_conns: connections(),
    cdrs_conns: connections(),
    default_usage: usageMap,
    session_ttl: duration('0s'),
    session_ttl_last_usage: z.string().optional(),
    alterable_fields: z.array(z.string()).default([]),
    terminate_attempts: z.int().min(1, `<SessionS> 'terminate_attempts' should be at least 1`).default(5),
    ...accepted(
      'listen_bijson',
      'listen_bigob',
      'resources_conns',
      'ips_conns',
      'thresholds_conns',
      'stats_conns',
      'routes_conns',
      'attributes_conns',
      'apiers_conns',
      'scheduler_conns',
      'replication_conns',
      'debit_interval',
      'store_session_costs',
      'session_ttl_max_delay',
      'session_ttl_last_used',
      'session_ttl_usage',
      'session_indexes',
      'client_protocol',
      'channel_sync_interval',
      'channel_sync_timeout',
      'stale_chan_max_extra_usage',
      'min_dur_low_balance',
      'backup_interval',
      'stir',
    ),
  }),
  cdrs: z.strictObject({
    enabled: z.boolean().default(false),
    store_cdrs: z.boolean().default(true),
    online_cdr_exports: z.array(z.string()).default([]),
    ees_conns: connections(),
    ...accepted(
      'extra_fields',
      'compress_stored_cost',
      'session_cost_retries',
      'chargers_conns',
      'rals_conns',
      'attributes_conns',
      'thresholds_conns',
      'stats_conns',
      'scheduler_conns',
    ),
  }),
  chargers: z.strictObject({
    enabled: z.boolean().default(false),
    ...accepted(
      'attributes_conns',
      'indexed_selects',
      'string_indexed_fields',
      'prefix_indexed_fields',
      'suffix_indexed_fields',
      'exists_indexed_fields',
      'notexists_indexed_fields',
      'nested_fields',
    ),
  }),
  apiers: z.strictObject({
    enabled: z.boolean().default(false),
    ...accepted('caches_conns', 'scheduler_conns', 'attributes_conns', 'ees_conns'),
  }),
  schedulers: z.strictObject({
    enabled: z.boolean().default(false),
    ...accepted('cdrs_conns', 'thresholds_conns', 'stats_conns', 'filters', 'dynaprepaid_actionplans'),
  }),
  ees: z.strictObject({
    enabled: z.boolean().default(false),
    exporters: z.array(exporter).default([]),
    ...accepted('attributes_conns', 'cache', 'failed_posts'),
  }),
  diameter_agent: z.strictObject({
    enabled: z.boolean().default(false),
    listeners: z.array(listener).default([{ address: '127.0.0.1:3868', network: 'tcp' }]),
    dictionaries_path: z.string().default(''),
    sessions_conns: connections('*birpc_internal'),
    origin_host: z.string().default('CGR-DA'),
    origin_realm: z.string().default('cgrates.org'),
    vendor_id: z.int().min(0).default(0),
    product_name: z.string().default('CGRateS'),
    cer_timeout: duration('10s'),
    watchdog_interval: duration('0'),
    duplicate_ttl: duration('4m'),
    max_inflight: z.int().min(0).default(0),
    strict: z.boolean().default(false),
    request_processors: z.array(requestProcessor).default([]),
    ...accepted(
      'dictionaries_append_defaults',
      'ce_applications',
      'stats_conns',
      'thresholds_conns',
      'synced_conn_requests',
      'asr_template',
      'rar_template',
      'snr_template',
      'slr_template',
      'str_template',
      'forced_disconnect',
      'conn_status_stat_queue_ids',
      'conn_status_threshold_ids',
      'conn_health_check_interval',
    ),
  }),
  templates: z.record(z.string(), z.array(fieldTemplate)).default({}),
} as const

export type SectionName = keyof typeof SECTIONS
export type FieldTemplateConfig = z.output<typeof fieldTemplate>
export type RequestProcessorConfig = z.output<typeof requestProcessor>
export type ExporterConfig = z.output<typeof exporter>

/** The configuration: every section with its defaults filled in. Keys as in the files. */
export type Config = { readonly [S in SectionName]: z.output<(typeof SECTIONS)[S]> }
