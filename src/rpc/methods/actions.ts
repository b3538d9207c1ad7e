import { accountKey } from '../../accounting/account.ts'
import { type Action, type ActionRow, readAction, timingsNamed, weightAt } from '../../accounting/action.ts'
import { actionRowWire, actionWire, type StoredAction } from '../../accounting/action-wire.ts'
import { Decimal } from '../../core/decimal.ts'
import { NotFound } from '../../core/errors.ts'
import type { Unit } from '../../store/unit-of-work.ts'
import type { TariffChanges, TariffRow, TariffRows } from '../../tariffs/tariff-rows.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, integer, list, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { actionShape, actionTextShape, actionTextV1Shape } from '../shapes/action.ts'
import type { RpcDefaults } from './defaults.ts'
import { runSet, type SchedulerServices } from './scheduler.ts'

/** Plans of accounts within a change of the tariff. */
export type AccountPlans = {
  of(accountId: string): readonly string[]
  put(accountId: string, planIds: readonly string[]): void
}

/** What the methods that change a tariff ask of it: see TariffState. */
export interface TariffEditor {
  readonly rows: TariffRows
  change(edit: (rows: TariffRows) => TariffChanges, also?: (unit: Unit, plans: AccountPlans) => void): Promise<void>
}

/** What the methods of actions ask of the engine. */
export interface ActionServices extends SchedulerServices {
  tariff: TariffEditor
}

/** Sets of actions. Reference 01, 9.6; 04, 13.2. */
export function actionMethods(services: ActionServices, defaults: RpcDefaults): Method[] {
  const { tariff } = services
  return [
    method('APIerSv1.GetActions', {
      summary: 'The actions of a set, as text. Errors: MANDATORY_IE_MISSING ActionsId: , SERVER_ERROR: NOT_FOUND.',
      params: text,
      reply: list(actionTextShape),
      run(id) {
        if (id === '') throw new RpcError('MANDATORY_IE_MISSING ActionsId: ')
        return storedSet(services, id).map((stored) => actionRowWire(stored, services.now()))
      },
    }),
    method('APIerSv2.GetActions', {
      summary: 'Sets of actions by id; all when none is named. Errors: SERVER_ERROR: NOT_FOUND.',
      params: struct('v2.AttrGetActions', { ActionIDs: list(text), Offset: pointer(integer), Limit: pointer(integer) }),
      reply: map(list(actionShape)),
      run(argument) {
        const named = argument.ActionIDs
        const ids = named.length > 0 ? named : [...(tariff.rows.get('Actions')?.keys() ?? [])].sort()
        return Object.fromEntries(page(ids, argument).map((id) => [id, storedSet(services, id).map(actionWire)]))
      },
    }),
    method('APIerSv2.GetActionsCount', {
      summary: 'How many sets of actions there are. Errors: NOT_FOUND when there is none.',
      params: struct('v2.AttrGetActionsCount', {}),
      reply: integer,
      run() {
        const count = tariff.rows.get('Actions')?.size ?? 0
        if (count === 0) throw new NotFound()
        return count
      },
    }),
    method('APIerSv1.SetActions', {
      summary: 'Sets a set of actions; amounts are numbers. Errors: MANDATORY_IE_MISSING, EXISTS without Overwrite.',
      params: struct('v1.V1AttrSetActions', { ActionsId: text, Overwrite: boolean, Actions: list(actionTextV1Shape) }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ActionsId', 'Actions')
        const actions = argument.Actions.map(({ Units: units, BalanceWeight: weight, Filters: filters, ...rest }) => ({
          ...rest,
          Units: units.toString(),
          BalanceWeight: weight === null ? '' : Decimal.ofNumber(weight).toString(),
          Filters: filters.join(';'),
        }))
        for (const action of actions) requireOf(action, ['Identifier'])
        await setActions(services, { ...argument, Actions: actions }, 'APIerSv1.SetActions')
        return 'OK'
      },
    }),
    method('APIerSv2.SetActions', {
      summary: 'Sets a set of actions; all is text. Errors: MANDATORY_IE_MISSING, EXISTS without Overwrite.',
      params: setActionsShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'ActionsId', 'Actions')
        for (const action of argument.Actions)
          requireOf(action, action.BalanceType === '' ? ['Identifier'] : ['Identifier', 'Units'])
        await setActions(services, argument, 'APIerSv2.SetActions')
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveActions', {
      summary: 'Removes sets of actions; an unknown one is no error. Errors: NOT_FOUND without a list.',
      params: struct('v1.AttrRemoveActions', { ActionIDs: pointer(list(text)) }),
      reply: OK,
      async run({ ActionIDs: ids }) {
        if (ids === null) throw new NotFound()
        await tariff.change((rows) => {
          const held = ids.filter((id) => rows.get('Actions')?.has(id) === true)
          return new Map([['Actions', new Map(held.map((id): [string, undefined] => [id, undefined]))]])
        })
        return 'OK'
      },
    }),
    method('APIerSv1.ExecuteAction', {
      summary:
        'Runs a set now for an account, which is made when it is unknown. Errors: NOT_FOUND, PARTIALLY_EXECUTED.',
      params: struct('utils.AttrExecuteAction', { Tenant: text, Account: text, ActionsId: text, APIOpts: map(any) }),
      reply: OK,
      async run({ Tenant: tenant, Account: id, ActionsId: actionsId }) {
        await runSet(services, id === '' ? '' : accountKey(tenant || defaults.tenant, id), actionsId)
        return 'OK'
      },
    }),
  ]
}

const setActionsShape = struct('utils.AttrSetActions', {
  ActionsId: text,
  Overwrite: boolean,
  Actions: list(actionTextShape),
})

/** The set and how it was stored. Throws RpcError. */
export function storedSet(services: ActionServices, id: string): StoredAction[] {
  const rows = services.tariff.rows.get('Actions')?.get(id) ?? []
  const actions: readonly Action[] | undefined = services.actionsOf(id)
  if (actions === undefined) throw new RpcError('SERVER_ERROR: NOT_FOUND')
  return actions.map((action, i) => ({ action, isWhole: rows[i]?.more?.isWhole === true }))
}

type ActionText = ValueOf<typeof actionTextShape>

function requireOf(action: ActionText, names: readonly (keyof ActionText)[]): void {
  const missing = names.filter((name) => action[name] === '')
  if (missing.length > 0) throw new RpcError(`MANDATORY_IE_MISSING:Action:${action.Identifier}:[${missing.join(' ')}]`)
}

async function setActions(
  services: ActionServices,
  { ActionsId: id, Overwrite: isOverwriting, Actions: actions }: ValueOf<typeof setActionsShape>,
  place: string,
): Promise<void> {
  const nowMs = Number(services.now().ns / 1_000_000n)
  const rows = actions.map((action) => plainly(() => rowOf(id, action, services, nowMs, place)))
  await services.tariff.change((held) => {
    if (!isOverwriting && held.get('Actions')?.has(id) === true) throw new RpcError('EXISTS')
    return new Map([['Actions', new Map([[id, rows]])]])
  })
}

/** The row of an action; what cannot be read is told here, in the words of the reference. Throws InvalidText. */
function rowOf(id: string, action: ActionText, services: ActionServices, nowMs: number, place: string): TariffRow {
  const timings = timingsNamed(action.TimingTags, (timingId) => services.timing(timingId))
  const cells: ActionRow = {
    id,
    action: action.Identifier,
    extraParameters: action.ExtraParameters,
    filters: action.Filters,
    balanceId: action.BalanceId,
    balanceType: action.BalanceType,
    categories: action.Categories,
    destinationIds: action.DestinationIds,
    ratingSubject: action.RatingSubject,
    sharedGroups: action.SharedGroups,
    expiryTime: action.ExpiryTime,
    timingIds: action.TimingTags,
    units: action.Units,
    balanceWeight: weightAt(action.BalanceWeight, nowMs),
    balanceBlocker: action.BalanceBlocker,
    balanceDisabled: action.BalanceDisabled,
    weight: Decimal.ofNumber(action.Weight).toString(),
  }
  // A `*reset_triggers` without anything else is for every trigger.
  const isWhole = action.Identifier !== '*reset_triggers'
  readAction({ ...cells, isWhole }, timings)
  return {
    values: Object.values(cells) as string[],
    place,
    more: {
      ...(isWhole ? { isWhole } : {}),
      ...(timings.length > 0 ? { timings } : {}),
      ...(action.BalanceUuid === '' ? {} : { balanceUuid: action.BalanceUuid }),
    },
  }
}
