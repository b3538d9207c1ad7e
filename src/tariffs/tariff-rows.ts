import type { Timing } from '../rating/model.ts'
import { csvFiles, readCsvFile } from './csv-rows.ts'
import { fileColumns } from './plan-tables.ts'

/** Files of profiles. Reference 06, 1.5. */
export const PROFILE_FILES = [
  'Resources',
  'IPs',
  'Stats',
  'Trends',
  'Rankings',
  'Thresholds',
  'Routes',
  'Attributes',
  'Chargers',
  'DispatcherProfiles',
  'DispatcherHosts',
] as const

export type ProfileFile = (typeof PROFILE_FILES)[number]

/** Columns of the files that are loaded, and how many of them name the object. Reference 03, 2.2 and 2.3. */
export const TARIFF_FILES = {
  Timings: { columns: ['ID', 'Years', 'Months', 'MonthDays', 'WeekDays', 'Time'], idColumns: 1 },
  Destinations: { columns: ['ID', 'Prefix'], idColumns: 1 },
  Rates: { columns: ['ID', 'ConnectFee', 'Rate', 'RateUnit', 'RateIncrement', 'GroupIntervalStart'], idColumns: 1 },
  DestinationRates: {
    columns: ['ID', 'DestinationsID', 'RatesID', 'RoundingMethod', 'RoundingDecimals', 'MaxCost', 'MaxCostStrategy'],
    idColumns: 1,
  },
  RatingPlans: { columns: ['ID', 'DestinationRatesID', 'TimingID', 'Weight'], idColumns: 1 },
  RatingProfiles: {
    columns: ['Tenant', 'Category', 'Subject', 'ActivationTime', 'RatingPlanID', 'FallbackSubjects'],
    idColumns: 3,
  },
  SharedGroups: { columns: ['ID', 'Account', 'Strategy', 'RatingSubject'], idColumns: 1 },
  Actions: {
    columns: [
      'ID',
      'Action',
      'ExtraParameters',
      'Filters',
      'BalanceID',
      'BalanceType',
      'Categories',
      'DestinationIDs',
      'RatingSubject',
      'SharedGroups',
      'ExpiryTime',
      'TimingIDs',
      'Units',
      'BalanceWeight',
      'BalanceBlocker',
      'BalanceDisabled',
      'Weight',
    ],
    idColumns: 1,
  },
  ActionPlans: { columns: ['ID', 'ActionsID', 'TimingID', 'Weight'], idColumns: 1 },
  AccountActions: {
    columns: ['Tenant', 'Account', 'ActionPlanID', 'ActionTriggersID', 'AllowNegative', 'Disabled'],
    idColumns: 2,
  },
  ActionTriggers: {
    columns: [
      'ID',
      'UniqueID',
      'ThresholdType',
      'ThresholdValue',
      'Recurrent',
      'MinSleep',
      'ExpiryTime',
      'ActivationTime',
      'BalanceID',
      'BalanceType',
      'BalanceCategories',
      'BalanceDestinationIDs',
      'BalanceRatingSubject',
      'BalanceSharedGroups',
      'BalanceExpiryTime',
      'BalanceTimingIDs',
      'BalanceWeight',
      'BalanceBlocker',
      'BalanceDisabled',
      'ActionsID',
      'Weight',
    ],
    idColumns: 1,
  },
  Filters: { columns: ['Tenant', 'ID', 'Type', 'Element', 'Values', 'ActivationInterval'], idColumns: 2 },
  ...profileHeaders(),
} as const

export type TariffFile = keyof typeof TARIFF_FILES

/** One row with where it came from: file and line, or the method that set it. */
export type TariffRow = { values: readonly string[]; place: string; more?: RowExtras }

/** What a row says that its cells cannot: what they stood for when they were loaded, and what only API calls give. */
export type RowExtras = {
  /** Id of an action timing. */
  uuid?: string
  /** The timings that the row names, as they were at load. */
  timings?: readonly Timing[]
  /** Id of the balance that an action is for. */
  balanceUuid?: string
  /** What a rating plan's row comes to, when it names no rates: a destination, and an interval as its text. */
  price?: { destinationId: string; interval: string }
  /** Empty cells of an action are values, not wildcards. Reference 04, 13.2. */
  isWhole?: true
  /** What only API calls say of an action trigger. */
  minQueuedItems?: number
  executed?: boolean
}

/** Rows by file, then by the id of the object they belong to, in file order. */
export type TariffRows = ReadonlyMap<TariffFile, ReadonlyMap<string, readonly TariffRow[]>>

/** What is to be loaded; `ignored` names what this version does not load. */
export type ReadTariff = { rows: TariffRows; ignored: readonly string[] }

const FILES = Object.keys(TARIFF_FILES) as TariffFile[]

/**
 * Reads a tariff-plan folder and its subfolders. Files that are missing are none; `ignored` names the CSV files that this
 * version does not load. Throws TariffError naming file and line. Reference 03, 2.1.
 */
export function readTariffFolder(folder: string): ReadTariff {
  const rows = new Map<TariffFile, Map<string, TariffRow[]>>()
  const ignored: string[] = []
  for (const path of csvFiles(folder)) {
    const name = path.slice(path.lastIndexOf('/') + 1, -'.csv'.length)
    const file = FILES.find((known) => known === name)
    if (file === undefined) {
      ignored.push(path)
      continue
    }
    const objects = rows.get(file) ?? new Map<string, TariffRow[]>()
    rows.set(file, objects)
    for (const row of readRows(path, file)) {
      const id = idOf(file, row.values)
      const held = objects.get(id)
      if (held === undefined) objects.set(id, [row])
      else held.push(row)
    }
  }
  return { rows, ignored }
}

/** Profiles are named by tenant and id. */
function profileHeaders() {
  const headers = PROFILE_FILES.map((file) => [
    file,
    { columns: fileColumns(file).map(({ csv }) => csv), idColumns: 2 },
  ])
  return Object.fromEntries(headers) as Record<
    ProfileFile,
    { readonly columns: readonly string[]; readonly idColumns: 2 }
  >
}

export function idOf(file: TariffFile, values: readonly string[]): string {
  return values.slice(0, TARIFF_FILES[file].idColumns).join(':')
}

/** Objects to set, by file and id; undefined removes one. */
export type TariffChanges = ReadonlyMap<TariffFile, ReadonlyMap<string, readonly TariffRow[] | undefined>>

/** The rows with the changes: an object replaces the one of the same id. Files without changes stay the same object. */
export function mergeTariffRows(held: TariffRows, changes: TariffChanges): TariffRows {
  const merged = new Map(held)
  for (const [file, objects] of changes) {
    const group = new Map(held.get(file))
    for (const [id, rows] of objects) {
      if (rows === undefined) group.delete(id)
      else group.set(id, rows)
    }
    merged.set(file, group)
  }
  return merged
}

function readRows(path: string, file: TariffFile): TariffRow[] {
  return readCsvFile(path, TARIFF_FILES[file].columns).map(({ cells, place }) => ({ values: cells, place }))
}
