import { type Account, accountKey } from '../../accounting/account.ts'
import type { Action } from '../../accounting/action.ts'
import { Decimal } from '../../core/decimal.ts'
import { NotFound } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import type { ZonedTime } from '../../core/time.ts'
import type { Timing } from '../../rating/model.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { plainly } from '../plainly.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, decimal, list, map, pointer, struct, text } from '../shape.ts'
import { absolute, readBalanceArgument } from '../shapes/balance-argument.ts'
import type { RpcDefaults } from './defaults.ts'

/** Actions that run together. extra: fields for the CDRs that they make. */
export type ActionSet = { actions: readonly Action[]; extra: EventFields }

/** What the methods of balances ask of the engine. */
export interface BalanceServices {
  runner: {
    /** Runs sets for an account as one durable change; throws a TollgateError PARTIALLY_EXECUTED when one fails. */
    run(accountId: string, setsOf: (account: Account | undefined) => readonly ActionSet[]): Promise<void>
  }
  timing(id: string): Timing | undefined
  now(): ZonedTime
}

/** What one balance argument of these methods says. */
type BalanceChange = {
  BalanceType: string
  Value?: Decimal
  Balance: EventFields
  ActionExtraData: EventFields
  Cdrlog?: boolean
}

const change = { BalanceType: text, Value: decimal, Balance: map(any), ActionExtraData: map(any) }
const NO_BALANCE_ID = 'MANDATORY_IE_MISSING: [BalanceID or BalanceUUID]'

/** Balances of accounts: each call is one commit. Reference 01, 9.6; 04, 13.1. */
export function balanceMethods(services: BalanceServices, defaults: RpcDefaults): Method[] {
  const { runner } = services
  const keyOf = (argument: { Tenant: string; Account: string }) =>
    accountKey(argument.Tenant || defaults.tenant, argument.Account)
  const setOf = (type: string, argument: BalanceChange) => balanceSet(services, type, argument)
  const changing = (name: string, summary: string, type: string, resetting: string) =>
    method(`APIerSv1.${name}`, {
      summary: `${summary} Errors: MANDATORY_IE_MISSING, PARTIALLY_EXECUTED, NOT_FOUND for an unknown timing.`,
      params: struct('v1.AttrAddBalance', {
        Tenant: text,
        Account: text,
        ...change,
        Overwrite: boolean,
        Cdrlog: boolean,
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account', 'BalanceType')
        const set = setOf(argument.Overwrite ? resetting : type, argument)
        await run(runner, keyOf(argument), () => [set])
        return 'OK'
      },
    })
  return [
    changing('AddBalance', 'Adds to the matching balances, or makes one.', '*topup', '*topup_reset'),
    changing('DebitBalance', 'Takes from the matching balances, or makes one.', '*debit', '*debit_reset'),
    method('APIerSv1.SetBalance', {
      summary: `Overwrites the given fields of one balance, or makes it. Errors: ${NO_BALANCE_ID}, PARTIALLY_EXECUTED.`,
      params: struct('utils.AttrSetBalance', { Tenant: text, Account: text, ...change, Cdrlog: boolean }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account', 'BalanceType')
        const set = setOf('*set_balance', argument)
        requireBalanceId(set)
        await run(runner, keyOf(argument), () => [set])
        return 'OK'
      },
    }),
    method('APIerSv1.SetBalances', {
      summary: `SetBalance for several balances of one account: all of them, or none. Errors: ${NO_BALANCE_ID}, PARTIALLY_EXECUTED.`,
      params: struct('utils.AttrSetBalances', {
        Tenant: text,
        Account: text,
        Balances: list(struct('utils.AttrBalance', { ...change, Cdrlog: boolean })),
      }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account', 'Balances')
        const sets = argument.Balances.map((each) => setOf('*set_balance', each))
        for (const set of sets) requireBalanceId(set)
        await run(runner, keyOf(argument), () => sets)
        return 'OK'
      },
    }),
    method('APIerSv1.RemoveBalances', {
      summary:
        'Removes the balances that match; without a Balance all of the type. Errors: MANDATORY_IE_MISSING, ' +
        'NOT_FOUND for an unknown account, PARTIALLY_EXECUTED when nothing matches.',
      params: struct('utils.AttrSetBalance', { Tenant: text, Account: text, ...change, Cdrlog: boolean }),
      reply: OK,
      async run(argument) {
        requireFields(argument, 'Account', 'BalanceType')
        const set = setOf('*remove_balance', argument)
        const isOfType = Object.keys(argument.Balance).length === 0
        await run(runner, keyOf(argument), (account) => {
          if (account === undefined) throw new NotFound()
          return isOfType && (account.balances[argument.BalanceType] ?? []).length === 0 ? [] : [set]
        })
        return 'OK'
      },
    }),
    method('APIerSv1.TransferBalance', {
      summary:
        'Moves units from one balance to another. Errors: MANDATORY_IE_MISSING, SERVER_ERROR: PARTIALLY_EXECUTED.',
      params: struct('utils.AttrTransferBalance', {
        Tenant: text,
        SourceAccountID: text,
        SourceBalanceID: text,
        DestinationAccountID: text,
        DestinationBalanceID: text,
        DestinationReferenceValue: pointer(decimal),
        Units: decimal,
        Cdrlog: boolean,
        APIOpts: map(any),
      }),
      reply: text,
      async run(argument) {
        requireFields(argument, 'SourceAccountID', 'SourceBalanceID', 'DestinationAccountID', 'DestinationBalanceID')
        const tenant = argument.Tenant || defaults.tenant
        const parameters = {
          DestinationAccountID: accountKey(tenant, argument.DestinationAccountID),
          DestinationBalanceID: argument.DestinationBalanceID,
          DestinationReferenceValue: argument.DestinationReferenceValue ?? undefined,
        }
        const transfer = {
          ...actionOf('*transfer_balance', argument.Units),
          balance: { id: argument.SourceBalanceID },
          extraParameters: JSON.stringify(parameters),
        }
        const actions = argument.Cdrlog ? [transfer, actionOf('*cdrlog', undefined)] : [transfer]
        await runner.run(accountKey(tenant, argument.SourceAccountID), (account) => {
          if (account === undefined) throw new RpcError('SERVER_ERROR: PARTIALLY_EXECUTED')
          return [{ actions, extra: {} }]
        })
        return ''
      },
    }),
  ]
}

/** Runs sets; that one of them has failed is told bare. */
async function run(
  runner: BalanceServices['runner'],
  accountId: string,
  setsOf: (account: Account | undefined) => readonly ActionSet[],
): Promise<void> {
  await runner.run(accountId, setsOf).catch(bare)
}

/** PARTIALLY_EXECUTED without a prefix. */
export function bare(cause: unknown): never {
  if (cause instanceof Error && cause.message === 'PARTIALLY_EXECUTED') throw new RpcError(cause.message)
  throw cause
}

/** The actions behind a change: the balance action, the account event, and the CDR when it is asked for. */
function balanceSet(services: BalanceServices, type: string, argument: BalanceChange): ActionSet {
  const { Value: top = Decimal.ZERO, Balance: fields, BalanceType: balanceType, ActionExtraData: extra } = argument
  const context = { now: services.now(), timingOf: (id: string) => services.timing(id) }
  const { filter, value } = plainly(() => readBalanceArgument(fields, context))
  const action = { ...actionOf(type, top.isZero ? value : absolute(top)), balanceType, balance: filter }
  const published = [action, actionOf('*publish_account', undefined)]
  const actions = argument.Cdrlog === true ? [...published, actionOf('*cdrlog', undefined)] : published
  return { actions, extra }
}

function actionOf(type: string, amount: Decimal | undefined): Action {
  const units = amount === undefined ? undefined : ({ kind: 'static', amount } as const)
  return {
    id: '',
    type,
    extraParameters: '',
    filters: [],
    balanceType: '',
    balance: {},
    expiryTime: '',
    units,
    weight: 0,
  }
}

function requireBalanceId({ actions: [action] }: ActionSet): void {
  const { uuid = '', id = '' } = action?.balance ?? {}
  if (uuid === '' && id === '') throw new RpcError(NO_BALANCE_ID)
}
