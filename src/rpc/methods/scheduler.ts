import { setImmediate } from 'node:timers/promises'
import { accountKey } from '../../accounting/account.ts'
import type { Action } from '../../accounting/action.ts'
import { type ActionPlan, type ActionTiming, isAtLoad } from '../../accounting/action-plans.ts'
import { nextRun } from '../../accounting/plan-timing.ts'
import type { PlannedRun } from '../../accounting/scheduler.ts'
import { NotFound } from '../../core/errors.ts'
import { formatTime, isZeroTime, type ZonedTime } from '../../core/time.ts'
import { type Method, method, OK } from '../method.ts'
import { page } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, integer, list, map, pointer, struct, text, time } from '../shape.ts'
import { eventShape } from '../shapes/event.ts'
import { type BalanceServices, bare } from './balances.ts'
import type { RpcDefaults } from './defaults.ts'

/** Whether plans run by the clock, and how to make them do so. */
export interface SchedulerSwitch {
  readonly isScheduling: boolean
  /** Takes over the plans in force and runs the tasks that wait. */
  reload(): Promise<void>
  startScheduling(): Promise<void>
  stopScheduling(): Promise<void>
}

/** What the methods of the scheduler ask of the engine. */
export interface SchedulerServices extends BalanceServices {
  scheduler: SchedulerSwitch & {
    /** Runs to come, the next one first. */
    readonly queue: readonly PlannedRun[]
    /** Plans in force with their accounts. */
    plans(): ActionPlan[]
  }
  /** The actions of a set, undefined when there is none. */
  actionsOf(id: string): readonly Action[] | undefined
  /** Timings of a plan, undefined when there is none. */
  timingsOf(planId: string): readonly ActionTiming[] | undefined
  /** Accounts of a plan, as `tenant:account`. */
  accountsOf(planId: string): readonly string[]
}

/** Runs that one call may ask for. */
const MAX_RUNS = 10_000
/** Times that are worked out before others get their turn. */
const AT_A_TIME = 50

/** Makes the scheduler take over what has changed. Throws RpcError. Reference 04, 17. */
export async function reloadScheduler(scheduler: SchedulerSwitch): Promise<void> {
  if (!scheduler.isScheduling) throw new RpcError('SCHEDULER_NOT_RUNNING')
  await scheduler.reload()
}

/** Plans run by the clock or on demand. Reference 01, 9.4; 04, 13.3. */
export function schedulerMethods(services: SchedulerServices, defaults: RpcDefaults): Method[] {
  const { scheduler } = services
  return [
    method('SchedulerSv1.Reload', {
      summary: 'Runs the tasks that wait and takes over the plans in force.',
      params: eventShape,
      reply: OK,
      async run() {
        await scheduler.reload()
        return 'OK'
      },
    }),
    method('SchedulerSv1.ExecuteActions', {
      summary:
        'Runs a plan now for all its accounts, or every run of every plan that lies between now and TimeEnd. ' +
        'Errors: NOT_FOUND, PARTIALLY_EXECUTED.',
      params: struct('utils.AttrsExecuteActions', {
        ActionPlanID: text,
        TimeStart: time,
        TimeEnd: time,
        APIOpts: map(any),
        Tenant: text,
      }),
      reply: OK,
      async run({ ActionPlanID: planId, TimeStart: start, TimeEnd: end }) {
        if (planId !== '') await executePlan(services, planId)
        if (!isZeroTime(end) && start.ns < end.ns) await executeUntil(services, end)
        return 'OK'
      },
    }),
    method('SchedulerSv1.ExecuteActionPlans', {
      summary: 'Runs plans now for one account, `*asap` actions too; an unknown account is made. Errors: NOT_FOUND.',
      params: struct('utils.AttrsExecuteActionPlans', {
        ActionPlanIDs: list(text),
        Tenant: text,
        AccountID: text,
        APIOpts: map(any),
      }),
      reply: OK,
      async run({ ActionPlanIDs: planIds, Tenant: tenant, AccountID: id }) {
        const accountId = id === '' ? '' : accountKey(tenant || defaults.tenant, id)
        for (const planId of planIds)
          for (const { actionsId } of byWeight(timingsOf(services, planId)))
            await runSet(services, accountId, actionsId)
        return 'OK'
      },
    }),
    method('APIerSv1.GetScheduledActions', {
      summary: 'Runs to come, the next one first. Errors: NOT_FOUND, SCHEDULER_NOT_RUNNING.',
      params: struct('scheduler.ArgsGetScheduledActions', {
        Tenant: text,
        Account: text,
        TimeStart: pointer(time),
        TimeEnd: pointer(time),
        Limit: pointer(integer),
        Offset: pointer(integer),
      }),
      reply: list(
        struct('scheduler.ScheduledAction', {
          NextRunTime: time,
          Accounts: integer,
          ActionPlanID: text,
          ActionTimingUUID: text,
          ActionsID: text,
        }),
      ),
      run(argument) {
        if (!scheduler.isScheduling) throw new RpcError('SCHEDULER_NOT_RUNNING')
        const { Tenant: tenant, Account: account, TimeStart: start, TimeEnd: end } = argument
        const prefix = account === '' ? '' : accountKey(tenant || defaults.tenant, account)
        const isWanted = (accountId: string) =>
          account === '' ? accountId.startsWith(accountKey(tenant, '')) : accountId === prefix
        const found = scheduler.queue.filter(({ atMs, accountIds }) => {
          const at = BigInt(atMs) * 1_000_000n
          if (start !== null && at < start.ns) return false
          if (end !== null && at >= end.ns) return false
          return (tenant === '' && account === '') || accountIds.some(isWanted)
        })
        const runs = page(found, argument)
        if (runs.length === 0) throw new NotFound()
        return runs.map(({ atMs, planId, timing, accountIds }) => ({
          NextRunTime: formatTime({ ns: BigInt(atMs) * 1_000_000n, zone: defaults.timeZone }),
          Accounts: accountIds.filter((accountId) => accountId !== '').length,
          ActionPlanID: planId,
          ActionTimingUUID: timing.uuid,
          ActionsID: timing.actionsId,
        }))
      },
    }),
    ...serviceManagerMethods(scheduler),
  ]
}

/** Services that clients may switch: the scheduler. Reference 01, 9.4. */
function serviceManagerMethods(scheduler: SchedulerSwitch): Method[] {
  const service = (name: string, summary: string, run: () => Promise<string> | string) =>
    method(`ServiceManagerV1.${name}`, {
      summary: `${summary} Errors: UNSUPPORTED_SERVICE_ID.`,
      params: struct('dispatchers.ArgStartService', { ServiceID: text, APIOpts: map(any), Tenant: text }),
      reply: OK,
      run({ ServiceID: id }) {
        if (id !== '*scheduler') throw new RpcError('UNSUPPORTED_SERVICE_ID')
        return run()
      },
    })
  return [
    service('StartService', 'Lets action plans run by the clock (`*scheduler`).', async () => {
      await scheduler.startScheduling()
      return 'OK'
    }),
    service('StopService', 'Stops the scheduler (`*scheduler`).', async () => {
      await scheduler.stopScheduling()
      return 'OK'
    }),
    service('ServiceStatus', 'RUNNING or STOPPED.', () => (scheduler.isScheduling ? 'RUNNING' : 'STOPPED')),
  ]
}

function timingsOf(services: SchedulerServices, planId: string): readonly ActionTiming[] {
  const timings = services.timingsOf(planId)
  if (timings === undefined) throw new NotFound()
  return timings
}

function byWeight(timings: readonly ActionTiming[]): ActionTiming[] {
  return timings.toSorted((a, b) => b.weight - a.weight)
}

/** Everything of a plan but what runs at load. */
async function executePlan(services: SchedulerServices, planId: string): Promise<void> {
  const later = timingsOf(services, planId).filter((timing) => !isAtLoad(timing))
  for (const { actionsId } of byWeight(later)) await runForAll(services, services.accountsOf(planId), actionsId)
}

/** Every run of every plan after now up to and including `end`, in time order. */
async function executeUntil(services: SchedulerServices, end: ZonedTime): Promise<void> {
  const now = services.now()
  const runs: { at: bigint; timing: ActionTiming; accountIds: readonly string[] }[] = []
  for (const { timings, accountIds } of services.scheduler.plans()) {
    for (const timing of timings) {
      let at = nextRun(timing.timing, now, now)
      while (at !== undefined && at <= end.ns) {
        if (runs.length === MAX_RUNS) throw new RpcError(`more than ${MAX_RUNS} runs until ${formatTime(end)}`)
        runs.push({ at, timing, accountIds })
        if (runs.length % AT_A_TIME === 0) await setImmediate()
        at = nextRun(timing.timing, { ns: at, zone: now.zone }, now)
      }
    }
  }
  runs.sort((a, b) => (a.at === b.at ? b.timing.weight - a.timing.weight : a.at < b.at ? -1 : 1))
  for (const { timing, accountIds } of runs) await runForAll(services, accountIds, timing.actionsId)
}

async function runForAll(services: SchedulerServices, accountIds: readonly string[], actionsId: string): Promise<void> {
  for (const accountId of accountIds.length === 0 ? [''] : accountIds) await runSet(services, accountId, actionsId)
}

/** Throws NotFound for an unknown set. */
export async function runSet(services: SchedulerServices, accountId: string, actionsId: string): Promise<void> {
  const actions = services.actionsOf(actionsId)
  if (actions === undefined) throw new NotFound()
  await services.runner.run(accountId, () => [{ actions, extra: {} }]).catch(bare)
}
