import { accountKey } from '../../accounting/account.ts'
import type { ActionPlan, ActionTiming } from '../../accounting/action-plans.ts'
import { isAtLoad } from '../../accounting/action-plans.ts'
import { AS_SOON_AS_POSSIBLE, builtInTiming, nextRun } from '../../accounting/plan-timing.ts'
import { timingWire } from '../../accounting/timing-wire.ts'
import { Decimal } from '../../core/decimal.ts'
import { InvalidText, NotFound } from '../../core/errors.ts'
import { formatTime, ZERO_TIME } from '../../core/time.ts'
import type { Timing } from '../../rating/model.ts'
import { numbers, weekDays } from '../../tariffs/compile.ts'
import type { TariffRow } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, list, number, struct, text, time, type ValueOf } from '../shape.ts'
import { actionPlanShape } from '../shapes/action-plan.ts'
import { pageShape } from '../shapes/event.ts'
import type { AccountPlans, ActionServices } from './actions.ts'
import type { RpcDefaults } from './defaults.ts'
import { reloadScheduler } from './scheduler.ts'

/** What the methods of action plans ask of the engine. */
export interface ActionPlanServices extends ActionServices {
  accounts: {
    plansOf(tenant: string, id: string): Promise<readonly string[]>
    /** Takes an account out of a plan. */
    leave(planId: string, tenant: string, id: string): Promise<void>
  }
  newUuid(): string
}

const planTimingShape = struct('v1.AttrActionPlan', {
  ActionsId: text,
  Years: text,
  Months: text,
  MonthDays: text,
  WeekDays: text,
  Time: text,
  TimingID: text,
  Weight: number,
})

const planFields = { Id: text, ActionPlan: list(planTimingShape), Overwrite: boolean, ReloadScheduler: boolean }
const idShape = struct('v1.AttrGetActionPlan', { ID: text })

/** Action plans. Reference 01, 9.6; 04, 12 and 13.3. */
export function actionPlanMethods(services: ActionPlanServices, defaults: RpcDefaults): Method[] {
  const { tariff, accounts, scheduler } = services
  const setting = (name: string, summary: string, accountIdsOf: (ids: readonly string[]) => readonly string[]) =>
    method(`APIerSv1.${name}`, {
      summary:
        `${summary} Errors: MANDATORY_IE_MISSING, EXISTS without Overwrite, BROKEN_REFERENCE, UNSUPPORTED_FORMAT, ` +
        'SCHEDULER_NOT_RUNNING.',
      params: struct('v1.AttrSetActionPlan', { ...planFields, AccountIDs: list(text) }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Id', 'ActionPlan')
        await setPlan(services, argument, accountIdsOf(argument.AccountIDs), `APIerSv1.${name}`)
        if (argument.ReloadScheduler) await reloadScheduler(scheduler)
        return 'OK'
      },
    })
  return [
    setting('SetActionPlan', 'Sets a plan; it has no accounts then.', () => []),
    setting('SetActionPlanAccounts', 'Sets a plan with its accounts.', (ids) =>
      ids.map((id) => (id.includes(':') ? id : accountKey(defaults.tenant, id))),
    ),
    method('APIerSv1.GetActionPlan', {
      summary: 'A plan by id; every plan when the id is empty or *. Errors: NOT_FOUND.',
      params: idShape,
      reply: list(actionPlanShape),
      run({ ID: id }) {
        const plans = scheduler.plans().filter((plan) => id === '' || id === '*' || plan.id === id)
        if (plans.length === 0) throw new NotFound()
        return plans.map(actionPlanWire)
      },
    }),
    method('APIerSv1.GetActionPlanIDs', {
      summary: 'Ids of action plans. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      run(argument) {
        const ids = [...(tariff.rows.get('ActionPlans')?.keys() ?? [])].filter((id) => id.includes(argument.Search))
        if (ids.length === 0) throw new NotFound()
        return page(ids.sort(), argument)
      },
    }),
    method('APIerSv1.RemoveActionPlan', {
      summary: 'Removes a plan, its accounts leave it; an unknown one is no error. Errors: MANDATORY_IE_MISSING: [ID].',
      params: idShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ID')
        await putPlan(services, argument.ID, () => undefined, [])
        return 'OK'
      },
    }),
    method('APIerSv1.GetAccountActionPlan', {
      summary: 'The action timings of an account. Errors: MANDATORY_IE_MISSING: [Account ].',
      params: struct('utils.TenantAccount', { Tenant: text, Account: text }),
      reply: list(
        struct('v1.AccountActionTiming', { ActionPlanId: text, Uuid: text, ActionsId: text, NextExecTime: time }),
      ),
      async run({ Tenant: tenant, Account: id }) {
        if (id === '') throw new RpcError('MANDATORY_IE_MISSING: [Account ]')
        const planIds = await accounts.plansOf(tenant || defaults.tenant, id)
        return planIds.flatMap((planId) =>
          (services.timingsOf(planId) ?? []).map((timing) => ({
            ActionPlanId: planId,
            Uuid: timing.uuid,
            ActionsId: timing.actionsId,
            NextExecTime: nextRunText(services, timing),
          })),
        )
      },
    }),
    ...['ComputeAccountActionPlans', 'ComputeActionPlanIndexes'].map((name) =>
      method(`APIerSv1.${name}`, {
        summary: 'Does nothing: which accounts are in which plans is always up to date.',
        params: any,
        reply: OK,
        run: () => 'OK',
      }),
    ),
    method('APIerSv1.RemoveActionTiming', {
      summary:
        'Takes an account out of a plan, or a timing, or removes the whole plan. ' +
        'Errors: MANDATORY_IE_MISSING: [ActionPlanId], SERVER_ERROR: NOT_FOUND, SCHEDULER_NOT_RUNNING.',
      params: struct('v1.AttrRemoveActionTiming', {
        ActionPlanId: text,
        ActionTimingId: text,
        Tenant: text,
        Account: text,
        ReloadScheduler: boolean,
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ActionPlanId')
        const { ActionPlanId: planId, ActionTimingId: timingId, Tenant: tenant, Account: id } = argument
        if (services.timingsOf(planId) === undefined) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        if (id !== '') await accounts.leave(planId, tenant || defaults.tenant, id)
        else await removeTiming(services, planId, timingId)
        if (argument.ReloadScheduler) await reloadScheduler(scheduler)
        return 'OK'
      },
    }),
  ]
}

/** A plan as clients read it. */
export function actionPlanWire({ id, accountIds, timings }: ActionPlan): Record<string, unknown> {
  return {
    Id: id,
    AccountIDs: accountIds.length === 0 ? null : Object.fromEntries(accountIds.map((each) => [each, true])),
    ActionTimings: timings.map(({ uuid, timing, actionsId, weight }) => ({
      Uuid: uuid,
      Timing: { Timing: timingWire(timing), Rating: null, Weight: 0 },
      ActionsID: actionsId,
      ExtraData: null,
      Weight: weight,
    })),
  }
}

/** When a timing runs next; what runs at load runs now. */
function nextRunText(services: ActionPlanServices, timing: ActionTiming): string {
  const now = services.now()
  if (isAtLoad(timing)) return formatTime({ ns: (now.ns / 1_000_000_000n) * 1_000_000_000n, zone: now.zone })
  const ns = nextRun(timing.timing, now, now)
  return formatTime(ns === undefined ? ZERO_TIME : { ns, zone: now.zone })
}

/** Without a timing the whole plan; so too when the last timing goes. */
async function removeTiming(services: ActionPlanServices, planId: string, timingId: string): Promise<void> {
  const left = (rows: readonly TariffRow[]) =>
    timingId === '' ? [] : rows.filter(({ more }) => more?.uuid !== timingId)
  await putPlan(services, planId, (rows) => left(rows), undefined)
}

async function setPlan(
  services: ActionPlanServices,
  {
    Id: id,
    ActionPlan: timings,
    Overwrite: isOverwriting,
  }: { Id: string; ActionPlan: PlanTiming[]; Overwrite: boolean },
  accountIds: readonly string[],
  place: string,
): Promise<void> {
  for (const { ActionsId: actionsId, Time: time } of timings) {
    const missing = [actionsId === '' ? ['ActionsId'] : [], time === '' ? ['Time'] : []].flat()
    if (missing.length > 0) throw new RpcError(`MANDATORY_IE_MISSING:Action:${actionsId}:[${missing.join(' ')}]`)
  }
  const made = timings.map((timing) => rowOf(services, id, timing, place))
  await putPlan(
    services,
    id,
    (held) => {
      if (held.length > 0 && !isOverwriting) throw new RpcError('EXISTS')
      return made
    },
    accountIds,
  )
}

/**
 * Puts the rows of a plan and, when they are given, its accounts: one commit. edit: the rows to have, none to remove the plan,
 * which takes its accounts out too.
 */
export async function putPlan(
  services: ActionPlanServices,
  id: string,
  edit: (held: readonly TariffRow[]) => readonly TariffRow[] | undefined,
  accountIds: readonly string[] | undefined,
): Promise<void> {
  let members = accountIds
  await services.tariff.change(
    (rows) => {
      const after = edit(rows.get('ActionPlans')?.get(id) ?? []) ?? []
      if (after.length > 0) return new Map([['ActionPlans', new Map([[id, after]])]])
      members = []
      if (rows.get('ActionPlans')?.has(id) !== true) return new Map()
      return new Map([['ActionPlans', new Map([[id, undefined]])]])
    },
    (_, plans) => {
      if (members !== undefined) putMembers(plans, id, services.accountsOf(id), members)
    },
  )
}

function putMembers(plans: AccountPlans, planId: string, held: readonly string[], wanted: readonly string[]): void {
  for (const accountId of held) {
    if (wanted.includes(accountId)) continue
    plans.put(
      accountId,
      plans.of(accountId).filter((each) => each !== planId),
    )
  }
  for (const accountId of wanted) plans.put(accountId, [...new Set([...plans.of(accountId), planId])])
}

type PlanTiming = ValueOf<typeof planTimingShape>

function rowOf(services: ActionPlanServices, id: string, argument: PlanTiming, place: string): TariffRow {
  const { ActionsId: actionsId, TimingID: timingId, Weight: weight } = argument
  if (services.actionsOf(actionsId) === undefined) throw new RpcError(`BROKEN_REFERENCE:${actionsId}`)
  const timing = timingOf(services, argument)
  return {
    values: [id, actionsId, timingId, Decimal.ofNumber(weight).toString()],
    place,
    more: { uuid: services.newUuid(), timings: [timing] },
  }
}

/**
 * Built-in names stand for the moment of this call and leave the other fields aside; of a stored timing only the end is taken.
 * Throws RpcError UNSUPPORTED_FORMAT for a time that is none. Reference 04, 13.3.
 */
function timingOf(services: ActionPlanServices, argument: PlanTiming): Timing {
  const { Time: time, TimingID: id } = argument
  const now = services.now()
  const refused = () => new RpcError(`UNSUPPORTED_FORMAT:${time}`)
  if (time.startsWith('*') && time !== AS_SOON_AS_POSSIBLE && !time.includes(':')) {
    const builtIn = time === '*any' ? undefined : builtInTiming(time, now)
    if (builtIn === undefined) throw refused()
    return builtIn
  }
  const timing = {
    id,
    years: numbers(argument.Years),
    months: numbers(argument.Months),
    monthDays: numbers(argument.MonthDays),
    weekDays: weekDays(argument.WeekDays),
    startTime: time,
    endTime: services.timing(id)?.endTime ?? '',
  }
  if (!time.startsWith('+') && time.length > 8) throw refused()
  try {
    nextRun(timing, now, now)
  } catch (cause) {
    throw cause instanceof InvalidText ? refused() : cause
  }
  return timing
}
