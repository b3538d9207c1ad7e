import type { PlanColumnType, PlanTable } from '../store/plan-store.ts'

/** A column of a CSV file and of the table of the same objects. csv: undefined when the file does not have it. */
export type PlanFileColumn = { readonly csv: string | undefined; readonly name: string; readonly is: PlanColumnType }

/** A CSV file of tariff plans and its table in stor_db. keys: columns that name the object, `loadid` among them. */
export type PlanFileTable = Omit<PlanTable, 'columns'> & { readonly columns: readonly PlanFileColumn[] }

const filtered = ['Tenant', 'ID', 'FilterIDs', 'ActivationInterval'] as const

/**
 * The files of a tariff folder and their tables, in the order in which they are loaded. A column is
 * `<name in the file>[=<name in the table>][:<type>]`; the name in the table is that of the file in snake case unless it is given, and
 * `=name` alone is not in the file. Reference 03, 2.2, 2.3 and 3.1; 10, A9.
 */
export const PLAN_TABLES = {
  Destinations: table('tp_destinations', 1, 'ID=tag', 'Prefix'),
  Timings: table('tp_timings', 1, 'ID=tag', 'Years', 'Months', 'MonthDays', 'WeekDays', 'Time'),
  Rates: table(
    'tp_rates',
    1,
    ...['ID=tag', 'ConnectFee:decimal', 'Rate:decimal', 'RateUnit', 'RateIncrement', 'GroupIntervalStart'],
  ),
  DestinationRates: table(
    'tp_destination_rates',
    1,
    ...['ID=tag', 'DestinationsID=destinations_tag', 'RatesID=rates_tag', 'RoundingMethod', 'RoundingDecimals:integer'],
    ...['MaxCost:decimal', 'MaxCostStrategy'],
  ),
  RatingPlans: table(
    'tp_rating_plans',
    1,
    ...['ID=tag', 'DestinationRatesID=destrates_tag', 'TimingID=timing_tag', 'Weight:decimal'],
  ),
  RatingProfiles: table(
    'tp_rating_profiles',
    4,
    ...[
      '=loadid',
      'Tenant',
      'Category',
      'Subject',
      'ActivationTime',
      'RatingPlanID=rating_plan_tag',
      'FallbackSubjects',
    ],
  ),
  SharedGroups: table('tp_shared_groups', 1, 'ID=tag', 'Account', 'Strategy', 'RatingSubject'),
  Actions: table(
    'tp_actions',
    1,
    ...['ID=tag', 'Action', 'ExtraParameters', 'Filters', 'BalanceID=balance_tag', 'BalanceType', 'Categories'],
    ...['DestinationIDs=destination_tags', 'RatingSubject', 'SharedGroups', 'ExpiryTime', 'TimingIDs=timing_tags'],
    ...['Units', 'BalanceWeight', 'BalanceBlocker', 'BalanceDisabled', 'Weight:decimal'],
  ),
  ActionPlans: table(
    'tp_action_plans',
    1,
    ...['ID=tag', 'ActionsID=actions_tag', 'TimingID=timing_tag', 'Weight:decimal'],
  ),
  ActionTriggers: table(
    'tp_action_triggers',
    1,
    ...['ID=tag', 'UniqueID', 'ThresholdType', 'ThresholdValue:decimal', 'Recurrent:boolean', 'MinSleep', 'ExpiryTime'],
    ...['ActivationTime', 'BalanceID=balance_tag', 'BalanceType', 'BalanceCategories'],
    ...['BalanceDestinationIDs=balance_destination_tags', 'BalanceRatingSubject', 'BalanceSharedGroups'],
    ...['BalanceExpiryTime', 'BalanceTimingIDs=balance_timing_tags', 'BalanceWeight', 'BalanceBlocker'],
    ...['BalanceDisabled', 'ActionsID=actions_tag', 'Weight:decimal'],
  ),
  AccountActions: table(
    'tp_account_actions',
    3,
    ...['=loadid', 'Tenant', 'Account', 'ActionPlanID=action_plan_tag', 'ActionTriggersID=action_triggers_tag'],
    ...['AllowNegative:boolean', 'Disabled:boolean'],
  ),
  Filters: table('tp_filters', 2, 'Tenant', 'ID', 'Type', 'Element', 'Values', 'ActivationInterval'),
  Resources: table(
    'tp_resources',
    2,
    ...[...filtered, 'UsageTTL', 'Limit', 'AllocationMessage', 'Blocker:boolean', 'Stored:boolean', 'Weight:decimal'],
    'ThresholdIDs',
  ),
  IPs: table(
    'tp_ips',
    2,
    ...[...filtered, 'TTL', 'Stored:boolean', 'Weight:decimal', 'PoolID', 'PoolFilterIDs', 'PoolType', 'PoolRange'],
    ...['PoolStrategy', 'PoolMessage', 'PoolWeight:decimal', 'PoolBlocker:boolean'],
  ),
  Stats: table(
    'tp_stats',
    2,
    ...[
      ...filtered,
      'QueueLength:integer',
      'TTL',
      'MinItems:integer',
      'MetricIDs',
      'MetricFilterIDs',
      'Stored:boolean',
    ],
    ...['Blocker:boolean', 'Weight:decimal', 'ThresholdIDs'],
  ),
  Trends: table(
    'tp_trends',
    2,
    ...['Tenant', 'ID', 'Schedule', 'StatID', 'Metrics', 'TTL', 'QueueLength:integer', 'MinItems:integer'],
    ...['CorrelationType', 'Tolerance:decimal', 'Stored:boolean', 'ThresholdIDs'],
  ),
  Rankings: table(
    'tp_rankings',
    2,
    ...['Tenant', 'ID', 'Schedule', 'StatIDs', 'MetricIDs', 'Sorting', 'SortingParameters', 'Stored:boolean'],
    'ThresholdIDs',
  ),
  Thresholds: table(
    'tp_thresholds',
    2,
    ...[...filtered, 'MaxHits:integer', 'MinHits:integer', 'MinSleep', 'Blocker:boolean', 'Weight:decimal'],
    ...['ActionIDs', 'Async:boolean', 'EeIDs'],
  ),
  Routes: table(
    'tp_routes',
    2,
    ...[...filtered, 'Sorting', 'SortingParameters', 'RouteID', 'RouteFilterIDs', 'RouteAccountIDs'],
    ...['RouteRatingPlanIDs=route_ratingplan_ids', 'RouteResourceIDs', 'RouteStatIDs', 'RouteWeight:decimal'],
    ...['RouteBlocker:boolean', 'RouteParameters', 'Weight:decimal'],
  ),
  Attributes: table(
    'tp_attributes',
    2,
    ...['Tenant', 'ID', 'Contexts', 'FilterIDs', 'ActivationInterval', 'AttributeFilterIDs', 'Path', 'Type', 'Value'],
    ...['Blocker:boolean', 'Weight:decimal'],
  ),
  Chargers: table('tp_chargers', 2, ...filtered, 'RunID', 'AttributeIDs', 'Weight:decimal'),
  DispatcherProfiles: table(
    'tp_dispatcher_profiles',
    2,
    ...['Tenant', 'ID', 'Subsystems', 'FilterIDs', 'ActivationInterval', 'Strategy', 'StrategyParameters', 'ConnID'],
    ...['ConnFilterIDs', 'ConnWeight:decimal', 'ConnBlocker:boolean', 'ConnParameters', 'Weight:decimal'],
  ),
  DispatcherHosts: table(
    'tp_dispatcher_hosts',
    2,
    ...['Tenant', 'ID', 'Address', 'Transport', 'ConnectAttempts:integer', 'Reconnects:integer'],
    ...['MaxReconnectInterval', 'ConnectTimeout', 'ReplyTimeout', 'TLS:boolean', 'ClientKey', 'ClientCertificate'],
    'CaCertificate',
  ),
} as const satisfies Record<string, PlanFileTable>

export type PlanFile = keyof typeof PLAN_TABLES
export const PLAN_FILES = Object.keys(PLAN_TABLES) as PlanFile[]

/** The columns that a file has, in order. */
export function fileColumns(file: PlanFile): (PlanFileColumn & { csv: string })[] {
  const { columns }: PlanFileTable = PLAN_TABLES[file]
  return columns.filter((column): column is PlanFileColumn & { csv: string } => column.csv !== undefined)
}

/** Whether the objects of a file belong to an import, which their key begins with. */
export function hasLoadId(file: PlanFile): boolean {
  return PLAN_TABLES[file].columns[0]?.name === 'loadid'
}

function table(name: string, keys: number, ...columns: readonly string[]): PlanFileTable {
  return { name, keys, columns: columns.map(columnOf) }
}

function columnOf(text: string): PlanFileColumn {
  const [names = '', is = 'text'] = text.split(':')
  const [csv = '', name] = names.split('=')
  return { csv: csv || undefined, name: name ?? snakeCase(csv), is: is as PlanColumnType }
}

function snakeCase(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
}
