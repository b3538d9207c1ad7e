/** How cells are read. interval: `start;end`; values: a list; idsOfInline: a list in which neighbours that begin with `*` are one. */
export type CellKind = 'text' | 'integer' | 'number' | 'boolean' | 'interval' | 'values' | 'idsOfInline'

/**
 * Which rows of an object count. last: the last cell that is not empty (not 0); first: that of the first row; end: that of the last
 * row; any: true when one is; union: the values of all, each once; all: those of all, in order.
 */
export type CellMerge = 'last' | 'first' | 'end' | 'any' | 'union' | 'all'

/** One column: its name in the header, the field of the object that it fills, and how. */
export type ProfileColumn = {
  readonly column: string
  readonly field: string
  readonly kind: CellKind
  readonly merge: CellMerge
  /** It fills the elements of the file, not the object. */
  readonly isOfElement?: true
  /** A list without values is null, not empty. */
  readonly isNullable?: true
}

/** The list that rows of one object add elements to. */
export type ProfileElements = {
  readonly field: string
  /** A row whose cell of this column is empty has no element. */
  readonly named: string
  /** That cell may name several elements. */
  readonly isList?: true
  /** Columns that rows of one element have in common; undefined: every row has its own. */
  readonly key?: readonly string[]
}

export type ProfileFile = {
  readonly columns: readonly ProfileColumn[]
  readonly elements?: ProfileElements
  /** Rows whose cell of this column is empty are skipped. */
  readonly required?: string
}

type Options = Partial<Pick<ProfileColumn, 'isOfElement' | 'isNullable'>>

function column(kind: CellKind, merge: CellMerge) {
  return (field: string, name = field, options: Options = {}): ProfileColumn => ({
    column: name,
    field,
    kind,
    merge,
    ...options,
  })
}

const text = column('text', 'last')
const firstText = column('text', 'first')
const endText = column('text', 'end')
const integer = column('integer', 'last')
const firstInteger = column('integer', 'first')
const endInteger = column('integer', 'end')
const weight = column('number', 'last')
const firstWeight = column('number', 'first')
const firstFlag = column('boolean', 'first')
const endFlag = column('boolean', 'end')
const anyFlag = column('boolean', 'any')
const set = column('values', 'union')
const list = column('values', 'all')
const inlines = column('idsOfInline', 'all')
const interval = column('interval', 'last')

const OWN: Options = { isOfElement: true }
const NULLABLE: Options = { isOfElement: true, isNullable: true }

const NAMED = [text('Tenant'), text('ID')]
const MATCHED = [...NAMED, set('FilterIDs'), interval('ActivationInterval')]

/**
 * Files of profiles: their columns in order, and what rows of one object become. Durations, times and the Limit of a resource stay
 * texts, as in tariff plan tables. Reference 06, 1.5; 03, 2.3.
 */
export const PROFILE_FILES = {
  Resources: {
    columns: [
      ...MATCHED,
      text('UsageTTL'),
      text('Limit'),
      text('AllocationMessage'),
      endFlag('Blocker'),
      endFlag('Stored'),
      weight('Weight'),
      set('ThresholdIDs'),
    ],
  },
  IPs: {
    columns: [
      ...MATCHED,
      text('TTL'),
      anyFlag('Stored'),
      weight('Weight'),
      firstText('ID', 'PoolID', OWN),
      set('FilterIDs', 'PoolFilterIDs', NULLABLE),
      firstText('Type', 'PoolType', OWN),
      firstText('Range', 'PoolRange', OWN),
      firstText('Strategy', 'PoolStrategy', OWN),
      firstText('Message', 'PoolMessage', OWN),
      firstWeight('Weight', 'PoolWeight', OWN),
      firstFlag('Blocker', 'PoolBlocker', OWN),
    ],
    elements: { field: 'Pools', named: 'PoolID', key: ['PoolID', 'PoolFilterIDs'] },
  },
  Stats: {
    columns: [
      ...MATCHED,
      integer('QueueLength'),
      text('TTL'),
      integer('MinItems'),
      firstText('MetricID', 'MetricIDs', OWN),
      set('FilterIDs', 'MetricFilterIDs', NULLABLE),
      anyFlag('Stored'),
      anyFlag('Blocker'),
      weight('Weight'),
      set('ThresholdIDs'),
    ],
    elements: { field: 'Metrics', named: 'MetricIDs', isList: true },
  },
  Trends: {
    columns: [
      ...NAMED,
      text('Schedule'),
      text('StatID'),
      set('Metrics'),
      text('TTL'),
      integer('QueueLength'),
      integer('MinItems'),
      text('CorrelationType'),
      weight('Tolerance'),
      anyFlag('Stored'),
      set('ThresholdIDs'),
    ],
  },
  Rankings: {
    columns: [
      ...NAMED,
      text('Schedule'),
      set('StatIDs'),
      set('MetricIDs'),
      text('Sorting'),
      set('SortingParameters'),
      anyFlag('Stored'),
      set('ThresholdIDs'),
    ],
  },
  Thresholds: {
    columns: [
      ...MATCHED,
      firstInteger('MaxHits'),
      firstInteger('MinHits'),
      firstText('MinSleep'),
      firstFlag('Blocker'),
      weight('Weight'),
      set('ActionIDs'),
      firstFlag('Async'),
      set('EeIDs', 'EeIDs', { isNullable: true }),
    ],
  },
  Routes: {
    columns: [
      ...MATCHED,
      text('Sorting'),
      set('SortingParameters'),
      firstText('ID', 'RouteID', OWN),
      set('FilterIDs', 'RouteFilterIDs', NULLABLE),
      list('AccountIDs', 'RouteAccountIDs', NULLABLE),
      list('RatingPlanIDs', 'RouteRatingPlanIDs', NULLABLE),
      list('ResourceIDs', 'RouteResourceIDs', NULLABLE),
      list('StatIDs', 'RouteStatIDs', NULLABLE),
      firstWeight('Weight', 'RouteWeight', OWN),
      firstFlag('Blocker', 'RouteBlocker', OWN),
      firstText('RouteParameters', 'RouteParameters', OWN),
      weight('Weight'),
    ],
    elements: { field: 'Routes', named: 'RouteID', key: ['RouteID', 'RouteFilterIDs'] },
  },
  Attributes: {
    columns: [
      ...NAMED,
      set('Contexts'),
      set('FilterIDs'),
      interval('ActivationInterval'),
      set('FilterIDs', 'AttributeFilterIDs', OWN),
      firstText('Path', 'Path', OWN),
      firstText('Type', 'Type', OWN),
      firstText('Value', 'Value', OWN),
      firstFlag('Blocker'),
      weight('Weight'),
    ],
    elements: { field: 'Attributes', named: 'Path' },
  },
  Chargers: {
    columns: [...MATCHED, text('RunID'), inlines('AttributeIDs'), weight('Weight')],
  },
  DispatcherProfiles: {
    columns: [
      ...NAMED,
      set('Subsystems'),
      set('FilterIDs'),
      interval('ActivationInterval'),
      text('Strategy'),
      list('StrategyParams', 'StrategyParameters'),
      firstText('ID', 'ConnID', OWN),
      set('FilterIDs', 'ConnFilterIDs', OWN),
      firstWeight('Weight', 'ConnWeight', OWN),
      firstFlag('Blocker', 'ConnBlocker', OWN),
      list('Params', 'ConnParameters', OWN),
      weight('Weight'),
    ],
    elements: { field: 'Hosts', named: 'ConnID', key: ['ConnID'] },
  },
  DispatcherHosts: {
    columns: [
      ...NAMED,
      endText('Address'),
      endText('Transport'),
      endInteger('ConnectAttempts'),
      endInteger('Reconnects'),
      endText('MaxReconnectInterval'),
      endText('ConnectTimeout'),
      endText('ReplyTimeout'),
      endFlag('TLS'),
      endText('ClientKey'),
      endText('ClientCertificate'),
      endText('CaCertificate'),
    ],
    required: 'Address',
  },
} as const satisfies Record<string, ProfileFile>

export type ProfileFileName = keyof typeof PROFILE_FILES
