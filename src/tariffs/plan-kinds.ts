import type { PlanFile } from './plan-tables.ts'

/** Which row of an object gives a value of all of it: the first, the last with a value, the last; or whether any is true. */
export type Giver = 'first' | 'last' | 'final' | 'any'

/** A value that stands in one column. duration: text in the table, ns in the object. */
export type PlanScalar = {
  readonly field: string
  readonly as: 'text' | 'integer' | 'number' | 'decimal' | 'boolean' | 'duration'
  readonly column: string
  /** 'last' unless it is given. */
  readonly by?: Giver
}

/**
 * How a field of an object lies in the rows of its table:
 * - a scalar: once, in the first row;
 * - list: a `;` list. The values of all rows, each once; append: also those that repeat; spread: one a row, as inline attributes need;
 * - each: one value a row;
 * - interval: `start;end`, of the last row that has one;
 * - objects: one a row. together: rows in which these columns are the same are one; items: one for each value of this list;
 *   present: a row in which all of these are empty has none;
 * - object: one for all, null when `present` is empty;
 * - nothing: is always null.
 */
export type PlanField =
  | PlanScalar
  | {
      readonly field: string
      readonly as: 'list'
      readonly column: string
      readonly append?: true
      readonly spread?: true
    }
  | { readonly field: string; readonly as: 'each'; readonly column: string }
  | { readonly field: string; readonly as: 'interval'; readonly column: string }
  | { readonly field: string; readonly as: 'nothing'; readonly goType: string }
  | {
      readonly field: string
      readonly as: 'objects'
      readonly goType: string
      readonly fields: readonly PlanField[]
      readonly present?: readonly string[]
      readonly together?: readonly string[]
      readonly items?: string
      /** Fields that every element must have. */
      readonly required?: readonly string[]
    }
  | {
      readonly field: string
      readonly as: 'object'
      readonly goType: string
      readonly fields: readonly PlanField[]
      readonly present: string
    }

/** Lists of ids: the method, the type of its argument, the columns that make the ids. */
export type PlanList = { readonly method: string; readonly goType: string; readonly columns: readonly string[] }

/** A kind of object of tariff plans, as API calls see it. */
export type PlanKind = {
  readonly name: string
  readonly goType: string
  readonly file: PlanFile
  /** Fields that name the object beside TPid, by column, in order. */
  readonly keys: readonly { readonly field: string; readonly column: string }[]
  /** Of the argument that names an object. */
  readonly keyType: string
  /** That argument has all parts of the key in one text. refusal: what it is told when it has others. */
  readonly joinedKey?: { readonly field: string; readonly refusal: string }
  /** What SetTP... must be given beside TPid and the key. */
  readonly required: readonly string[]
  readonly fields: readonly PlanField[]
  readonly lists: readonly PlanList[]
  /** The method that answers whole objects of a load. */
  readonly byLoad?: { readonly method: string; readonly required: readonly string[] }
}

const scalar =
  (as: PlanScalar['as']) =>
  (field: string, column: string, by?: Giver): PlanScalar => ({
    field,
    as,
    column,
    ...(by === undefined ? {} : { by }),
  })
const text = scalar('text')
const integer = scalar('integer')
const number = scalar('number')
const decimal = scalar('decimal')
const boolean = scalar('boolean')
const duration = scalar('duration')
const list = (field: string, column: string, how: { append?: true; spread?: true } = {}) =>
  ({ field, as: 'list', column, ...how }) as const
const objects = (
  field: string,
  goType: string,
  fields: readonly PlanField[],
  how: Partial<Extract<PlanField, { as: 'objects' }>> = {},
) => ({ field, as: 'objects', goType, fields, ...how }) as const

/** A kind whose objects are named by a tag. */
function tagged(
  kind: Pick<PlanKind, 'name' | 'goType' | 'file' | 'required' | 'fields'> & {
    readonly idsMethod: string
    readonly idsType?: string
  },
): PlanKind {
  const { idsMethod, idsType = `v1.Attr${idsMethod.replace(/IDs$/, 'Ids')}`, ...rest } = kind
  return {
    ...rest,
    keys: [{ field: 'ID', column: 'tag' }],
    keyType: `v1.AttrGetTP${kind.name}`,
    lists: [{ method: idsMethod, goType: idsType, columns: ['tag'] }],
  }
}

const PROFILE_KEYS = [
  { field: 'Tenant', column: 'tenant' },
  { field: 'ID', column: 'id' },
]

/** A kind of profiles: they are named by tenant and id. */
function profile(
  kind: Pick<PlanKind, 'name' | 'goType' | 'file' | 'fields'> & {
    readonly idsMethod: string
    readonly idsType?: string
    readonly required?: readonly string[]
    readonly isFiltered?: false
  },
): PlanKind {
  const {
    idsMethod,
    idsType = `v1.Attr${idsMethod.replace(/IDs$/, 'Ids')}`,
    required = [],
    isFiltered,
    fields,
    ...rest
  } = kind
  return {
    ...rest,
    required,
    fields: isFiltered === false ? fields : [list('FilterIDs', 'filter_ids'), INTERVAL, ...fields],
    keys: PROFILE_KEYS,
    keyType: 'utils.TPTntID',
    lists: [{ method: idsMethod, goType: idsType, columns: ['tenant', 'id'] }],
  }
}

const INTERVAL = { field: 'ActivationInterval', as: 'interval', column: 'activation_interval' } as const

/** Pools of addresses: files and tables have them, no API call does. Reference 06, 4; 03, 2.3. */
const IPS: PlanKind = {
  name: 'IP',
  goType: 'utils.TPIPProfile',
  file: 'IPs',
  keys: PROFILE_KEYS,
  keyType: 'utils.TPTntID',
  required: [],
  fields: [
    list('FilterIDs', 'filter_ids'),
    INTERVAL,
    text('TTL', 'ttl'),
    boolean('Stored', 'stored', 'any'),
    number('Weight', 'weight'),
    objects(
      'Pools',
      'utils.TPIPPool',
      [
        text('ID', 'pool_id', 'first'),
        list('FilterIDs', 'pool_filter_ids'),
        text('Type', 'pool_type', 'first'),
        text('Range', 'pool_range', 'first'),
        text('Strategy', 'pool_strategy', 'first'),
        text('Message', 'pool_message', 'first'),
        number('Weight', 'pool_weight', 'first'),
        boolean('Blocker', 'pool_blocker', 'first'),
      ],
      { present: ['pool_id'], together: ['pool_id', 'pool_filter_ids'] },
    ),
  ],
  lists: [],
}

/** Reference 01, 9.6; which row gives what: 03, 2.3. */
export const PLAN_KINDS: readonly PlanKind[] = [
  tagged({
    name: 'Timing',
    goType: 'utils.ApierTPTiming',
    file: 'Timings',
    required: ['Years', 'Months', 'MonthDays', 'WeekDays', 'Time'],
    fields: [
      text('Years', 'years', 'final'),
      text('Months', 'months', 'final'),
      text('MonthDays', 'month_days', 'final'),
      text('WeekDays', 'week_days', 'final'),
      text('Time', 'time', 'final'),
    ],
    idsMethod: 'GetTPTimingIds',
  }),
  tagged({
    name: 'Destination',
    goType: 'utils.TPDestination',
    file: 'Destinations',
    required: ['Prefixes'],
    fields: [{ field: 'Prefixes', as: 'each', column: 'prefix' }],
    idsMethod: 'GetTPDestinationIDs',
  }),
  tagged({
    name: 'Rate',
    goType: 'utils.TPRateRALs',
    file: 'Rates',
    required: ['RateSlots'],
    fields: [
      objects('RateSlots', 'utils.RateSlot', [
        decimal('ConnectFee', 'connect_fee'),
        decimal('Rate', 'rate'),
        text('RateUnit', 'rate_unit'),
        text('RateIncrement', 'rate_increment'),
        text('GroupIntervalStart', 'group_interval_start'),
      ]),
    ],
    idsMethod: 'GetTPRateIds',
  }),
  tagged({
    name: 'DestinationRate',
    goType: 'utils.TPDestinationRate',
    file: 'DestinationRates',
    required: ['DestinationRates'],
    fields: [
      objects('DestinationRates', 'utils.DestinationRate', [
        text('DestinationId', 'destinations_tag'),
        text('RateId', 'rates_tag'),
        { field: 'Rate', as: 'nothing', goType: 'utils.TPRateRALs' },
        text('RoundingMethod', 'rounding_method'),
        integer('RoundingDecimals', 'rounding_decimals'),
        decimal('MaxCost', 'max_cost'),
        text('MaxCostStrategy', 'max_cost_strategy'),
      ]),
    ],
    idsMethod: 'GetTPDestinationRateIds',
    idsType: 'v1.AttrGetTPRateIds',
  }),
  tagged({
    name: 'RatingPlan',
    goType: 'utils.TPRatingPlan',
    file: 'RatingPlans',
    required: ['RatingPlanBindings'],
    fields: [
      objects('RatingPlanBindings', 'utils.TPRatingPlanBinding', [
        text('DestinationRatesId', 'destrates_tag'),
        text('TimingId', 'timing_tag'),
        number('Weight', 'weight'),
      ]),
    ],
    idsMethod: 'GetTPRatingPlanIds',
  }),
  {
    name: 'RatingProfile',
    goType: 'utils.TPRatingProfile',
    file: 'RatingProfiles',
    keys: [
      { field: 'LoadId', column: 'loadid' },
      { field: 'Tenant', column: 'tenant' },
      { field: 'Category', column: 'category' },
      { field: 'Subject', column: 'subject' },
    ],
    keyType: 'v1.AttrGetTPRatingProfile',
    joinedKey: { field: 'RatingProfileID', refusal: 'Wrong TPRatingProfileId: ' },
    required: ['RatingPlanActivations'],
    fields: [
      objects('RatingPlanActivations', 'utils.TPRatingActivation', [
        text('ActivationTime', 'activation_time'),
        text('RatingPlanId', 'rating_plan_tag'),
        text('FallbackSubjects', 'fallback_subjects'),
      ]),
    ],
    lists: [
      {
        method: 'GetTPRatingProfileIds',
        goType: 'v1.AttrGetTPRatingProfileIds',
        columns: ['loadid', 'tenant', 'category', 'subject'],
      },
      { method: 'GetTPRatingProfileLoadIds', goType: 'utils.AttrTPRatingProfileIds', columns: ['loadid'] },
    ],
    byLoad: { method: 'GetTPRatingProfilesByLoadID', required: ['Category', 'Subject'] },
  },
  tagged({
    name: 'SharedGroups',
    goType: 'utils.TPSharedGroups',
    file: 'SharedGroups',
    required: ['SharedGroups'],
    fields: [
      objects('SharedGroups', 'utils.TPSharedGroup', [
        text('Account', 'account'),
        text('Strategy', 'strategy'),
        text('RatingSubject', 'rating_subject'),
      ]),
    ],
    idsMethod: 'GetTPSharedGroupIds',
  }),
  tagged({
    name: 'Actions',
    goType: 'utils.TPActions',
    file: 'Actions',
    required: ['Actions'],
    fields: [
      objects('Actions', 'utils.TPAction', [
        text('Identifier', 'action'),
        text('BalanceId', 'balance_tag'),
        // The table has no column for it.
        { field: 'BalanceUuid', as: 'text', column: '' },
        text('BalanceType', 'balance_type'),
        text('Units', 'units'),
        text('ExpiryTime', 'expiry_time'),
        text('Filters', 'filters'),
        text('TimingTags', 'timing_tags'),
        text('DestinationIds', 'destination_tags'),
        text('RatingSubject', 'rating_subject'),
        text('Categories', 'categories'),
        text('SharedGroups', 'shared_groups'),
        text('BalanceWeight', 'balance_weight'),
        text('ExtraParameters', 'extra_parameters'),
        text('BalanceBlocker', 'balance_blocker'),
        text('BalanceDisabled', 'balance_disabled'),
        number('Weight', 'weight'),
      ]),
    ],
    idsMethod: 'GetTPActionIds',
  }),
  tagged({
    name: 'ActionPlan',
    goType: 'utils.TPActionPlan',
    file: 'ActionPlans',
    required: ['ActionPlan'],
    fields: [
      objects(
        'ActionPlan',
        'utils.TPActionTiming',
        [text('ActionsId', 'actions_tag'), text('TimingId', 'timing_tag'), number('Weight', 'weight')],
        { required: ['ActionsId', 'TimingId'] },
      ),
    ],
    idsMethod: 'GetTPActionPlanIds',
  }),
  tagged({
    name: 'ActionTriggers',
    goType: 'utils.TPActionTriggers',
    file: 'ActionTriggers',
    required: [],
    fields: [
      objects('ActionTriggers', 'utils.TPActionTrigger', [
        text('Id', 'tag'),
        text('UniqueID', 'unique_id'),
        text('ThresholdType', 'threshold_type'),
        decimal('ThresholdValue', 'threshold_value'),
        boolean('Recurrent', 'recurrent'),
        text('MinSleep', 'min_sleep'),
        text('ExpirationDate', 'expiry_time'),
        text('ActivationDate', 'activation_time'),
        text('BalanceId', 'balance_tag'),
        text('BalanceType', 'balance_type'),
        text('BalanceDestinationIds', 'balance_destination_tags'),
        text('BalanceWeight', 'balance_weight'),
        text('BalanceExpirationDate', 'balance_expiry_time'),
        text('BalanceTimingTags', 'balance_timing_tags'),
        text('BalanceRatingSubject', 'balance_rating_subject'),
        text('BalanceCategories', 'balance_categories'),
        text('BalanceSharedGroups', 'balance_shared_groups'),
        text('BalanceBlocker', 'balance_blocker'),
        text('BalanceDisabled', 'balance_disabled'),
        text('ActionsId', 'actions_tag'),
        number('Weight', 'weight'),
      ]),
    ],
    idsMethod: 'GetTPActionTriggerIds',
  }),
  {
    name: 'AccountActions',
    goType: 'utils.TPAccountActions',
    file: 'AccountActions',
    keys: [
      { field: 'LoadId', column: 'loadid' },
      { field: 'Tenant', column: 'tenant' },
      { field: 'Account', column: 'account' },
    ],
    keyType: 'v1.AttrGetTPAccountActions',
    joinedKey: { field: 'AccountActionsId', refusal: 'Wrong TP Account Action Id: ' },
    required: ['ActionPlanId'],
    fields: [
      text('ActionPlanId', 'action_plan_tag', 'final'),
      text('ActionTriggersId', 'action_triggers_tag', 'final'),
      boolean('AllowNegative', 'allow_negative', 'final'),
      boolean('Disabled', 'disabled', 'final'),
    ],
    lists: [
      {
        method: 'GetTPAccountActionIds',
        goType: 'v1.AttrGetTPAccountActionIds',
        columns: ['loadid', 'tenant', 'account'],
      },
      { method: 'GetTPAccountActionLoadIds', goType: 'v1.AttrGetTPAccountActionIds', columns: ['loadid'] },
    ],
    byLoad: { method: 'GetTPAccountActionsByLoadId', required: [] },
  },
  profile({
    name: 'FilterProfile',
    goType: 'utils.TPFilterProfile',
    file: 'Filters',
    isFiltered: false,
    fields: [
      objects(
        'Filters',
        'utils.TPFilter',
        [text('Type', 'type'), text('Element', 'element'), list('Values', 'values', { append: true })],
        { present: ['type', 'element', 'values'], together: ['type', 'element'] },
      ),
      INTERVAL,
    ],
    idsMethod: 'GetTPFilterProfileIds',
  }),
  profile({
    name: 'AttributeProfile',
    goType: 'utils.TPAttributeProfile',
    file: 'Attributes',
    fields: [
      list('Contexts', 'contexts'),
      objects(
        'Attributes',
        'utils.TPAttribute',
        [list('FilterIDs', 'attribute_filter_ids'), text('Path', 'path'), text('Type', 'type'), text('Value', 'value')],
        { present: ['path'] },
      ),
      boolean('Blocker', 'blocker', 'first'),
      number('Weight', 'weight'),
    ],
    idsMethod: 'GetTPAttributeProfileIds',
  }),
  profile({
    name: 'Charger',
    goType: 'utils.TPChargerProfile',
    file: 'Chargers',
    fields: [
      text('RunID', 'run_id'),
      list('AttributeIDs', 'attribute_ids', { spread: true }),
      number('Weight', 'weight'),
    ],
    idsMethod: 'GetTPChargerIDs',
  }),
  profile({
    name: 'Resource',
    goType: 'utils.TPResourceProfile',
    file: 'Resources',
    required: ['Limit'],
    fields: [
      text('UsageTTL', 'usage_ttl'),
      text('Limit', 'limit'),
      text('AllocationMessage', 'allocation_message'),
      boolean('Blocker', 'blocker', 'final'),
      boolean('Stored', 'stored', 'final'),
      number('Weight', 'weight'),
      list('ThresholdIDs', 'threshold_ids'),
    ],
    idsMethod: 'GetTPResourceIDs',
  }),
  profile({
    name: 'Stat',
    goType: 'utils.TPStatProfile',
    file: 'Stats',
    fields: [
      integer('QueueLength', 'queue_length'),
      text('TTL', 'ttl'),
      objects(
        'Metrics',
        'utils.MetricWithFilters',
        [list('FilterIDs', 'metric_filter_ids'), text('MetricID', 'metric_ids')],
        { present: ['metric_ids'], items: 'metric_ids' },
      ),
      boolean('Blocker', 'blocker', 'any'),
      boolean('Stored', 'stored', 'any'),
      number('Weight', 'weight'),
      integer('MinItems', 'min_items'),
      list('ThresholdIDs', 'threshold_ids'),
    ],
    idsMethod: 'GetTPStatIDs',
  }),
  profile({
    name: 'Trend',
    goType: 'utils.TPTrendsProfile',
    file: 'Trends',
    isFiltered: false,
    fields: [
      text('Schedule', 'schedule'),
      text('StatID', 'stat_id'),
      list('Metrics', 'metrics'),
      text('TTL', 'ttl'),
      integer('QueueLength', 'queue_length'),
      integer('MinItems', 'min_items'),
      text('CorrelationType', 'correlation_type'),
      number('Tolerance', 'tolerance'),
      boolean('Stored', 'stored', 'any'),
      list('ThresholdIDs', 'threshold_ids'),
    ],
    idsMethod: 'GetTPTrendIDs',
  }),
  profile({
    name: 'Ranking',
    goType: 'utils.TPRankingProfile',
    file: 'Rankings',
    isFiltered: false,
    fields: [
      text('Schedule', 'schedule'),
      list('StatIDs', 'stat_ids'),
      list('MetricIDs', 'metric_ids'),
      text('Sorting', 'sorting'),
      list('SortingParameters', 'sorting_parameters'),
      boolean('Stored', 'stored', 'any'),
      list('ThresholdIDs', 'threshold_ids'),
    ],
    idsMethod: 'GetTPRankingIDs',
  }),
  profile({
    name: 'Threshold',
    goType: 'utils.TPThresholdProfile',
    file: 'Thresholds',
    fields: [
      integer('MaxHits', 'max_hits', 'first'),
      integer('MinHits', 'min_hits', 'first'),
      text('MinSleep', 'min_sleep', 'first'),
      boolean('Blocker', 'blocker', 'first'),
      number('Weight', 'weight'),
      list('ActionIDs', 'action_ids'),
      list('EeIDs', 'ee_ids'),
      boolean('Async', 'async', 'first'),
    ],
    idsMethod: 'GetTPThresholdIDs',
  }),
  profile({
    name: 'RouteProfile',
    goType: 'utils.TPRouteProfile',
    file: 'Routes',
    fields: [
      text('Sorting', 'sorting'),
      list('SortingParameters', 'sorting_parameters'),
      objects(
        'Routes',
        'utils.TPRoute',
        [
          text('ID', 'route_id', 'first'),
          list('FilterIDs', 'route_filter_ids'),
          list('AccountIDs', 'route_account_ids', { append: true }),
          list('RatingPlanIDs', 'route_ratingplan_ids', { append: true }),
          list('ResourceIDs', 'route_resource_ids', { append: true }),
          list('StatIDs', 'route_stat_ids', { append: true }),
          number('Weight', 'route_weight', 'first'),
          boolean('Blocker', 'route_blocker', 'first'),
          text('RouteParameters', 'route_parameters', 'first'),
        ],
        { present: ['route_id'], together: ['route_id', 'route_filter_ids'] },
      ),
      number('Weight', 'weight'),
    ],
    idsMethod: 'GetTPRouteProfileIDs',
    idsType: 'v1.AttrGetTPRouteProfileIDs',
  }),
  profile({
    name: 'DispatcherProfile',
    goType: 'utils.TPDispatcherProfile',
    file: 'DispatcherProfiles',
    isFiltered: false,
    fields: [
      list('Subsystems', 'subsystems'),
      list('FilterIDs', 'filter_ids'),
      INTERVAL,
      text('Strategy', 'strategy'),
      list('StrategyParams', 'strategy_parameters', { append: true }),
      number('Weight', 'weight'),
      objects(
        'Hosts',
        'utils.TPDispatcherHostProfile',
        [
          text('ID', 'conn_id', 'first'),
          list('FilterIDs', 'conn_filter_ids'),
          number('Weight', 'conn_weight', 'first'),
          list('Params', 'conn_parameters', { append: true }),
          boolean('Blocker', 'conn_blocker', 'first'),
        ],
        { present: ['conn_id'], together: ['conn_id'] },
      ),
    ],
    idsMethod: 'GetTPDispatcherProfileIDs',
    idsType: 'v1.AttrGetTPDispatcherIds',
  }),
  profile({
    name: 'DispatcherHost',
    goType: 'utils.TPDispatcherHost',
    file: 'DispatcherHosts',
    isFiltered: false,
    fields: [
      {
        field: 'Conn',
        as: 'object',
        goType: 'utils.TPDispatcherHostConn',
        present: 'address',
        fields: [
          text('Address', 'address', 'final'),
          text('Transport', 'transport', 'final'),
          integer('ConnectAttempts', 'connect_attempts', 'final'),
          integer('Reconnects', 'reconnects', 'final'),
          duration('MaxReconnectInterval', 'max_reconnect_interval', 'final'),
          duration('ConnectTimeout', 'connect_timeout', 'final'),
          duration('ReplyTimeout', 'reply_timeout', 'final'),
          boolean('TLS', 'tls', 'final'),
          text('ClientKey', 'client_key', 'final'),
          text('ClientCertificate', 'client_certificate', 'final'),
          text('CaCertificate', 'ca_certificate', 'final'),
        ],
      },
    ],
    idsMethod: 'GetTPDispatcherHostIDs',
    idsType: 'v1.AttrGetTPDispatcherIds',
  }),
]

const BY_FILE = new Map([...PLAN_KINDS, IPS].map((kind) => [kind.file, kind]))

/** The kind of the objects of a file. */
export function kindOfFile(file: PlanFile): PlanKind {
  const kind = BY_FILE.get(file)
  if (kind === undefined) throw new Error(`${file}: no kind of object`)
  return kind
}
