import { Decimal } from '../core/decimal.ts'
import type { EventValue } from '../core/event.ts'
import type { ZonedTime } from '../core/time.ts'
import { type MessageReader, treeSteps } from '../mapping/context.ts'
import { TemplateError, type Value } from '../mapping/value.ts'
import type { Account } from './account.ts'
import { accountWire } from './account-wire.ts'
import { isActiveAt, isExpired } from './select.ts'

/** An account at the moment in which it is asked. */
export type AccountAt = { account: Account; now: ZonedTime }

/**
 * Reads `~*req` of the filters of actions: the account as the API shows it, members of a list by number or ID, and
 * `BalanceMap.<type>.GetTotalValue`. What is not there is not found. Reference 04, 2.7.
 */
export const ACCOUNT_READER: MessageReader<AccountAt, never> = {
  compileRequestPath(path) {
    const steps = treeSteps(path).map(String)
    const [first, type = '', last] = steps
    if (first === 'BalanceMap' && last === 'GetTotalValue' && steps.length === 3)
      return ({ account, now }) => totalValue(account, type, now)
    return ({ account }) => {
      let node: EventValue | undefined = accountWire(account) as EventValue
      for (const step of steps) {
        if (node === undefined) return undefined
        node = memberOf(node, step)
      }
      return node as Value
    }
  },
  compileItemPath(path) {
    throw new TemplateError(`*item.${path}: an account has no repeated groups`)
  },
  compileGroupPath(path) {
    throw new TemplateError(`${path}: an account has no repeated groups`)
  },
}

function memberOf(node: EventValue, step: string): EventValue | undefined {
  if (node === null || typeof node !== 'object' || node instanceof Decimal) return undefined
  if (!Array.isArray(node)) return Object.hasOwn(node, step) ? (node as Record<string, EventValue>)[step] : undefined
  const members = node as readonly EventValue[]
  return /^\d+$/.test(step) ? members[Number(step)] : members.find((member) => memberOf(member, 'ID') === step)
}

/** Sum of the balances that count now, negative ones among them. */
function totalValue(account: Account, type: string, now: ZonedTime): Decimal | undefined {
  const balances = account.balances[type]
  return balances
    ?.filter((balance) => !balance.disabled && !isExpired(balance, now.ns) && isActiveAt(balance, now))
    .reduce((sum, { value }) => sum.plus(value), Decimal.ZERO)
}
