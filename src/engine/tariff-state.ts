import { compileActions, type TariffActions } from '../accounting/tariff-actions.ts'
import { TollgateError } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { parseTime } from '../core/time.ts'
import { TariffIndex, type TariffOptions } from '../rating/tariff-index.ts'
import { type Charger, Chargers } from '../services/chargers.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records } from '../store/unit-of-work.ts'
import { compileTariffSource, objects } from '../tariffs/compile.ts'
import {
  idOf,
  mergeTariffRows,
  readTariffFolder,
  TARIFF_FILES,
  TariffError,
  type TariffFile,
  type TariffRow,
  type TariffRows,
} from '../tariffs/tariff-rows.ts'
import type { AccountPredicate, ActionRunner } from './action-runner.ts'

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

/** The tariff in force: loads folders, keeps their rows in the store, and compiles them. */
export class TariffState {
  readonly #records: Records
  readonly #environment: TariffEnvironment
  readonly #runner: ActionRunner
  #compiled: Compiled

  private constructor(records: Records, runner: ActionRunner, environment: TariffEnvironment, rows: TariffRows) {
    this.#records = records
    this.#runner = runner
    this.#environment = environment
    this.#compiled = compile(rows, environment)
  }

  /** Compiles what the store holds. */
  static async open(
    store: DataStore,
    records: Records,
    runner: ActionRunner,
    environment: TariffEnvironment,
  ): Promise<TariffState> {
    const rows = new Map<TariffFile, Map<string, readonly TariffRow[]>>()
    for await (const [key, { value }] of store.scan('profile')) {
      const group = rowsKind.decode(value, key)
      const file = key.slice(0, key.indexOf('/')) as TariffFile
      const held = rows.get(file) ?? new Map<string, readonly TariffRow[]>()
      rows.set(file, held.set(key.slice(file.length + 1), group))
    }
    const state = new TariffState(records, runner, environment, rows)
    runner.take(state.#compiled)
    return state
  }

  get index(): TariffIndex {
    return this.#compiled.index
  }

  get chargers(): Chargers {
    return this.#compiled.chargers
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
    const { rows: added, ignored } = readTariffFolder(folder)
    const compiled = compile(mergeTariffRows(this.#compiled.rows, added), this.#environment)
    await this.#records.run((unit) => {
      for (const [file, group] of added) for (const [id, rows] of group) unit.put(rowsKind, `${file}/${id}`, rows)
      this.#runner.stage(unit, compiled.actions, {
        accounts: new Set(added.get('AccountActions')?.keys()),
        plans: new Set(added.get('ActionPlans')?.keys()),
      })
    })
    this.#compiled = compiled
    this.#runner.take(compiled)
    await this.#runner.reload()
    return { ignored, warnings: compiled.actions.warnings }
  }
}

function compile(rows: TariffRows, environment: TariffEnvironment): Compiled {
  const { timeZone, now, newUuid, options } = environment
  const index = new TariffIndex(compileTariffSource(rows, timeZone, now()), options)
  const actions = compileActions(rows, now(), newUuid)
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
  return {
    rows,
    index,
    actions,
    actionFilters,
    chargers: new Chargers([...objects(rows, 'Chargers')].map(([, group]) => compileCharger(group, environment))),
  }
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
