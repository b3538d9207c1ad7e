import type { Timing } from '../rating/model.ts'
import { AS_SOON_AS_POSSIBLE } from './plan-timing.ts'

/** When a plan runs which set. Heavier ones first at the same moment. Reference 04, 12.1. */
export type ActionTiming = { uuid: string; timing: Timing; actionsId: string; weight: number }

/** accountIds: `tenant:account`. */
export type ActionPlan = { id: string; accountIds: readonly string[]; timings: readonly ActionTiming[] }

/** One run of a set that is due at once. accountId '' : without an account. */
export type Task = { uuid: string; accountId: string; actionsId: string }

/** Whether a timing runs at load and never again. */
export function isAtLoad({ timing }: ActionTiming): boolean {
  return timing.startTime === AS_SOON_AS_POSSIBLE
}

/**
 * What loading a plan does: the plan to store (merged with the accounts of the stored one), and a task for each `*asap`
 * timing and account of the loaded plan. A plan of `*asap` timings alone keeps no accounts. Reference 04, 14.
 */
export function loadActionPlan(
  loaded: ActionPlan,
  stored: ActionPlan | undefined,
  newUuid: () => string,
): { plan: ActionPlan; tasks: Task[] } {
  const atLoad = loaded.timings.filter(isAtLoad).toSorted((a, b) => b.weight - a.weight)
  const accounts = loaded.accountIds.length === 0 ? [''] : loaded.accountIds
  const tasks = accounts.flatMap((accountId) =>
    atLoad.map(({ actionsId }) => ({ uuid: newUuid(), accountId, actionsId })),
  )
  const runsLater = atLoad.length < loaded.timings.length
  const accountIds = runsLater ? [...new Set([...(stored?.accountIds ?? []), ...loaded.accountIds])] : []
  return { plan: { ...loaded, accountIds }, tasks }
}

/** A row of ActionPlans.csv, and an account in a plan. */
export type PlanRow = { id: string; actionsId: string; timing: Timing; weight: number }
export type PlanMember = { accountId: string; planId: string }

/** Plans of a load, with the accounts that are put into them; of several entries of an account the last one counts. */
export function actionPlansOf(
  rows: readonly PlanRow[],
  members: readonly PlanMember[],
  newUuid: () => string,
): ActionPlan[] {
  const planOf = new Map(members.map(({ accountId, planId }) => [accountId, planId]))
  const plans = new Map<string, { timings: ActionTiming[]; accountIds: string[] }>()
  for (const { id, actionsId, timing, weight } of rows) {
    const plan = plans.get(id) ?? { timings: [], accountIds: [] }
    plan.timings.push({ uuid: newUuid(), timing, actionsId, weight })
    plans.set(id, plan)
  }
  for (const [accountId, planId] of planOf) plans.get(planId)?.accountIds.push(accountId)
  return [...plans].map(([id, plan]) => ({ id, ...plan }))
}
