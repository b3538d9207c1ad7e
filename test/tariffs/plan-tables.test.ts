import t from 'tap'
import { PLAN_KINDS, type PlanField } from '../../src/tariffs/plan-kinds.ts'
import { fileColumns, PLAN_FILES, PLAN_TABLES, type PlanFileTable } from '../../src/tariffs/plan-tables.ts'
import { TARIFF_FILES } from '../../src/tariffs/tariff-rows.ts'

/** Reference 10, A9, after `tpid`; pools of IPs are those of the CSV file. */
const TABLES: Readonly<Record<string, string>> = {
  tp_timings: 'tag years months month_days week_days time',
  tp_destinations: 'tag prefix',
  tp_rates: 'tag connect_fee rate rate_unit rate_increment group_interval_start',
  tp_destination_rates: 'tag destinations_tag rates_tag rounding_method rounding_decimals max_cost max_cost_strategy',
  tp_rating_plans: 'tag destrates_tag timing_tag weight',
  tp_rating_profiles: 'loadid tenant category subject activation_time rating_plan_tag fallback_subjects',
  tp_shared_groups: 'tag account strategy rating_subject',
  tp_actions: `tag action extra_parameters filters balance_tag balance_type categories destination_tags rating_subject
    shared_groups expiry_time timing_tags units balance_weight balance_blocker balance_disabled weight`,
  tp_action_plans: 'tag actions_tag timing_tag weight',
  tp_action_triggers: `tag unique_id threshold_type threshold_value recurrent min_sleep expiry_time activation_time
    balance_tag balance_type balance_categories balance_destination_tags balance_rating_subject balance_shared_groups
    balance_expiry_time balance_timing_tags balance_weight balance_blocker balance_disabled actions_tag weight`,
  tp_account_actions: 'loadid tenant account action_plan_tag action_triggers_tag allow_negative disabled',
  tp_filters: 'tenant id type element values activation_interval',
  tp_resources: `tenant id filter_ids activation_interval usage_ttl limit allocation_message blocker stored weight
    threshold_ids`,
  tp_ips: `tenant id filter_ids activation_interval ttl stored weight pool_id pool_filter_ids pool_type pool_range
    pool_strategy pool_message pool_weight pool_blocker`,
  tp_stats: `tenant id filter_ids activation_interval queue_length ttl min_items metric_ids metric_filter_ids stored
    blocker weight threshold_ids`,
  tp_rankings: 'tenant id schedule stat_ids metric_ids sorting sorting_parameters stored threshold_ids',
  tp_trends: `tenant id schedule stat_id metrics ttl queue_length min_items correlation_type tolerance stored
    threshold_ids`,
  tp_thresholds: `tenant id filter_ids activation_interval max_hits min_hits min_sleep blocker weight action_ids async
    ee_ids`,
  tp_routes: `tenant id filter_ids activation_interval sorting sorting_parameters route_id route_filter_ids
    route_account_ids route_ratingplan_ids route_resource_ids route_stat_ids route_weight route_blocker
    route_parameters weight`,
  tp_attributes: `tenant id contexts filter_ids activation_interval attribute_filter_ids path type value blocker weight`,
  tp_chargers: 'tenant id filter_ids activation_interval run_id attribute_ids weight',
  tp_dispatcher_profiles: `tenant id subsystems filter_ids activation_interval strategy strategy_parameters conn_id
    conn_filter_ids conn_weight conn_blocker conn_parameters weight`,
  tp_dispatcher_hosts: `tenant id address transport connect_attempts reconnects max_reconnect_interval connect_timeout
    reply_timeout tls client_key client_certificate ca_certificate`,
}

t.test('10 A9: tables and columns', (t) => {
  const tables = PLAN_FILES.map((file) => {
    const { name, columns }: PlanFileTable = PLAN_TABLES[file]
    return [name, columns.map((column) => column.name)] as const
  })
  t.same(
    Object.fromEntries(tables),
    Object.fromEntries(Object.entries(TABLES).map(([name, columns]) => [name, columns.split(/\s+/)])),
  )
  t.end()
})

t.test('03 2.2, 2.3: the columns of a file that is loaded are those of its table', (t) => {
  for (const [file, { columns, idColumns }] of Object.entries(TARIFF_FILES)) {
    const known = PLAN_FILES.find((each) => each === file)
    if (known === undefined) {
      t.fail(`${file} has no table`)
      continue
    }
    const table: PlanFileTable = PLAN_TABLES[known]
    t.same(
      fileColumns(known).map(({ csv }) => csv),
      columns,
      file,
    )
    const ids = table.columns.slice(0, table.keys).filter(({ csv }) => csv !== undefined)
    t.equal(ids.length, idColumns, `${file}: what names an object`)
  }
  t.end()
})

t.test('every field of a kind has a column, every column of a table a field', (t) => {
  for (const { name, file, keys, fields } of PLAN_KINDS) {
    const { columns }: PlanFileTable = PLAN_TABLES[file]
    const own = new Set([...keys.map(({ column }) => column), ...fields.flatMap(columnsOf)])
    own.delete('')
    t.same([...own].sort(), columns.map((column) => column.name).sort(), name)
  }
  const files = new Set(PLAN_KINDS.map(({ file }) => file))
  t.same(
    PLAN_FILES.filter((file) => !files.has(file)),
    ['IPs'],
    '03 3.3: no calls for IPs',
  )
  t.end()
})

function columnsOf(field: PlanField): string[] {
  if (field.as === 'nothing') return []
  return 'fields' in field ? field.fields.flatMap(columnsOf) : [field.column]
}
