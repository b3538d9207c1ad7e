import { compileAccounts, compileActions, stampActions, type TariffActions } from '../accounting/tariff-actions.ts'
import { TollgateError } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { parseTime } from '../core/time.ts'
import { TariffIndex, type TariffOptions } from '../rating/tariff-index.ts'
import { type Charger, Chargers } from '../services/chargers.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import { compileTariffSource, objects } from '../tariffs/compile.ts'
import {
  idOf,
  mergeTariffRows,
  readTariffFolder,
  TARIFF_FILES,
  type TariffChanges,
  TariffError,
  type TariffFile,
  type TariffRow,
  type TariffRows,
} from '../tariffs/tariff-rows.ts'
import type { AccountPredicate, ActionRunner } from './action-runner.ts'
import type { AccountPlans, PlanMembers } from './plan-members.ts'

export type TariffEnvironment = {
  options: TariffOptions
  timeZone: string
  now: () => ZonedTime
  newUuid: () => string
  /** Compiles the filters of a charger. Throws TemplateError. */
  compileCharger: (filters: readonly string[]) => (event: ChargingEvent) => boolean
  /** Compiles the filters of an action. Throws TemplateError. */
  compileActionFilters: (filters: readonly string[]) => AccountPredicate
}

/** Everything a load changes, compiled; replaced as a whole. */
type Compiled = {
  rows: TariffRows
  index: TariffIndex
  chargers: Chargers
  actions: TariffActions
  actionFilters: ReadonlyMap<readonly string[], AccountPredicate>
}

/** Rows of one object of a tariff plan, by `file:id`. */
const rowsKind: RecordKind<readonly TariffRow[]> = {
  table: 'profile',
  encode: (rows) => JSON.stringify(rows),
  decode: (text) => JSON.parse(text) as TariffRow[],
}

/** Files whose rows rating is compiled from. */
const RATING_FILES = ['Timings', 'Destinations', 'Rates', 'DestinationRates', 'RatingPlans', 'RatingProfiles'] as const

/** The tariff in force: loads folders, takes changes of single objects, keeps the rows in the store, and compiles them. */
export class TariffState {
  readonly #records: Records
  readonly #environment: TariffEnvironment
  readonly #runner: ActionRunner
  readonly #members: PlanMembers
  #compiled: Compiled
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
    const rows = new Map<TariffFile, Map<string, readonly TariffRow[]>>()
    for await (const [key, { value }] of store.scan('profile')) {
      const group = rowsKind.decode(value, key)
      const file = key.slice(0, key.indexOf('/')) as TariffFile
      const held = rows.get(file) ?? new Map<string, readonly TariffRow[]>()
      rows.set(file, held.set(key.slice(file.length + 1), group))
    }
    await members.open(store)
    const state = new TariffState(records, runner, members, environment, rows)
    runner.take(state.#compiled)
    return state
  }

  /** Every row in force. */
  get rows(): TariffRows {
    return this.#compiled.rows
  }

  get index(): TariffIndex {
    return this.#compiled.index
  }

  get chargers(): Chargers {
    return this.#compiled.chargers
  }

  get actions(): TariffActions {
    return this.#compiled.actions
  }

  /** Objects in force, by file. */
  counts(): Record<string, number> {
    return Object.fromEntries(
      [...this.#compiled.rows].map(([file, group]) => [file, group.size]).filter(([, count]) => count !== 0),
    )
  }

  /**
   * Loads a folder: all of it or, on an error, nothing. Its accounts and the tasks of its `*asap` actions are part of the same
   * commit; the tasks run before this resolves when there is a scheduler. Throws TariffError, TemplateError.
   * Reference 03, 3.1; 04, 14.
   */
  async load(folder: string): Promise<{ ignored: string[]; warnings: readonly string[] }> {
    return this.#inTurn(async () => {
      const { rows: read, ignored } = readTariffFolder(folder)
      const { rows } = this.#compiled
      const { now, newUuid } = this.#environment
      const added = stampActions(read, mergeTariffRows(rows, read), now(), newUuid)
      const compiled = compile(mergeTariffRows(rows, added), this.#environment, this.#compiled)
      const { accounts, warnings } = compileAccounts(added, compiled.actions.plans)
      const loadedPlans = new Set(added.get('ActionPlans')?.keys())
      await this.#commit(compiled, added, (unit, plans) =>
        this.#runner.stage(unit, plans, compiled.actions, { accounts, plans: loadedPlans }),
      )
      await this.#runner.reload()
      return { ignored, warnings }
    })
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
    return this.#inTurn(async () => {
      const changes = edit(this.#compiled.rows)
      const compiled = compile(mergeTariffRows(this.#compiled.rows, changes), this.#environment, this.#compiled)
      await this.#commit(compiled, changes, also)
    })
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#lastChange.then(work)
    this.#lastChange = result.catch(() => undefined)
    return result
  }

  async #commit(
    compiled: Compiled,
    changes: TariffChanges,
    also: (unit: Unit, plans: AccountPlans) => void,
  ): Promise<void> {
    await this.#members.run(this.#records, (unit, plans) => {
      for (const [file, group] of changes) {
        for (const [id, rows] of group) {
          if (rows === undefined) unit.delete(rowsKind, `${file}/${id}`)
          else unit.put(rowsKind, `${file}/${id}`, rows)
        }
      }
      also(unit, plans)
    })
    this.#compiled = compiled
    this.#runner.take(compiled)
  }
}

/** Compiles what is not the same in `held`. */
function compile(rows: TariffRows, environment: TariffEnvironment, held: Compiled | undefined): Compiled {
  const { timeZone, now, options } = environment
  const isHeld = (...files: TariffFile[]) => files.every((file) => held?.rows.get(file) === rows.get(file))
  const index =
    held !== undefined && isHeld(...RATING_FILES)
      ? held.index
      : new TariffIndex(compileTariffSource(rows, timeZone, now()), options)
  const actions =
    held !== undefined && isHeld('Actions', 'ActionPlans')
      ? { actions: held.actions, actionFilters: held.actionFilters }
      : compileSets(rows, environment)
  const chargers =
    held !== undefined && isHeld('Chargers')
      ? held.chargers
      : new Chargers([...objects(rows, 'Chargers')].map(([, group]) => compileCharger(group, environment)))
  return { rows, index, chargers, ...actions }
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

function located<R>(row: TariffRow, file: TariffFile, read: () => R): R {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof TollgateError)
      throw new TariffError(`${row.place}: ${file} ${idOf(file, row.values)}: ${cause.message}`)
    throw cause
  }
}

function compileCharger(
  group: readonly TariffRow[],
  { timeZone, now, compileCharger: filters }: TariffEnvironment,
): Charger {
  const [first] = group
  if (first === undefined) throw new RangeError('a charger without rows')
  const last = (column: number) => group.findLast(({ values }) => values[column] !== '')?.values[column] ?? ''
  const filterIds = [...new Set(group.flatMap(({ values }) => (values[2] ?? '').split(';').filter((id) => id !== '')))]
  const [from = '', until = ''] = last(3).split(';')
  const instant = (text: string) =>
    text === '' ? undefined : located(first, 'Chargers', () => parseTime(text, timeZone, now()).ns)
  return {
    tenant: first.values[0] ?? '',
    id: first.values[1] ?? '',
    runId: last(4),
    weight: Number(last(6) || 0),
    activeFrom: instant(from),
    activeUntil: instant(until),
    matches: located(first, 'Chargers', () => filters(filterIds)),
    constants: constantsOf(first, last(5)),
  }
}

/** Inline `*constant:*req.Field:value` attributes. Stored profiles need AttributeS, which this version does not have. */
function constantsOf(row: TariffRow, text: string): { field: string; value: string }[] {
  if (text === '' || text === '*none') return []
  return text.split(';').map((attribute) => {
    const [, field, value] = /^\*constant:\*req\.([^:]+):(.*)$/.exec(attribute) ?? []
    if (field !== undefined && value !== undefined) return { field, value }
    throw new TariffError(
      `${row.place}: ${TARIFF_FILES.Chargers.columns[5]} ${JSON.stringify(attribute)}: expected *none or *constant:*req.<field>:<value>`,
    )
  })
}
