import { Decimal } from '../core/decimal.ts'
import { TollgateError } from '../core/errors.ts'
import type { ZonedTime } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import { compileTimings, objects, problem } from '../tariffs/compile.ts'
import type { TariffRow, TariffRows } from '../tariffs/tariff-rows.ts'
import { type Account, accountKey, newAccount } from './account.ts'
import { type Action, readAction, readBoolean } from './action.ts'
import { type ActionPlan, actionPlansOf, type PlanRow } from './action-plans.ts'
import { builtInTiming, nextRun } from './plan-timing.ts'

/** What AccountActions.csv says about one account. */
export type AccountRow = { tenant: string; id: string; planId: string; allowNegative: boolean; disabled: boolean }

/** The accounting side of a tariff plan. */
export type TariffActions = {
  /** Sets by id, in file order. */
  actions: ReadonlyMap<string, readonly Action[]>
  plans: readonly ActionPlan[]
  accounts: readonly AccountRow[]
  /** Rows whose action triggers are not run. */
  warnings: readonly string[]
}

/**
 * Reads Actions, ActionPlans and AccountActions. now: what built-in timings and `*time_asc` weights are resolved against.
 * Throws TariffError with the texts of the reference. Reference 04, 11.1, 12.1 and 14.
 */
export function compileActions(rows: TariffRows, now: ZonedTime, newUuid: () => string): TariffActions {
  const timings = compileTimings(rows)
  const timingOf = (id: string) => timings.get(id) ?? builtInTiming(id, now)
  const nowMs = Number(now.ns / 1_000_000n)
  const actions = new Map<string, Action[]>()
  for (const [id, group] of objects(rows, 'Actions')) {
    actions.set(
      id,
      group.map((row) => compileAction(row, timingOf, nowMs)),
    )
  }
  const planRows: PlanRow[] = []
  for (const [id, group] of objects(rows, 'ActionPlans')) {
    for (const row of group) {
      const [, actionsId = '', timingId = '', weight = ''] = row.values
      if (!actions.has(actionsId)) {
        throw problem(row, 'ActionPlans', 1, `[ActionPlans] Could not load the action for tag: "${actionsId}"`)
      }
      const timing = timingOf(timingId)
      if (timing === undefined) {
        throw problem(row, 'ActionPlans', 2, `[ActionPlans] Could not load the timing for tag: "${timingId}"`)
      }
      checkTiming(row, timing, now)
      planRows.push({ id, actionsId, timing, weight: compileWeight(row, weight) })
    }
  }
  const planIds = new Set(planRows.map(({ id }) => id))
  const accounts: AccountRow[] = []
  const warnings: string[] = []
  for (const [, group] of objects(rows, 'AccountActions')) {
    const row = group.at(-1)
    if (row === undefined) continue
    accounts.push(compileAccount(row, planIds))
    if (row.values[3]) warnings.push(`${row.place}: action triggers ${row.values[3]} are not run`)
  }
  const members = accounts.map(({ tenant, id, planId }) => ({ accountId: accountKey(tenant, id), planId }))
  return { actions, plans: actionPlansOf(planRows, members, newUuid), accounts, warnings }
}

function compileAction(row: TariffRow, timingOf: Parameters<typeof readAction>[1], nowMs: number): Action {
  const text = (column: number) => row.values[column] ?? ''
  const cells = {
    id: text(0),
    action: text(1),
    extraParameters: text(2),
    filters: text(3),
    balanceId: text(4),
    balanceType: text(5),
    categories: text(6),
    destinationIds: text(7),
    ratingSubject: text(8),
    sharedGroups: text(9),
    expiryTime: text(10),
    timingIds: text(11),
    units: text(12),
    balanceWeight: text(13),
    balanceBlocker: text(14),
    balanceDisabled: text(15),
    weight: text(16),
  }
  try {
    return readAction(cells, timingOf, nowMs)
  } catch (cause) {
    if (cause instanceof TollgateError) throw problem(row, 'Actions', 1, cause.message)
    throw cause
  }
}

function checkTiming(row: TariffRow, timing: Timing, now: ZonedTime): void {
  try {
    nextRun(timing, now, now)
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause
    const expected = 'expected a time of day, *asap, or + and a duration'
    throw problem(row, 'ActionPlans', 2, `timing ${timing.id} starts at ${timing.startTime}, ${expected}`)
  }
}

function compileWeight(row: TariffRow, text: string): number {
  try {
    return text === '' ? 0 : Number(Decimal.parse(text))
  } catch {
    throw problem(row, 'ActionPlans', 3, `invalid value "${text}", expected a number`)
  }
}

function compileAccount(row: TariffRow, planIds: ReadonlySet<string>): AccountRow {
  const [tenant = '', id = '', planId = '', , allowNegative = '', disabled = ''] = row.values
  if (planId !== '' && !planIds.has(planId)) {
    throw problem(row, 'AccountActions', 2, `could not get action plan for tag "${planId}"`)
  }
  const flag = (column: number, text: string) => {
    try {
      return text !== '' && readBoolean(text)
    } catch {
      throw problem(row, 'AccountActions', column, `invalid value "${text}", expected true or false`)
    }
  }
  return { tenant, id, planId, allowNegative: flag(4, allowNegative), disabled: flag(5, disabled) }
}

/** The account that a row makes or changes: its flags are replaced, its balances kept. Reference 04, 2.6. */
export function applyAccountRow(account: Account | undefined, row: AccountRow, nowMs: number): Account {
  const { allowNegative, disabled } = row
  return { ...(account ?? newAccount(row.tenant, row.id, nowMs)), allowNegative, disabled, updatedAtMs: nowMs }
}
