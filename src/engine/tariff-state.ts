import { accountKind } from '../accounting/account-record.ts'
import { type Action, readAction } from '../accounting/action.ts'
import { actionPlansOf, loadActionPlan } from '../accounting/action-plans.ts'
import { runActions } from '../accounting/actions.ts'
import { TollgateError } from '../core/errors.ts'
import type { ChargingEvent } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { parseTime } from '../core/time.ts'
import { TariffIndex, type TariffOptions } from '../rating/tariff-index.ts'
import { type Charger, Chargers } from '../services/chargers.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records } from '../store/unit-of-work.ts'
import { compileTariffSource, compileTimings, objects, problem } from '../tariffs/compile.ts'
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

export type TariffEnvironment = {
  options: TariffOptions
  timeZone: string
  removeExpired: boolean
  now: () => ZonedTime
  newUuid: () => string
  /** Compiles the filters of a charger. Throws TemplateError. */
  compileCharger: (filters: readonly string[]) => (event: ChargingEvent) => boolean
}

/** Everything a load changes, compiled; replaced as a whole. */
type Compiled = {
  rows: TariffRows
  index: TariffIndex
  chargers: Chargers
  actions: ReadonlyMap<string, readonly Action[]>
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
  #compiled: Compiled

  private constructor(records: Records, environment: TariffEnvironment, rows: TariffRows) {
    this.#records = records
    this.#environment = environment
    this.#compiled = compile(rows, environment)
  }

  /** Compiles what the store holds. */
  static async open(store: DataStore, records: Records, environment: TariffEnvironment): Promise<TariffState> {
    const rows = new Map<TariffFile, Map<string, readonly TariffRow[]>>()
    for await (const [key, { value }] of store.scan('profile')) {
      const group = rowsKind.decode(value, key)
      const file = key.slice(0, key.indexOf('/')) as TariffFile
      const held = rows.get(file) ?? new Map<string, readonly TariffRow[]>()
      rows.set(file, held.set(key.slice(file.length + 1), group))
    }
    return new TariffState(records, environment, rows)
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
   * Loads a folder: all of it or, on an error, nothing. `*asap` actions run for the accounts of the folder.
   * Throws TariffError, TemplateError. Reference 03, 3.1; 04, 14.
   */
  async load(folder: string): Promise<{ ignored: string[]; failedActions: string[] }> {
    const { rows: added, ignored } = readTariffFolder(folder)
    const merged = mergeTariffRows(this.#compiled.rows, added)
    const compiled = compile(merged, this.#environment)
    await this.#records.run((unit) => {
      for (const [file, group] of added) for (const [id, rows] of group) unit.put(rowsKind, `${file}/${id}`, rows)
    })
    this.#compiled = compiled
    return { ignored, failedActions: await this.#runAtLoad(added) }
  }

  async #runAtLoad(added: TariffRows): Promise<string[]> {
    const { newUuid, now, options, removeExpired } = this.#environment
    const failed: string[] = []
    const timings = compileTimings(this.#compiled.rows)
    const planRows = [...objects(added, 'ActionPlans')].flatMap(([, group]) =>
      group.map((row) => ({
        id: row.values[0] ?? '',
        actionsId: row.values[1] ?? '',
        timing:
          row.values[2] === '*asap'
            ? { ...NO_TIMING, id: '*asap', startTime: '*asap' }
            : (timings.get(row.values[2] ?? '') ?? NO_TIMING),
        weight: Number(row.values[3] || 0),
      })),
    )
    const accountRows = [...objects(added, 'AccountActions')].map(([accountId, group]) => ({
      accountId,
      planId: group.at(-1)?.values[2] ?? '',
    }))
    for (const [accountId, group] of objects(added, 'AccountActions')) {
      const [tenant = '', id = '', , , allowNegative = '', disabled = ''] = group.at(-1)?.values ?? []
      await this.#records.run((unit) => {
        const held = unit.get(accountKind, accountId) ?? {
          tenant,
          id,
          balances: {},
          allowNegative: false,
          disabled: false,
          updatedAtMs: 0,
        }
        const updatedAtMs = Number(now().ns / 1_000_000n)
        unit.put(accountKind, accountId, {
          ...held,
          allowNegative: isTrue(allowNegative),
          disabled: isTrue(disabled),
          updatedAtMs,
        })
      })
    }
    for (const plan of actionPlansOf(planRows, accountRows, newUuid)) {
      for (const { accountId, actionsId } of loadActionPlan(plan, undefined, newUuid).tasks) {
        const colon = accountId.indexOf(':')
        if (colon < 0) continue
        const target = { tenant: accountId.slice(0, colon), id: accountId.slice(colon + 1) }
        const actions = this.#compiled.actions.get(actionsId) ?? []
        const passes = () => true
        await this.#records.run((unit) => {
          const environment = { now: now(), newUuid, roundingDecimals: options.roundingDecimals, removeExpired, passes }
          const outcome = runActions(target, unit.get(accountKind, accountId), actions, environment)
          if (outcome.ok && outcome.account !== undefined) unit.put(accountKind, accountId, outcome.account)
          if (!outcome.ok) failed.push(`${accountId}: ${actionsId}: ${outcome.cause}`)
        })
      }
    }
    return failed
  }
}

const NO_TIMING = { id: '*any', years: [], months: [], monthDays: [], weekDays: [], startTime: '00:00:00', endTime: '' }

function isTrue(text: string): boolean {
  return /^(1|t|true)$/i.test(text)
}

function compile(rows: TariffRows, environment: TariffEnvironment): Compiled {
  const { timeZone, now, options } = environment
  const index = new TariffIndex(compileTariffSource(rows, timeZone, now()), options)
  const timings = compileTimings(rows)
  const nowMs = Number(now().ns / 1_000_000n)
  const actions = new Map<string, Action[]>()
  for (const [id, group] of objects(rows, 'Actions')) {
    actions.set(
      id,
      group.map((row) =>
        located(row, 'Actions', () => readAction(actionRow(row), (timing) => timings.get(timing), nowMs)),
      ),
    )
  }
  for (const [, group] of objects(rows, 'ActionPlans')) {
    for (const row of group) {
      if (!actions.has(row.values[1] ?? ''))
        throw problem(row, 'ActionPlans', 1, `[ActionPlans] Could not load the action for tag: "${row.values[1]}"`)
    }
  }
  const plans = rows.get('ActionPlans')
  for (const [, group] of objects(rows, 'AccountActions')) {
    for (const row of group) {
      const plan = row.values[2] ?? ''
      if (plan !== '' && plans?.has(plan) !== true)
        throw problem(row, 'AccountActions', 2, `could not get action plan for tag "${plan}"`)
    }
  }
  return {
    rows,
    index,
    actions,
    chargers: new Chargers([...objects(rows, 'Chargers')].map(([, group]) => compileCharger(group, environment))),
  }
}

function actionRow({ values }: TariffRow): Parameters<typeof readAction>[0] {
  const at = (column: number) => values[column] ?? ''
  return {
    id: at(0),
    action: at(1),
    extraParameters: at(2),
    filters: at(3),
    balanceId: at(4),
    balanceType: at(5),
    categories: at(6),
    destinationIds: at(7),
    ratingSubject: at(8),
    sharedGroups: at(9),
    expiryTime: at(10),
    timingIds: at(11),
    units: at(12),
    balanceWeight: at(13),
    balanceBlocker: at(14),
    balanceDisabled: at(15),
    weight: at(16),
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
