/**
 * The tables of stor_db as the setup scripts of CGRateS make them, written from reference 10, A9: name, number, columns, unique
 * columns. Types: vN, i, b, d(p,s), ts, `?` for null; `mysql` and `postgres` before a column: there alone.
 */
const FA = 'filter_ids v64, activation_interval v64'
const TABLES: readonly (readonly [name: string, number: string, columns: string, unique: string])[] = [
  [
    'cdrs',
    'id',
    `cgrid v40, run_id v64, origin_host v64, source v64, origin_id v128, tor v16, request_type v24, tenant v64, category v64,
     account v128, subject v128, destination v128, setup_time time, answer_time time?, usage bigint, extra_fields json,
     cost_source v64, mysql cost d(20,4), postgres cost d(20,4)?, cost_details bigjson?, extra_info text?, created_at ts?,
     updated_at ts?, deleted_at ts?`,
    'cgrid, run_id',
  ],
  [
    'session_costs',
    'id',
    `cgrid v40, run_id v64, origin_host v64, origin_id v128, cost_source v64, usage bigint, cost_details bigjson?,
     created_at ts?, deleted_at ts?`,
    'cgrid, run_id',
  ],
  ['versions', 'id', 'item v64, version i', 'id, item'],
  [
    'tp_timings',
    'id',
    'tpid v64, tag v64, years v255, months v255, month_days v255, week_days v255, time v32',
    'tpid, tag',
  ],
  ['tp_destinations', 'id', 'tpid v64, tag v64, prefix v24', 'tpid, tag, prefix'],
  [
    'tp_rates',
    'id',
    'tpid v64, tag v64, connect_fee d(7,4), rate d(10,4), rate_unit v16, rate_increment v16, group_interval_start v16',
    'tpid, tag, group_interval_start',
  ],
  [
    'tp_destination_rates',
    'id',
    `tpid v64, tag v64, destinations_tag v64, rates_tag v64, rounding_method v255, rounding_decimals i, max_cost d(7,4),
     max_cost_strategy v16`,
    'tpid, tag, destinations_tag',
  ],
  [
    'tp_rating_plans',
    'id',
    'tpid v64, tag v64, destrates_tag v64, timing_tag v64, weight d(8,2)',
    'tpid, tag, destrates_tag, timing_tag',
  ],
  [
    'tp_rating_profiles',
    'id',
    `tpid v64, loadid v64, tenant v64, category v32, subject v64, activation_time v26, rating_plan_tag v64,
     fallback_subjects v64?`,
    'tpid, loadid, tenant, category, subject, activation_time',
  ],
  [
    'tp_shared_groups',
    'id',
    'tpid v64, tag v64, account v64, strategy v24, rating_subject v24',
    'tpid, tag, account, strategy, rating_subject',
  ],
  [
    'tp_actions',
    'id',
    `tpid v64, tag v64, action v24, extra_parameters v256, filters v256, balance_tag v64, balance_type v24, categories v32,
     destination_tags v64, rating_subject v64, shared_groups v64, expiry_time v26, timing_tags v128, units v256,
     balance_weight v10, balance_blocker v5, balance_disabled v24, weight d(8,2)`,
    'tpid, tag, action, balance_tag',
  ],
  [
    'tp_action_plans',
    'id',
    'tpid v64, tag v64, actions_tag v64, timing_tag v64, weight d(8,2)',
    'tpid, tag, actions_tag, timing_tag',
  ],
  [
    'tp_action_triggers',
    'id',
    `tpid v64, tag v64, unique_id v64, threshold_type v64, threshold_value d(20,4), recurrent b, min_sleep v16, expiry_time v26,
     activation_time v26, balance_tag v64, balance_type v24, balance_categories v32, balance_destination_tags v64,
     balance_rating_subject v64, balance_shared_groups v64, balance_expiry_time v26, balance_timing_tags v128,
     balance_weight v10, balance_blocker v5, balance_disabled v5, actions_tag v64, weight d(8,2)`,
    'tpid, tag, unique_id',
  ],
  [
    'tp_account_actions',
    'id',
    'tpid v64, loadid v64, tenant v64, account v64, action_plan_tag v64?, action_triggers_tag v64?, allow_negative b, disabled b',
    'tpid, loadid, tenant, account',
  ],
  [
    'tp_resources',
    'pk',
    `tpid v64, tenant v64, id v64, ${FA}, usage_ttl v32, limit v64, allocation_message v64, blocker b, stored b, weight d(8,2),
     threshold_ids v64`,
    '',
  ],
  [
    'tp_ips',
    'pk',
    `tpid v64, tenant v64, id v64, ${FA}, ttl v32, type v64, address_pool v64, allocation v64, stored b, weight d(8,2)`,
    '',
  ],
  [
    'tp_stats',
    'pk',
    `tpid v64, tenant v64, id v64, ${FA}, queue_length i, ttl v32, min_items i, metric_ids v128, metric_filter_ids v128,
     stored b, blocker b, weight d(8,2), threshold_ids v64`,
    '',
  ],
  [
    'tp_rankings',
    'pk',
    `tpid v64, tenant v64, id v64, schedule v32, stat_ids v64, metric_ids v64, sorting v32, sorting_parameters v64, stored b,
     threshold_ids v64`,
    '',
  ],
  [
    'tp_trends',
    'pk',
    `tpid v64, tenant v64, id v64, schedule v64, stat_id v64, metrics v128, ttl v32, queue_length i, min_items i,
     correlation_type v64, tolerance d(8,2), stored b, threshold_ids v64`,
    '',
  ],
  [
    'tp_thresholds',
    'pk',
    `tpid v64, tenant v64, id v64, ${FA}, max_hits i, min_hits i, min_sleep v16, blocker b, weight d(8,2), action_ids v64,
     async b, ee_ids v64`,
    '',
  ],
  ['tp_filters', 'pk', 'tpid v64, tenant v64, id v64, type v16, element v64, values v256, activation_interval v64', ''],
  [
    'tp_routes',
    'pk',
    `tpid v64, tenant v64, id v64, ${FA}, sorting v32, sorting_parameters v64, route_id v32, route_filter_ids v64,
     route_account_ids v64, route_ratingplan_ids v64, mysql route_rate_profile_ids v64, route_resource_ids v64,
     route_stat_ids v64, route_weight d(8,2), route_blocker b, route_parameters v64, weight d(8,2)`,
    '',
  ],
  [
    'tp_attributes',
    'pk',
    `tpid v64, tenant v64, id v64, contexts v64, ${FA}, attribute_filter_ids v64, path v64, type v64, value v64, blocker b,
     weight d(8,2)`,
    '',
  ],
  ['tp_chargers', 'pk', `tpid v64, tenant v64, id v64, ${FA}, run_id v64, attribute_ids v64, weight d(8,2)`, ''],
  [
    'tp_dispatcher_profiles',
    'pk',
    `tpid v64, tenant v64, id v64, subsystems v64, ${FA}, strategy v64, strategy_parameters v64, conn_id v64,
     conn_filter_ids v64, conn_weight d(8,2), conn_blocker b, conn_parameters v64, weight d(8,2)`,
    '',
  ],
  [
    'tp_dispatcher_hosts',
    'pk',
    `tpid v64, tenant v64, id v64, address v64, transport v64, connect_attempts i, reconnects i, max_reconnect_interval v64,
     connect_timeout v64, reply_timeout v64, tls b, client_key v64, client_certificate v64, ca_certificate v64`,
    '',
  ],
]

type Server = '*postgres' | '*mysql'

const TYPES: Readonly<Record<Server, Readonly<Record<string, string>>>> = {
  '*postgres': {
    number: 'SERIAL PRIMARY KEY',
    i: 'INTEGER',
    b: 'BOOLEAN',
    ts: 'TIMESTAMP WITH TIME ZONE',
    time: 'TIMESTAMP WITH TIME ZONE',
    json: 'jsonb',
    bigjson: 'jsonb',
  },
  '*mysql': {
    number: 'INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY',
    i: 'INT(11)',
    b: 'BOOLEAN',
    ts: 'TIMESTAMP NULL',
    time: 'DATETIME',
    json: 'TEXT',
    bigjson: 'MEDIUMTEXT',
  },
}

/** Columns of a table but its number, in order. */
export function cgratesColumns(table: string, server: Server): string[] {
  const [, , columns = ''] = TABLES.find(([name]) => name === table) ?? []
  return columnsOf(columns, server).map(({ name }) => name)
}

/** Statements that make the tables of CGRateS. */
export function cgratesScript(server: Server): string {
  const quote = server === '*mysql' ? '`' : '"'
  const options = server === '*mysql' ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8' : ''
  return TABLES.map(([table, number, columns, unique]) => {
    const stamped = table.startsWith('tp_') ? `${columns}, created_at ts?` : columns
    const lines = [
      `${quote}${number}${quote} ${TYPES[server]['number']}`,
      ...columnsOf(stamped, server).map(({ name, type }) => `${quote}${name}${quote} ${sqlType(type, server)}`),
      ...(unique === '' ? [] : [`UNIQUE (${unique})`]),
    ]
    return `CREATE TABLE ${table} (${lines.join(', ')})${options};`
  }).join('\n')
}

function columnsOf(text: string, server: Server): { name: string; type: string }[] {
  // Commas inside brackets belong to a type.
  return text.split(/,\s*(?![^(]*\))/).flatMap((column) => {
    const words = column.trim().split(/\s+/)
    const [only = '', name = '', type = ''] = words.length === 3 ? words : ['', ...words]
    return only === '' || `*${only}` === server ? [{ name, type }] : []
  })
}

function sqlType(type: string, server: Server): string {
  const isNull = type.endsWith('?')
  const bare = isNull ? type.slice(0, -1) : type
  const known = TYPES[server][bare] ?? bare.replace(/^v(\d+)$/, 'VARCHAR($1)').replace(/^d\(/, 'DECIMAL(')
  return isNull ? known : `${known} NOT NULL`
}
