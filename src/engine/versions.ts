import type { DatabaseName } from '../rpc/methods/databases.ts'
import type { RecordKind, Records } from '../store/unit-of-work.ts'

type ItemVersions = Readonly<Record<string, number>>

/** Versions of tariff plans, CDRs and costs. */
export const STOR_DB_VERSIONS: ItemVersions = {
  CostDetails: 2,
  SessionSCosts: 3,
  CDRs: 2,
  ...ofOne(
    ...['RatingPlans', 'Filters', 'DestinationRates', 'ActionTriggers', 'AccountActions', 'ActionPlans', 'Actions'],
    ...['Thresholds', 'Routes', 'Stats', 'SharedGroups', 'RatingProfiles', 'Resources', 'IPs', 'Rates', 'Timing'],
    ...['Resource', 'IP', 'Destinations', 'RatingPlan', 'RatingProfile', 'Chargers', 'Dispatchers'],
  ),
}

/** Versions of what is kept, by the names of CGRateS. Reference 10, A10. */
const CURRENT: Readonly<Record<DatabaseName, ItemVersions>> = {
  DataDB: {
    Stats: 4,
    Accounts: 3,
    Actions: 2,
    ActionTriggers: 2,
    ActionPlans: 3,
    SharedGroups: 2,
    Thresholds: 4,
    Routes: 2,
    Attributes: 6,
    Timing: 1,
    RQF: 5,
    Resource: 1,
    IP: 1,
    Subscribers: 1,
    Destinations: 1,
    ReverseDestinations: 1,
    RatingPlan: 1,
    RatingProfile: 1,
    Chargers: 2,
    Dispatchers: 2,
    LoadIDs: 1,
  },
  StorDB: STOR_DB_VERSIONS,
}

/** Tariff plans, all of version 1. */
function ofOne(...names: string[]): ItemVersions {
  return Object.fromEntries(names.map((name) => [`Tp${name}`, 1]))
}

const versionsKind: RecordKind<ItemVersions> = {
  table: 'meta',
  write: (versions, writer) => void writer.json(JSON.stringify(versions)),
  decode: (text) => JSON.parse(text) as ItemVersions,
}

/** A server that keeps versions itself. */
type ServerVersions = {
  read(): Promise<ItemVersions>
  write(versions: ItemVersions, isReplacing: boolean): Promise<void>
}

/** The versions that clients have set, else those of this engine. A change is durable when it resolves. Reference 10, A10. */
export class Versions {
  readonly #records: Records
  readonly #isOneStore: boolean
  readonly #storDb: ServerVersions | undefined

  /** isOneStore: each database tells the items of both, as those in memory of the reference do. storDb: a server that keeps its own. */
  constructor(records: Records, { isOneStore, storDb }: { isOneStore: boolean; storDb?: ServerVersions | undefined }) {
    this.#records = records
    this.#isOneStore = isOneStore
    this.#storDb = storDb
  }

  /** Versions of a database, by name in order. */
  async of(name: DatabaseName): Promise<ItemVersions> {
    if (name === 'StorDB' && this.#storDb !== undefined) return sorted(await this.#storDb.read())
    const held = await this.#records.run((unit) => unit.get(versionsKind, keyOf(name)))
    return sorted(held ?? this.#initial(name))
  }

  /** Sets versions beside the others or, when it replaces, instead of them; none means those of this engine. */
  async set(name: DatabaseName, versions: ItemVersions, isReplacing: boolean): Promise<void> {
    const given = Object.keys(versions).length === 0 ? CURRENT[name] : versions
    if (name === 'StorDB' && this.#storDb !== undefined) return this.#storDb.write(given, isReplacing)
    await this.#records.run((unit) => {
      const held = unit.get(versionsKind, keyOf(name)) ?? this.#initial(name)
      unit.put(versionsKind, keyOf(name), isReplacing ? given : { ...held, ...given })
    })
  }

  #initial(name: DatabaseName): ItemVersions {
    return this.#isOneStore ? { ...CURRENT.DataDB, ...CURRENT.StorDB } : CURRENT[name]
  }
}

function keyOf(name: DatabaseName): string {
  return `versions/${name}`
}

function sorted(versions: ItemVersions): ItemVersions {
  return Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)))
}
