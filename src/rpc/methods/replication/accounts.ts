import type { Account, Balance, NameSet } from '../../../accounting/account.ts'
import { accountWire } from '../../../accounting/account-wire.ts'
import { type ActionRow, readAction } from '../../../accounting/action.ts'
import type { ActionPlan } from '../../../accounting/action-plans.ts'
import { actionWire } from '../../../accounting/action-wire.ts'
import { nextRun } from '../../../accounting/plan-timing.ts'
import { Decimal } from '../../../core/decimal.ts'
import { isZeroTime } from '../../../core/time.ts'
import type { Timing } from '../../../rating/model.ts'
import type { TariffRow } from '../../../tariffs/tariff-rows.ts'
import { type Method, method, OK } from '../../method.ts'
import { RpcError } from '../../rpc-error.ts'
import { list, map, pointer, struct, text, type ValueOf } from '../../shape.ts'
import { accountShape } from '../../shapes/account.ts'
import { actionShape } from '../../shapes/action.ts'
import { actionPlanShape } from '../../shapes/action-plan.ts'
import { type ActionPlanServices, actionPlanWire, putPlan } from '../action-plans.ts'
import { storedSet } from '../actions.ts'
import { timingOf } from './rating.ts'
import { OPTIONS, reading, replicated, requireKey, withOptions } from './replicated.ts'
import { watchOf } from './triggers.ts'

/** What the methods of replicated accounts and actions ask of the engine. */
export interface ReplicatedAccountServices extends ActionPlanServices {
  accounts: ActionPlanServices['accounts'] & {
    find(tenant: string, id: string): Promise<Account | undefined>
    /** Puts an account in the place of the one of its name. */
    replace(account: Account): Promise<void>
    remove(tenant: string, id: string): Promise<unknown>
    /** Puts an account into these plans alone. */
    setPlans(tenant: string, id: string, edit: (held: readonly string[]) => readonly string[]): Promise<void>
  }
}

const accountSet = withOptions('engine.AccountWithAPIOpts', 'Account', accountShape)
const actionsSet = struct('engine.SetActionsArgsWithAPIOpts', { Key: text, Acs: list(actionShape), ...OPTIONS })
const planSet = struct('engine.SetActionPlanArgWithAPIOpts', {
  Key: text,
  Ats: pointer(actionPlanShape),
  ...OPTIONS,
})

/** Accounts, actions and action plans as another engine has them. Reference 01, 9.5; 10, A6 and B2. */
export function replicatedAccountMethods(services: ReplicatedAccountServices): Method[] {
  const { tariff, accounts, scheduler } = services
  const plansOf = async (key: string) => {
    const { tenant, id } = ownerOf(key)
    const plans = await accounts.plansOf(tenant, id)
    return plans.length === 0 ? undefined : plans
  }
  return [
    ...replicated({
      name: 'Account',
      object: accountShape,
      set: accountSet,
      async find(key) {
        const { tenant, id } = ownerOf(key)
        const account = await accounts.find(tenant, id)
        return account && accountWire(account)
      },
      async put({ Account: account }) {
        requireKey(account.ID, 'ID')
        await accounts.replace(accountOf(account, Number(services.now().ns / 1_000_000n)))
      },
      async remove(key) {
        const { tenant, id } = ownerOf(key)
        await accounts.remove(tenant, id)
      },
    }),
    ...replicated({
      name: 'Actions',
      object: list(actionShape),
      set: actionsSet,
      find: (id) => (services.actionsOf(id) === undefined ? undefined : storedSet(services, id).map(actionWire)),
      async put({ Key: id, Acs: actions }) {
        requireKey(id, 'Key')
        const rows = actions.map((action) => actionRow(id, action))
        await tariff.change(() => new Map([['Actions', new Map([[id, rows]])]]))
      },
      remove: (id) =>
        tariff.change((rows) => {
          const isHeld = rows.get('Actions')?.has(id) === true
          return new Map([['Actions', new Map(isHeld ? [[id, undefined]] : [])]])
        }),
    }),
    ...replicated({
      name: 'ActionPlan',
      object: actionPlanShape,
      set: planSet,
      find: (id) => planOf(services, id),
      async put({ Key: key, Ats: plan }) {
        const id = key || (plan?.Id ?? '')
        requireKey(id, 'Key')
        const rows = (plan?.ActionTimings ?? []).map((timing) => planRow(services, id, timing))
        const members = Object.entries(plan?.AccountIDs ?? {}).flatMap(([accountId, isIn]) => (isIn ? [accountId] : []))
        await putPlan(services, id, () => rows, members)
      },
      remove: (id) => putPlan(services, id, () => undefined, []),
    }),
    reading('AllActionPlans', map(actionPlanShape), () =>
      Object.fromEntries(scheduler.plans().map((plan) => [plan.id, actionPlanWire(plan)])),
    ),
    reading('AccountActionPlans', list(text), plansOf),
    method('ReplicatorSv1.SetAccountActionPlans', {
      summary: 'Puts an account into these plans alone. Errors: MANDATORY_IE_MISSING: [AcntID].',
      params: struct('engine.SetAccountActionPlansArgWithAPIOpts', { AcntID: text, AplIDs: list(text), ...OPTIONS }),
      reply: OK,
      async run({ AcntID: key, AplIDs: planIds }) {
        requireKey(key, 'AcntID')
        const { tenant, id } = ownerOf(key)
        await accounts.setPlans(tenant, id, () => planIds)
        return 'OK'
      },
    }),
    method('ReplicatorSv1.RemAccountActionPlans', {
      summary: 'Takes an account out of plans, of all when none is named. Errors: MANDATORY_IE_MISSING: [AcntID].',
      params: struct('engine.RemAccountActionPlansArgsWithAPIOpts', { AcntID: text, ApIDs: list(text), ...OPTIONS }),
      reply: OK,
      async run({ AcntID: key, ApIDs: planIds }) {
        requireKey(key, 'AcntID')
        const { tenant, id } = ownerOf(key)
        await accounts.setPlans(tenant, id, (held) =>
          planIds.length === 0 ? [] : held.filter((planId) => !planIds.includes(planId)),
        )
        return 'OK'
      },
    }),
  ]
}

/** `tenant:account`. */
function ownerOf(key: string): { tenant: string; id: string } {
  const colon = key.indexOf(':')
  return { tenant: key.slice(0, Math.max(colon, 0)), id: key.slice(colon + 1) }
}

function planOf({ scheduler }: ReplicatedAccountServices, id: string): Record<string, unknown> | undefined {
  const plan: ActionPlan | undefined = scheduler.plans().find((each) => each.id === id)
  return plan && actionPlanWire(plan)
}

/** An account as another engine shows it. Throws RpcError for one without tenant or name. */
export function accountOf(wire: ValueOf<typeof accountShape>, nowMs: number): Account {
  const { tenant, id } = ownerOf(wire.ID)
  if (tenant === '' || id === '')
    throw new RpcError(`SERVER_ERROR: account ID ${JSON.stringify(wire.ID)}, expected tenant:account`)
  const balances = Object.entries(wire.BalanceMap).map(([type, held]) => [type, held.map(balanceOf)])
  return {
    tenant,
    id,
    balances: Object.fromEntries(balances),
    allowNegative: wire.AllowNegative,
    disabled: wire.Disabled,
    updatedAtMs: nowMs,
    watch: watchOf(wire),
  }
}

type BalanceWire = ValueOf<typeof accountShape>['BalanceMap'][string][number]

function balanceOf(wire: BalanceWire): Balance {
  return {
    uuid: wire.Uuid,
    id: wire.ID,
    value: wire.Value,
    expiresAtNs: isZeroTime(wire.ExpirationDate) ? null : wire.ExpirationDate.ns,
    weight: wire.Weight,
    destinationIds: wire.DestinationIDs,
    ratingSubject: wire.RatingSubject,
    categories: wire.Categories,
    sharedGroups: wire.SharedGroups,
    timings: wire.Timings?.map(timingOf) ?? null,
    timingIds: wire.TimingIDs,
    disabled: wire.Disabled,
    factors: wire.Factors,
    blocker: wire.Blocker,
  }
}

type ActionWire = ValueOf<typeof actionShape>

/** The row that an action is kept as. Throws RpcError, InvalidText. */
function actionRow(id: string, wire: ActionWire): TariffRow {
  const balance = wire.Balance
  const sets = [balance?.DestinationIDs, balance?.Categories, balance?.SharedGroups, balance?.TimingIDs]
  const isWhole = balance !== null && balance.RatingSubject !== null && sets.every((set) => set !== null)
  const cells: ActionRow = {
    id,
    action: wire.ActionType,
    extraParameters: wire.ExtraParameters,
    filters: wire.Filters.join(';'),
    balanceId: balance?.ID ?? '',
    balanceType: balance?.Type ?? '',
    categories: setCell(balance?.Categories, isWhole),
    destinationIds: setCell(balance?.DestinationIDs, isWhole),
    ratingSubject: balance?.RatingSubject ?? '',
    sharedGroups: setCell(balance?.SharedGroups, isWhole),
    expiryTime: wire.ExpirationString,
    timingIds: setCell(balance?.TimingIDs, isWhole),
    units: unitsCell(balance?.Value),
    balanceWeight: balance?.Weight == null ? '' : Decimal.ofNumber(balance.Weight).toString(),
    balanceBlocker: flagCell(balance?.Blocker),
    balanceDisabled: flagCell(balance?.Disabled),
    weight: Decimal.ofNumber(wire.Weight).toString(),
  }
  for (const name of ['ExpirationDate', 'Factors'] as const)
    if (balance?.[name] != null)
      throw new RpcError(`SERVER_ERROR: actions ${id}: a ${name} in Balance is not kept by actions`)
  const timings = balance?.Timings.map(timingOf) ?? []
  readAction({ ...cells, isWhole }, timings)
  return {
    values: Object.values(cells) as string[],
    place: 'ReplicatorSv1.SetActions',
    more: {
      ...(isWhole ? { isWhole } : {}),
      ...(timings.length > 0 ? { timings } : {}),
      ...(balance?.Uuid ? { balanceUuid: balance.Uuid } : {}),
    },
  }
}

/** `A;!B`; a set that is there and empty is `*zero` where an empty cell would say nothing. */
function setCell(set: NameSet | undefined, isWhole: boolean): string {
  if (set == null) return ''
  const names = Object.entries(set).map(([name, isIncluded]) => (isIncluded ? name : `!${name}`))
  return names.length === 0 && !isWhole ? '*zero' : names.join(';')
}

function flagCell(flag: boolean | null | undefined): string {
  return flag == null ? '' : String(flag)
}

/** An amount, or a value formula as JSON. */
function unitsCell(value: NonNullable<ActionWire['Balance']>['Value'] | undefined): string {
  if (value == null) return ''
  if (value.Method === '') return value.Static.toString()
  const { Units: units, Interval, Increment } = value.Params
  return JSON.stringify({ Method: value.Method, Params: { Units: Number(String(units)), Interval, Increment } })
}

type PlanTimingWire = ValueOf<typeof actionPlanShape>['ActionTimings'][number]

/** Throws RpcError, InvalidText of a time that is none. */
function planRow(services: ReplicatedAccountServices, id: string, wire: PlanTimingWire): TariffRow {
  const timing: Timing | null = wire.Timing?.Timing ? timingOf(wire.Timing.Timing) : null
  if (timing === null) throw new RpcError(`SERVER_ERROR: action plan ${id}: an action timing has no Timing`)
  nextRun(timing, services.now(), services.now())
  return {
    values: [id, wire.ActionsID, timing.id, Decimal.ofNumber(wire.Weight).toString()],
    place: 'ReplicatorSv1.SetActionPlan',
    more: { uuid: wire.Uuid || services.newUuid(), timings: [timing] },
  }
}
