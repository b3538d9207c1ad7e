import type { AccountSummary, BalanceSummary } from '../rating/call-cost.ts'
import { type Account, type Balance, newBalance } from './account.ts'
import { isExpired } from './select.ts'

/**
 * The account with its balances as a summary has them: each is found by its uuid, else by ID and type, else made; others stay. What has
 * expired is not found. Reference 04, 11.4 n4.
 */
export function resetToSummary(
  account: Account,
  { balances }: AccountSummary,
  { nowNs, newUuid }: { nowNs: bigint; newUuid: () => string },
): Account {
  const reset = new Map(Object.entries(account.balances))
  for (const summary of balances ?? []) {
    const list = reset.get(summary.type) ?? []
    const at = indexOf(list, summary, nowNs)
    const held = at < 0 ? newBalance(newUuid(), summary.id, summary.value) : list[at]
    if (held === undefined) continue
    const { id, value, weight, disabled, factors } = summary
    const changed = { ...held, id, value, weight, disabled, factors }
    reset.set(summary.type, at < 0 ? [...list, changed] : list.with(at, changed))
  }
  return { ...account, balances: Object.fromEntries(reset) }
}

function indexOf(list: readonly Balance[], { uuid, id }: BalanceSummary, nowNs: bigint): number {
  const isLive = (balance: Balance) => !isExpired(balance, nowNs)
  const byUuid = list.findIndex((balance) => balance.uuid === uuid && isLive(balance))
  return byUuid >= 0 ? byUuid : list.findIndex((balance) => balance.id === id && isLive(balance))
}
