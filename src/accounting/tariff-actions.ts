import { Decimal } from '../core/decimal.ts'
import { TollgateError } from '../core/errors.ts'
import type { ZonedTime } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import { compileTimings, objects, problem } from '../tariffs/compile.ts'
import { mergeTariffRows, type TariffFile, type TariffRow, type TariffRows } from '../tariffs/tariff-rows.ts'
import { type Account, newAccount } from './account.ts'
import { type Action, readAction, readBoolean, timingsNamed, weightAt } from './action.ts'
import type { ActionTiming } from './action-plans.ts'
import { builtInTiming, nextRun } from './plan-timing.ts'
import { type ActionTrigger, withTriggers } from './trigger.ts'
import { stampTrigger, triggerOfRow } from './trigger-rows.ts'

/** What AccountActions.csv says about one account. */
export type AccountRow = {
  tenant: string
  id: string
  planId: string
  /** Group of its action triggers, '' for none. */
  triggersId: string
  allowNegative: boolean
  disabled: boolean
}

/** The accounting side of a tariff plan: sets and plans by id, in file order. */
export type TariffActions = {
  actions: ReadonlyMap<string, readonly Action[]>
  plans: ReadonlyMap<string, readonly ActionTiming[]>
  /** Action triggers by group. */
  triggers: ReadonlyMap<string, readonly ActionTrigger[]>
}

/**
 * Rows of a load with what they stand for from now on: ids of action timings, timings as they are now, `*time_asc` weights
 * as numbers. Built-in timings such as `*daily` mean the time of day of `now`. all: every row in force, the added ones too.
 * Throws TariffError with the texts of the reference. Reference 04, 11.1, 12.1 and 14.
 */
export function stampActions(added: TariffRows, all: TariffRows, now: ZonedTime, newUuid: () => string): TariffRows {
  const timings = compileTimings(all)
  const timingOf = (id: string) => timings.get(id) ?? builtInTiming(id, now)
  return mergeTariffRows(
    added,
    new Map([
      ...stampSets(added, timingOf, now),
      ...stampPlans(added, all, timingOf, now, newUuid),
      ...stampTriggers(added, timingOf, now, newUuid),
    ]),
  )
}

type Stamped = [TariffFile, Map<string, TariffRow[]>][]

function stampSets(added: TariffRows, timingOf: (id: string) => Timing | undefined, now: ZonedTime): Stamped {
  if (!added.has('Actions')) return []
  const nowMs = Number(now.ns / 1_000_000n)
  const stamp = (row: TariffRow) => {
    const timings = located(row, () => timingsNamed(row.values[11] ?? '', timingOf))
    const values = row.values.with(13, weightAt(row.values[13] ?? '', nowMs))
    return { ...row, values, ...(timings.length === 0 ? {} : { more: { ...row.more, timings } }) }
  }
  return [['Actions', new Map([...objects(added, 'Actions')].map(([id, group]) => [id, group.map(stamp)]))]]
}

function stampPlans(
  added: TariffRows,
  all: TariffRows,
  timingOf: (id: string) => Timing | undefined,
  now: ZonedTime,
  newUuid: () => string,
): Stamped {
  if (!added.has('ActionPlans')) return []
  const stamp = (row: TariffRow) => {
    const [, actionsId = '', timingId = ''] = row.values
    if (all.get('Actions')?.has(actionsId) !== true)
      throw problem(row, 'ActionPlans', 1, `[ActionPlans] Could not load the action for tag: "${actionsId}"`)
    const timing = timingOf(timingId)
    if (timing === undefined)
      throw problem(row, 'ActionPlans', 2, `[ActionPlans] Could not load the timing for tag: "${timingId}"`)
    checkTiming(row, timing, now)
    return { ...row, more: { uuid: newUuid(), timings: [timing] } }
  }
  return [['ActionPlans', new Map([...objects(added, 'ActionPlans')].map(([id, group]) => [id, group.map(stamp)]))]]
}

/** Reads stamped rows of Actions, ActionPlans and ActionTriggers. Throws TariffError with the texts of the reference. */
export function compileActions(rows: TariffRows): TariffActions {
  const sets = [...objects(rows, 'Actions')].map(([id, group]): [string, Action[]] => [id, group.map(compileAction)])
  const plans = [...objects(rows, 'ActionPlans')].map(([id, group]): [string, ActionTiming[]] => [
    id,
    group.flatMap(compileTiming),
  ])
  const triggers = [...objects(rows, 'ActionTriggers')].map(([id, group]): [string, ActionTrigger[]] => [
    id,
    group.map(compileTrigger),
  ])
  return { actions: new Map(sets), plans: new Map(plans), triggers: new Map(triggers) }
}

function compileAction(row: TariffRow): Action {
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
    balanceUuid: row.more?.balanceUuid,
    isWhole: row.more?.isWhole,
  }
  return located(row, () => readAction(cells, row.more?.timings ?? []))
}

function compileTiming(row: TariffRow): ActionTiming[] {
  const [, actionsId = '', , weight = ''] = row.values
  const { uuid = '', timings = [] } = row.more ?? {}
  return timings.map((timing) => ({ uuid, timing, actionsId, weight: compileWeight(row, weight) }))
}

function located<R>(row: TariffRow, read: () => R): R {
  return locatedIn('Actions', row, read)
}

function locatedIn<R>(file: 'Actions' | 'ActionTriggers', row: TariffRow, read: () => R): R {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof TollgateError) throw problem(row, file, 1, cause.message)
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

/** Reads AccountActions: of several rows of an account the last one counts. triggers: groups of the same load. Throws TariffError. */
export function compileAccounts(
  rows: TariffRows,
  plans: { has(id: string): boolean },
  triggers: { has(id: string): boolean } | undefined,
): AccountRow[] {
  const accounts: AccountRow[] = []
  for (const [, group] of objects(rows, 'AccountActions')) {
    const row = group.at(-1)
    if (row !== undefined) accounts.push(compileAccount(row, plans, triggers))
  }
  return accounts
}

function compileAccount(
  row: TariffRow,
  plans: { has(id: string): boolean },
  triggers: { has(id: string): boolean } | undefined,
): AccountRow {
  const [tenant = '', id = '', planId = '', triggersId = '', allowNegative = '', disabled = ''] = row.values
  if (planId !== '' && !plans.has(planId))
    throw problem(row, 'AccountActions', 2, `could not get action plan for tag "${planId}"`)
  if (triggersId !== '' && triggers?.has(triggersId) !== true)
    throw problem(row, 'AccountActions', 3, `could not get action triggers for tag "${triggersId}"`)
  const flag = (column: number, text: string) => {
    try {
      return text !== '' && readBoolean(text)
    } catch {
      throw problem(row, 'AccountActions', column, `invalid value "${text}", expected true or false`)
    }
  }
  return { tenant, id, planId, triggersId, allowNegative: flag(4, allowNegative), disabled: flag(5, disabled) }
}

/** The account that a row makes or changes: its flags, triggers and counters are replaced, its balances kept. Reference 04, 2.6. */
export function applyAccountRow(
  account: Account | undefined,
  { tenant, id, triggersId, allowNegative, disabled }: AccountRow,
  triggers: TariffActions['triggers'],
  nowMs: number,
): Account {
  const bare = { ...(account ?? newAccount(tenant, id, nowMs)), watch: undefined }
  return { ...withTriggers(bare, triggers.get(triggersId) ?? []), allowNegative, disabled, updatedAtMs: nowMs }
}

function stampTriggers(
  added: TariffRows,
  timingOf: (id: string) => Timing | undefined,
  now: ZonedTime,
  newUuid: () => string,
): Stamped {
  if (!added.has('ActionTriggers')) return []
  const stamp = (row: TariffRow) => locatedIn('ActionTriggers', row, () => stampTrigger(row, timingOf, now, newUuid))
  return [
    ['ActionTriggers', new Map([...objects(added, 'ActionTriggers')].map(([id, group]) => [id, group.map(stamp)]))],
  ]
}

function compileTrigger(row: TariffRow): ActionTrigger {
  return locatedIn('ActionTriggers', row, () => triggerOfRow(row))
}
