import { Decimal } from '../core/decimal.ts'
import type { BalanceSummary } from '../rating/call-cost.ts'
import { type Account, accountKey, type Balance, DEFAULT_BALANCE, newBalance } from './account.ts'
import type { Action } from './action.ts'
import { ActionRefused, type RunContext, type Touched } from './balance-actions.ts'
import { isExpired } from './select.ts'
import { unitsAt } from './units.ts'

/** destination: undefined when it is the source account itself. */
export type Transfer = { source: Account; destination: Account | undefined; touched: Touched }

type Place = { type: string; balance: Balance }

/** What ExtraParameters of `*transfer_balance` name. Reference 04, 11.5. */
type Target = { accountId: string; balanceId: string; reference: Decimal | undefined }

/**
 * Moves units from a balance of the account to one of the same type, which is made when it is missing. A negative amount moves
 * the other way; with a reference value the destination ends at it. Only `*default` may go below 0. accountOf: any account
 * by `tenant:account`. Throws ActionRefused with the texts of the reference. Reference 04, 11.5.
 */
export function transferBalance(
  account: Account,
  action: Action,
  context: RunContext,
  accountOf: (accountId: string) => Account | undefined,
): Transfer {
  const sourceId = action.balance.id ?? ''
  if (sourceId === '') throw new ActionRefused('source balance ID is missing')
  const target = targetOf(action.extraParameters)
  const own = accountKey(account.tenant, account.id)
  if (Object.keys(account.balances).length === 0)
    throw new ActionRefused(`account ${own} has no balances to transfer from`)
  const from = placeOf(account, sourceId, context)
  if (from === undefined) throw new ActionRefused('source balance not found or expired')
  const destination = accountOf(target.accountId)
  if (destination === undefined) throw new ActionRefused('retrieving destination account failed: NOT_FOUND')
  const found = destination.balances[from.type]?.find(({ id }) => id === target.balanceId)
  if (found !== undefined && isExpired(found, context.now.ns)) throw new ActionRefused('destination balance expired')
  const to = { type: from.type, balance: found ?? newBalance(context.newUuid(), target.balanceId, Decimal.ZERO) }
  const amount = target.reference?.minus(to.balance.value) ?? unitsAt(action.units, context.now)
  if (amount.isZero) throw new ActionRefused('transfer amount is missing or 0')
  const left = moved(from, amount.negate(), context, 'source', own)
  const filled = moved(to, amount, context, 'destination', target.accountId)
  const touched: Touched = {
    type: '',
    balance: left,
    value: amount,
    transfer: {
      destination: destination.id,
      source: summaryOf(from, left),
      target: summaryOf(to, filled),
    },
  }
  const changed = withBalance(account, from.type, left)
  if (target.accountId === own)
    return { source: withBalance(changed, to.type, filled), destination: undefined, touched }
  return { source: changed, destination: withBalance(destination, to.type, filled), touched }
}

function targetOf(parameters: string): Target {
  let named: Record<string, unknown>
  try {
    named = JSON.parse(parameters) as Record<string, unknown>
  } catch {
    throw new ActionRefused('ExtraParameters used to identify the destination balance are missing')
  }
  const text = (name: string) => String(named[name] ?? '')
  const reference = named['DestinationReferenceValue']
  return {
    accountId: text('DestinationAccountID'),
    balanceId: text('DestinationBalanceID'),
    reference: typeof reference === 'number' ? Decimal.ofNumber(reference) : undefined,
  }
}

/** The balance of that ID, of any type. */
function placeOf(account: Account, id: string, { now }: RunContext): Place | undefined {
  for (const [type, list] of Object.entries(account.balances)) {
    const balance = list.find((each) => each.id === id && !isExpired(each, now.ns))
    if (balance !== undefined) return { type, balance }
  }
  return undefined
}

function moved(
  { balance }: Place,
  amount: Decimal,
  { roundingDecimals }: RunContext,
  side: string,
  accountId: string,
): Balance {
  const value = balance.value.plus(amount).round(roundingDecimals, '*middle')
  if (amount.isNegative && value.isNegative && balance.id !== DEFAULT_BALANCE) {
    const units = twoDecimals(amount.negate())
    const which = `${side} balance "${balance.id}" (account "${accountId}")`
    throw new ActionRefused(`insufficient credits in ${which} for transfer of ${units} units`)
  }
  return { ...balance, value }
}

function twoDecimals(amount: Decimal): string {
  const [whole = '', fraction = ''] = amount.round(2, '*middle').toString().split('.')
  return `${whole}.${fraction.padEnd(2, '0')}`
}

function summaryOf({ type, balance: before }: Place, after: Balance): BalanceSummary {
  const { uuid, id, value, weight, disabled, factors } = after
  return { uuid, id: id || uuid, type, initial: before.value, value, weight, disabled, factors }
}

/** The account with a balance in its place, or after the others of its type. */
function withBalance(account: Account, type: string, balance: Balance): Account {
  const list = account.balances[type] ?? []
  const isHeld = list.some(({ uuid }) => uuid === balance.uuid)
  const updated = isHeld ? list.map((each) => (each.uuid === balance.uuid ? balance : each)) : [...list, balance]
  return { ...account, balances: { ...account.balances, [type]: updated } }
}
