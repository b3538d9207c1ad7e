import type { Timing } from '../rating/model.ts'
import { AS_SOON_AS_POSSIBLE } from './plan-timing.ts'

/** When a plan runs which set. Heavier ones first at the same moment. Reference 04, 12.1. */
export type ActionTiming = { uuid: string; timing: Timing; actionsId: string; weight: number }

/** accountIds: `tenant:account`. */
export type ActionPlan = { id: string; accountIds: readonly string[]; timings: readonly ActionTiming[] }

/** One run of a set that is due at once. accountId '' : without an account. planId: of a run by the clock. */
export type Task = { uuid: string; accountId: string; actionsId: string; planId?: string }

/** Whether a timing runs at load and never again. */
export function isAtLoad({ timing }: ActionTiming): boolean {
  return timing.startTime === AS_SOON_AS_POSSIBLE
}

/**
 * What loading a plan does: the plan with the accounts that join it, and a task for each `*asap` timing and account of the loaded
 * plan. A plan of `*asap` timings alone keeps no accounts. Reference 04, 14.
 */
export function loadActionPlan(loaded: ActionPlan, newUuid: () => string): { plan: ActionPlan; tasks: Task[] } {
  const atLoad = loaded.timings.filter(isAtLoad).toSorted((a, b) => b.weight - a.weight)
  const accounts = loaded.accountIds.length === 0 ? [''] : loaded.accountIds
  const tasks = accounts.flatMap((accountId) =>
    atLoad.map(({ actionsId }) => ({ uuid: newUuid(), accountId, actionsId })),
  )
  const runsLater = atLoad.length < loaded.timings.length
  const accountIds = runsLater ? loaded.accountIds : []
  return { plan: { ...loaded, accountIds }, tasks }
}
