import { accountKind } from '../accounting/account-record.ts'
import { compileSharedGroups, type SharedGroup } from '../accounting/shared-groups.ts'
import { compileAccounts, compileActions, stampActions, type TariffActions } from '../accounting/tariff-actions.ts'
import type { ZonedTime } from '../core/time.ts'
import { TariffIndex, type TariffOptions } from '../rating/tariff-index.ts'
import type { AccountPlans } from '../rpc/methods/actions.ts'
import { RpcError } from '../rpc/rpc-error.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import { compileProfile, compileTariffSource, destinationPrefixes, objects } from '../tariffs/compile.ts'
import { isWellFormed } from '../tariffs/structure.ts'
import {
  mergeTariffRows,
  PROFILE_FILES,
  type ReadTariff,
  readTariffFolder,
  TARIFF_FILES,
  type TariffChanges,
  type TariffFile,
  type TariffRow,
  type TariffRows,
} from '../tariffs/tariff-rows.ts'
import type { AccountPredicate, ActionRunner } from './action-runner.ts'
import type { GroupMembers } from './group-members.ts'
import type { PlanMembers } from './plan-members.ts'
import { located } from './profile-rows.ts'
import type { ProfileState } from './profile-state.ts'

export type TariffEnvironment = {
  options: TariffOptions
  timeZone: string
  now: () => ZonedTime
  newUuid: () => string
  /** Members of shared groups. */
  members: GroupMembers
  /** Filters and the profiles that name them: they are no rows, and change one by one. */
  profiles: ProfileState
  /** Compiles the filters of an action. Throws TemplateError. */
  compileActionFilters: (filters: readonly string[]) => AccountPredicate
  /** Takes in what other engines have changed; undefined: there are none. Rejects with StoreFailure. */
  refresh: (() => Promise<void>) | undefined
}

/** A folder of CSV files, or what has been read of others. */
export type TariffOrigin = string | ReadTariff

/** Everything a load changes, compiled; replaced as a whole. */
type Compiled = {
  rows: TariffRows
  index: TariffIndex
  actions: TariffActions
  actionFilters: ReadonlyMap<readonly string[], AccountPredicate>
  sharedGroups: ReadonlyMap<string, SharedGroup>
}

/** Rows of one object of a tariff plan, by `file:id`. */
const rowsKind: RecordKind<readonly TariffRow[]> = {
  table: 'profile',
  write: (rows, writer) => writer.json(JSON.stringify(rows)),
  decode: (text) => JSON.parse(text) as TariffRow[],
}

/** When each kind of object was last loaded, ns since the epoch, by the partition that CGRateS keeps it in. */
const loadIdsKind: RecordKind<ReadonlyMap<string, bigint>> = {
  table: 'profile',
  write: (ids, writer) =>
    writer.json(JSON.stringify(Object.fromEntries([...ids].map(([partition, ns]) => [partition, String(ns)])))),
  decode: (text) =>
    new Map(
      Object.entries(JSON.parse(text) as Record<string, string>).map(([partition, ns]) => [partition, BigInt(ns)]),
    ),
}
const LOAD_IDS_KEY = 'load/ids'

/** Partitions of what the files hold. Reference 03, 3.1. */
const PARTITIONS: Partial<Record<TariffFile, readonly string[]>> = {
  Destinations: ['*destinations', '*reverse_destinations'],
  Timings: ['*timings'],
  RatingPlans: ['*rating_plans'],
  RatingProfiles: ['*rating_profiles'],
  SharedGroups: ['*shared_groups'],
  Actions: ['*actions'],
  ActionPlans: ['*action_plans', '*account_action_plans'],
  ActionTriggers: ['*action_triggers'],
  Filters: ['*filters'],
  Chargers: ['*charger_profiles'],
  Attributes: ['*attribute_profiles'],
  Resources: ['*resource_profiles', '*resources'],
  IPs: ['*ip_profiles', '*ip_allocations'],
  Stats: ['*statqueue_profiles', '*statqueues'],
  Thresholds: ['*threshold_profiles', '*thresholds'],
  Trends: ['*trend_profiles'],
  Rankings: ['*ranking_profiles'],
  Routes: ['*route_profiles'],
  DispatcherProfiles: ['*dispatcher_profiles'],
  DispatcherHosts: ['*dispatcher_hosts'],
}

/** Files whose rows rating is compiled from. */
const RATING_FILES = ['Timings', 'Destinations', 'Rates', 'DestinationRates', 'RatingPlans', 'RatingProfiles'] as const

/** Files of profiles: they are stored as such, not as rows. */
const STORED_AS_PROFILES: ReadonlySet<TariffFile> = new Set([
  'Filters',
  ...(Object.keys(PROFILE_FILES) as TariffFile[]),
])

/** The rows among the records of the table `profile`, by key and text. */
export function storedRows(records: Iterable<readonly [key: string, text: string]>): TariffRows {
  const rows = new Map<TariffFile, Map<string, readonly TariffRow[]>>()
  for (const [key, text] of records) {
    const file = key.slice(0, key.indexOf('/')) as TariffFile
    if (!Object.hasOwn(TARIFF_FILES, file)) continue
    const held = rows.get(file) ?? new Map<string, readonly TariffRow[]>()
    rows.set(file, held.set(key.slice(file.length + 1), rowsKind.decode(text, key)))
  }
  return rows
}

/** What records of tariffs that another engine has changed say, by key and text (undefined: removed), and when it has loaded last. */
export function changedRows(records: Iterable<readonly [key: string, text: string | undefined]>): {
  changes: TariffChanges
  loadIds: ReadonlyMap<string, bigint> | undefined
} {
  const changes = new Map<TariffFile, Map<string, readonly TariffRow[] | undefined>>()
  let loadIds: ReadonlyMap<string, bigint> | undefined
  for (const [key, text] of records) {
    const file = key.slice(0, key.indexOf('/')) as TariffFile
    if (key === LOAD_IDS_KEY && text !== undefined) loadIds = loadIdsKind.decode(text, key)
    if (!Object.hasOwn(TARIFF_FILES, file)) continue
    const held = changes.get(file) ?? new Map<string, readonly TariffRow[] | undefined>()
    changes.set(file, held.set(key.slice(file.length + 1), text === undefined ? undefined : rowsKind.decode(text, key)))
  }
  return { changes, loadIds }
}

/** The tariff in force: loads folders, takes changes of single objects, keeps the rows in the store, and compiles them. */
export class TariffState {
  readonly #records: Records
  #environment: TariffEnvironment
  readonly #runner: ActionRunner
  readonly #members: PlanMembers
  #compiled: Compiled
  #loadIds: ReadonlyMap<string, bigint> = new Map()
  /** Ends when the last change that was asked for has ended: they are made one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve()

  private constructor(
    records: Records,
    runner: ActionRunner,
    members: PlanMembers,
    environment: TariffEnvironment,
    rows: TariffRows,
  ) {
    this.#records = records
    this.#runner = runner
    this.#members = members
    this.#environment = environment
    this.#compiled = compile(rows, environment, undefined)
  }

  /** Compiles what the store holds. */
  static async open(
    store: DataStore,
    records: Records,
    runner: ActionRunner,
    members: PlanMembers,
    environment: TariffEnvironment,
  ): Promise<TariffState> {
    const profiles: [string, string][] = []
    let loadIds: ReadonlyMap<string, bigint> = new Map()
    for await (const [key, { value }] of store.scan('profile')) {
      if (key === LOAD_IDS_KEY) loadIds = loadIdsKind.decode(value, key)
      else profiles.push([key, value])
    }
    await members.open(store)
    const state = new TariffState(records, runner, members, environment, storedRows(profiles))
    state.#loadIds = loadIds
    runner.take(state.#compiled)
    return state
  }

  /** Compiles the tariff in force by other options. */
  configure(options: TariffOptions, timeZone: string): Promise<void> {
    return this.inTurn(async () => {
      this.#environment = { ...this.#environment, options, timeZone }
      this.#compiled = compile(this.#compiled.rows, this.#environment, undefined)
      this.#runner.take(this.#compiled)
    })
  }

  /** Every row in force. */
  get rows(): TariffRows {
    return this.#compiled.rows
  }

  get index(): TariffIndex {
    return this.#compiled.index
  }

  get actions(): TariffActions {
    return this.#compiled.actions
  }

  /** Shared groups by id. */
  get sharedGroups(): ReadonlyMap<string, SharedGroup> {
    return this.#compiled.sharedGroups
  }

  /** When each kind of object was last loaded or changed, by partition: only the kinds of the last time. Reference 03, 3.1. */
  get loadIds(): ReadonlyMap<string, bigint> {
    return this.#loadIds
  }

  /** Takes what another engine has loaded last for what was loaded last here. */
  setLoadIds(loadIds: ReadonlyMap<string, bigint>): Promise<void> {
    return this.inTurn(async () => {
      await this.#records.run((unit) => unit.put(loadIdsKind, LOAD_IDS_KEY, loadIds))
      this.#loadIds = loadIds
    })
  }

  /** Objects in force, by file. */
  counts(): Record<string, number> {
    return countsOf(this.#compiled.rows, this.#environment.profiles.counts())
  }

  /**
   * Loads a tariff: all of it or, on an error, nothing. Its accounts and the tasks of its `*asap` actions are part of the same
   * commit; the tasks run before this resolves when there is a scheduler. isValidated: rating plans must be well-formed. Throws
   * TariffError, TemplateError, RpcError `invalid data`.
   * Reference 03, 3.1; 04, 14.
   */
  async load(origin: TariffOrigin, isValidated = false): Promise<{ ignored: readonly string[] }> {
    return this.inTurn(async () => {
      const { all, added, ignored, profiles, compiled, accounts } = this.#read(origin, isValidated)
      const loadedPlans = new Set(added.get('ActionPlans')?.keys())
      await this.#commit(compiled, added, this.#loaded(['Timings', ...all.keys()]), (unit, plans) => {
        profiles.stage(unit)
        this.#runner.stage(unit, plans, compiled.actions, { accounts, plans: loadedPlans })
      })
      profiles.apply()
      await this.#runner.reload()
      return { ignored }
    })
  }

  /** What loading a tariff would tell, and how many objects of each file it has; nothing changes. Throws as `load`. */
  check(origin: TariffOrigin, isValidated = false): { ignored: readonly string[]; counts: Record<string, number> } {
    const { all, ignored } = this.#read(origin, isValidated)
    return { ignored, counts: countsOf(all, {}) }
  }

  /**
   * Removes the objects that a tariff names, its accounts with their balances too: all of them or, when something that stays
   * refers to one of them, nothing. Throws TariffError, TemplateError, FilterRefused. Reference 03, 3.2.
   */
  remove(origin: TariffOrigin): Promise<{ counts: Record<string, number> }> {
    return this.inTurn(async () => {
      const { rows: all } = readOrigin(origin)
      const profiles = this.#environment.profiles.prepareRemoval(all)
      const changes = new Map(
        [...withoutProfiles(all)].map(([file, group]) => [
          file,
          new Map([...group.keys()].map((id) => [id, undefined])),
        ]),
      )
      const compiled = compile(mergeTariffRows(this.#compiled.rows, changes), this.#environment, this.#compiled)
      await this.#commit(compiled, changes, this.#loaded(['Timings', ...all.keys()]), (unit, plans) => {
        profiles.stage(unit)
        for (const accountId of all.get('AccountActions')?.keys() ?? []) {
          plans.put(accountId, [])
          unit.delete(accountKind, accountId)
          this.#environment.members.leave(unit, accountId)
        }
      })
      profiles.apply()
      await this.#runner.reload()
      return { counts: countsOf(all, {}) }
    })
  }

  #read(origin: TariffOrigin, isValidated: boolean) {
    const { rows: all, ignored } = readOrigin(origin)
    const profiles = this.#environment.profiles.prepare(all)
    const read = withoutProfiles(all)
    const { rows } = this.#compiled
    const { now, newUuid } = this.#environment
    const added = stampActions(read, mergeTariffRows(rows, read), now(), newUuid)
    const compiled = compile(mergeTariffRows(rows, added), this.#environment, this.#compiled)
    if (isValidated && !isWellFormed(added.get('RatingPlans')?.keys() ?? [], compiled.rows))
      throw new RpcError('invalid data')
    return {
      all,
      added,
      ignored,
      profiles,
      compiled,
      accounts: compileAccounts(added, compiled.actions.plans, added.get('ActionTriggers')),
    }
  }

  /**
   * Changes single objects, as API calls do. edit: sees every row in force and names the objects to set or to remove; what it
   * throws is thrown, and nothing has changed then, as when the rows cannot be compiled (TariffError). also: joins the commit.
   * Changes and loads are made one after the other; this one is durable and in force when it resolves.
   */
  change(
    edit: (rows: TariffRows) => TariffChanges,
    also: (unit: Unit, plans: AccountPlans) => void = () => undefined,
  ): Promise<void> {
    return this.inTurn(async () => {
      const changes = edit(this.#compiled.rows)
      const rows = mergeTariffRows(this.#compiled.rows, changes)
      const index = changedIndex(this.#compiled, rows, changes, this.#environment)
      const compiled = compile(rows, this.#environment, this.#compiled, index)
      const files = [...changes.keys()].filter((file) => file !== 'Destinations')
      await this.#commit(compiled, changes, this.#loaded(files), also)
    })
  }

  /** Puts what another engine has changed into force: it is in the store. loadIds: when it has loaded last. Throws TariffError. */
  take(changes: TariffChanges, loadIds: ReadonlyMap<string, bigint> | undefined): void {
    if (loadIds !== undefined) this.#loadIds = loadIds
    if (changes.size === 0) return
    const rows = mergeTariffRows(this.#compiled.rows, changes)
    const index = changedIndex(this.#compiled, rows, changes, this.#environment)
    this.#compiled = compile(rows, this.#environment, this.#compiled, index)
    this.#runner.take(this.#compiled)
  }

  /** Runs a change of something else that a load may change too. What other engines have changed before is in force then. */
  inTurn<R>(work: () => Promise<R>): Promise<R> {
    const { refresh } = this.#environment
    const result = this.#lastChange.then(refresh).then(work)
    this.#lastChange = result.catch(() => undefined)
    return result
  }

  /** Load ids after a change of these files: destinations that API calls change leave them as they are. */
  #loaded(files: readonly TariffFile[]): ReadonlyMap<string, bigint> {
    const { ns } = this.#environment.now()
    const partitions = files.flatMap((file) => PARTITIONS[file] ?? []).sort()
    return partitions.length === 0 ? this.#loadIds : new Map(partitions.map((partition) => [partition, ns]))
  }

  async #commit(
    compiled: Compiled,
    changes: TariffChanges,
    loadIds: ReadonlyMap<string, bigint>,
    also: (unit: Unit, plans: AccountPlans) => void,
  ): Promise<void> {
    await this.#members.run(this.#records, (unit, plans) => {
      for (const [file, group] of changes) {
        for (const [id, rows] of group) {
          if (rows === undefined) unit.delete(rowsKind, `${file}/${id}`)
          else unit.put(rowsKind, `${file}/${id}`, rows)
        }
      }
      if (loadIds !== this.#loadIds) unit.put(loadIdsKind, LOAD_IDS_KEY, loadIds)
      also(unit, plans)
    })
    this.#compiled = compiled
    this.#loadIds = loadIds
    this.#runner.take(compiled)
  }
}

function readOrigin(origin: TariffOrigin): ReadTariff {
  return typeof origin === 'string' ? readTariffFolder(origin) : origin
}

/** Profiles have records of their own. */
function withoutProfiles(rows: TariffRows): TariffRows {
  return new Map([...rows].filter(([file]) => !STORED_AS_PROFILES.has(file)))
}

/** Objects by file, in the order in which files are read. */
function countsOf(rows: TariffRows, profiles: Readonly<Record<string, number>>): Record<string, number> {
  const files = Object.keys(TARIFF_FILES) as TariffFile[]
  const counts = files.map((file): [string, number] => [file, profiles[file] ?? rows.get(file)?.size ?? 0])
  return Object.fromEntries(counts.filter(([, count]) => count !== 0))
}

/**
 * The index after changes of nothing but profiles, or of one destination that is set: these come one by one while customers are
 * provisioned. undefined: all must be compiled. Throws TariffError.
 */
function changedIndex(
  { index, rows: before }: Compiled,
  rows: TariffRows,
  changes: TariffChanges,
  { timeZone, now }: TariffEnvironment,
): TariffIndex | undefined {
  const [file, ...others] = RATING_FILES.filter((each) => changes.has(each))
  const group = file && changes.get(file)
  if (group === undefined || others.length > 0) return undefined
  if (file === 'RatingProfiles') {
    const plans = rows.get('RatingPlans') ?? new Map()
    const profiles = [...group].map(([id, changed]) =>
      changed === undefined
        ? { ...compileProfile(before.get(file)?.get(id) ?? [], plans, timeZone, now()), activations: [] }
        : compileProfile(changed, plans, timeZone, now()),
    )
    return index.withProfiles(profiles)
  }
  const [only, ...more] = group
  if (file !== 'Destinations' || only?.[1] === undefined || more.length > 0) return undefined
  const [id, changed] = only
  return index.withDestination(id, destinationPrefixes(changed), destinationPrefixes(before.get(file)?.get(id) ?? []))
}

/** Compiles what is not the same in `held`. changed: the index, when it is known already. */
function compile(
  rows: TariffRows,
  environment: TariffEnvironment,
  held: Compiled | undefined,
  changed?: TariffIndex,
): Compiled {
  const { timeZone, now, options } = environment
  const isHeld = (...files: TariffFile[]) => files.every((file) => held?.rows.get(file) === rows.get(file))
  const compiled = held !== undefined && isHeld(...RATING_FILES) ? held.index : changed
  const index = compiled ?? new TariffIndex(compileTariffSource(rows, timeZone, now()), options)
  const actions =
    held !== undefined && isHeld('Actions', 'ActionPlans', 'ActionTriggers')
      ? { actions: held.actions, actionFilters: held.actionFilters }
      : compileSets(rows, environment)
  const sharedGroups = held !== undefined && isHeld('SharedGroups') ? held.sharedGroups : compileSharedGroups(rows)
  return { rows, index, ...actions, sharedGroups }
}

function compileSets(rows: TariffRows, environment: TariffEnvironment): Pick<Compiled, 'actions' | 'actionFilters'> {
  const actions = compileActions(rows)
  const actionFilters = new Map<readonly string[], AccountPredicate>()
  for (const [id, group] of objects(rows, 'Actions')) {
    for (const [i, { filters }] of (actions.actions.get(id) ?? []).entries()) {
      const row = group[i]
      if (filters.length === 0 || row === undefined) continue
      actionFilters.set(
        filters,
        located(row, 'Actions', () => environment.compileActionFilters(filters)),
      )
    }
  }
  return { actions, actionFilters }
}
