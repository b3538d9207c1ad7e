import type { Account } from '../../accounting/account.ts'
import { accountWire } from '../../accounting/account-wire.ts'
import { accountWireV1 } from '../../accounting/account-wire-v1.ts'
import { NotFound } from '../../core/errors.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { page } from '../page.ts'
import { RpcError } from '../rpc-error.ts'
import { boolean, integer, list, map, struct, text, type ValueOf } from '../shape.ts'
import { accountShape, accountV1Shape } from '../shapes/account.ts'
import { pageShape, tenantShape } from '../shapes/event.ts'
import type { RpcDefaults } from './defaults.ts'
import { reloadScheduler, type SchedulerSwitch } from './scheduler.ts'

/** What SetAccount changes; undefined leaves a flag, or the plans, as they are. */
export type AccountChange = {
  allowNegative: boolean | undefined
  disabled: boolean | undefined
  plans: PlanChange | undefined
  triggers: TriggerChange | undefined
}

/** Groups of action triggers that an account gets. isReplacing: all others go. */
export type TriggerChange = { ids: readonly string[]; isReplacing: boolean }

/**
 * Plans that an account is put into. isReplacing: it leaves all others. isRepeating: `*asap` actions run for an account that is
 * in the plan already, and a plan of these alone is run but not joined.
 */
export type PlanChange = { ids: readonly string[]; isReplacing: boolean; isRepeating: boolean }

/** What the methods of accounts ask of the engine. */
export interface AccountServices {
  accounts: {
    find(tenant: string, id: string): Promise<Account | undefined>
    ofTenant(tenant: string): AsyncIterable<Account>
    ids(tenant: string): Promise<string[]>
    /** True when the account has joined or left a plan. Throws NotFound for an unknown plan or group of triggers. */
    set(tenant: string, id: string, change: AccountChange): Promise<boolean>
    /** True when it was in a plan. */
    remove(tenant: string, id: string): Promise<boolean>
  }
  scheduler: SchedulerSwitch
}

const getAccountShape = struct('utils.AttrGetAccount', { Tenant: text, Account: text })

const getAccountsShape = struct('utils.AttrGetAccounts', {
  Tenant: text,
  AccountIDs: list(text),
  Offset: integer,
  Limit: integer,
  Filter: map(boolean),
})

const setAccountShape = struct('utils.AttrSetAccount', {
  Tenant: text,
  Account: text,
  ActionPlanID: text,
  ActionPlansOverwrite: boolean,
  ActionTriggersID: text,
  ActionTriggerOverwrite: boolean,
  ExtraOptions: map(boolean),
  ReloadScheduler: boolean,
})

const setAccountV2Shape = struct('v2.AttrSetAccount', {
  Tenant: text,
  Account: text,
  ActionPlanIDs: list(text),
  ActionPlansOverwrite: boolean,
  ActionTriggerIDs: list(text),
  ActionTriggerOverwrite: boolean,
  ExtraOptions: map(boolean),
  ReloadScheduler: boolean,
})

/** Accounts. Reference 01, 9.6; 04, 13.1. */
export function accountMethods(services: AccountServices, defaults: RpcDefaults): Method[] {
  const { accounts, scheduler } = services
  const tenantOf = ({ Tenant: tenant }: { Tenant: string }) => tenant || defaults.tenant
  const get = async (argument: ValueOf<typeof getAccountShape>): Promise<Account> => {
    const account = await accounts.find(tenantOf(argument), argument.Account)
    if (account === undefined) throw new NotFound()
    return account
  }
  const listed = (argument: ValueOf<typeof getAccountsShape>) => listAccounts(services, tenantOf(argument), argument)
  return [
    method('APIerSv1.GetAccount', {
      summary: 'One account with its balances, in the old layout. Errors: NOT_FOUND.',
      params: getAccountShape,
      reply: accountV1Shape,
      run: async (argument) => accountWireV1(await get(argument)),
    }),
    method('APIerSv2.GetAccount', {
      summary: 'One account with its balances. Errors: NOT_FOUND.',
      params: getAccountShape,
      reply: accountShape,
      run: async (argument) => accountWire(await get(argument)),
    }),
    method('APIerSv1.GetAccounts', {
      summary: 'Accounts of a tenant, or those of them that are named, in the old layout.',
      params: getAccountsShape,
      reply: list(accountV1Shape),
      run: async (argument) => (await listed(argument)).map(accountWireV1),
    }),
    method('APIerSv2.GetAccounts', {
      summary: 'Accounts of a tenant, or those of them that are named.',
      params: getAccountsShape,
      reply: list(accountShape),
      run: async (argument) => (await listed(argument)).map(accountWire),
    }),
    method('APIerSv1.GetAccountIDs', {
      summary: 'Ids of the accounts of a tenant. Errors: NOT_FOUND.',
      params: pageShape,
      reply: list(text),
      async run(argument) {
        const ids = (await accounts.ids(tenantOf(argument))).filter((id) => id.includes(argument.Search))
        if (ids.length === 0) throw new NotFound()
        return page(ids, argument)
      },
    }),
    method('APIerSv1.GetAccountsCount', {
      summary: 'How many accounts a tenant has.',
      params: tenantShape,
      reply: integer,
      run: async (argument) => (await accounts.ids(tenantOf(argument))).length,
    }),
    method('APIerSv2.GetAccountsCount', {
      summary: 'How many accounts a tenant has. Errors: NOT_FOUND when it has none.',
      params: tenantShape,
      reply: integer,
      async run(argument) {
        const { length } = await accounts.ids(tenantOf(argument))
        if (length === 0) throw new NotFound()
        return length
      },
    }),
    method('APIerSv1.SetAccount', {
      summary:
        'Makes or changes an account; a plan and a group of triggers that are given replace its others. ' +
        'Errors: MANDATORY_IE_MISSING: [Account], SERVER_ERROR: NOT_FOUND, SCHEDULER_NOT_RUNNING.',
      params: setAccountShape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { ActionTriggersID: triggersId } = argument
        const plans =
          argument.ActionPlanID === ''
            ? undefined
            : { ids: [argument.ActionPlanID], isReplacing: true, isRepeating: false }
        const isMoved = await accounts
          .set(tenantOf(argument), argument.Account, {
            ...flagsOf(argument.ExtraOptions),
            plans,
            triggers: triggersId === '' ? undefined : { ids: [triggersId], isReplacing: true },
          })
          .catch(wrapped)
        if (argument.ReloadScheduler && isMoved) await reloadScheduler(scheduler)
        return 'OK'
      },
    }),
    method('APIerSv2.SetAccount', {
      summary:
        'Makes or changes an account and adds plans and triggers to it; with ...Overwrite its others go. ' +
        'Errors: MANDATORY_IE_MISSING: [Account], SERVER_ERROR: NOT_FOUND, SCHEDULER_NOT_RUNNING.',
      params: setAccountV2Shape,
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const { ActionTriggerIDs: triggerIds, ActionTriggerOverwrite: isAllNew } = argument
        const { ActionPlanIDs: ids, ActionPlansOverwrite: isReplacing } = argument
        const isMoved = await accounts
          .set(tenantOf(argument), argument.Account, {
            ...flagsOf(argument.ExtraOptions),
            plans: ids.length === 0 && !isReplacing ? undefined : { ids, isReplacing, isRepeating: true },
            triggers: { ids: triggerIds, isReplacing: isAllNew },
          })
          .catch(wrapped)
        if (argument.ReloadScheduler && isMoved) await reloadScheduler(scheduler)
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveAccount', {
      summary:
        'Removes an account, from its plans too; one that is not there is no error. Errors: MANDATORY_IE_MISSING: [Account].',
      params: struct('utils.AttrRemoveAccount', { Tenant: text, Account: text, ReloadScheduler: boolean }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account')
        const wasMember = await accounts.remove(tenantOf(argument), argument.Account)
        if (argument.ReloadScheduler && wasMember) await reloadScheduler(scheduler)
        return 'OK'
      },
    }),
  ]
}

async function listAccounts(
  { accounts }: AccountServices,
  tenant: string,
  { AccountIDs: ids, Filter: filter, Limit, Offset }: ValueOf<typeof getAccountsShape>,
): Promise<Account[]> {
  const found: Account[] = []
  if (ids.length > 0) {
    for (const id of ids) {
      const account = await accounts.find(tenant, id)
      if (account !== undefined) found.push(account)
    }
  } else for await (const account of accounts.ofTenant(tenant)) found.push(account)
  const { AllowNegative: allowNegative, Disabled: disabled } = filter
  const kept = found.filter(
    (account) =>
      (allowNegative === undefined || account.allowNegative === allowNegative) &&
      (disabled === undefined || account.disabled === disabled),
  )
  return page(kept, { Limit, Offset })
}

function flagsOf({ AllowNegative: allowNegative, Disabled: disabled }: Record<string, boolean>) {
  return { allowNegative, disabled }
}

/** These methods wrap what is not there. */
function wrapped(cause: unknown): never {
  throw cause instanceof NotFound ? new RpcError(`SERVER_ERROR: ${cause.message}`) : cause
}
