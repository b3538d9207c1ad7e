import type { Decimal } from '../core/decimal.ts'
import type { Tariff } from '../rating/model.ts'
import { type Account, accountKey, type Balance } from './account.ts'
import { type CountedEvent, isCounted } from './debit-watch.ts'
import { type ReactionEnvironment, react, swept } from './reactions.ts'
import type { Credit } from './refund.ts'
import type { Counter } from './trigger.ts'

/**
 * A refunded account with what its counters had counted taken back, and after its triggers. event: what was refunded; an empty
 * toR: `*voice`. Reference 04, 6 and 9.
 */
export function watchedRefund(
  account: Account,
  credits: readonly Credit[],
  event: CountedEvent & { toR: string },
  tariff: Tariff,
  reactions: ReactionEnvironment,
): Account {
  const { watch } = account
  if (watch === undefined) return account
  const changed = new Set<string>()
  let { counters } = watch
  for (const { accountId, balanceUuid, amount } of credits) {
    if (accountId !== accountKey(account.tenant, account.id)) continue
    const found = find(account, balanceUuid)
    if (found === undefined) continue
    changed.add(balanceUuid)
    const kind = found.type === '*monetary' ? found.type : event.toR || '*voice'
    counters = counters.map((counter) => lessened(counter, kind, found.balance, amount, event, tariff))
  }
  return swept(react({ ...account, watch: { ...watch, counters } }, changed, reactions), reactions)
}

function lessened(
  counter: Counter,
  kind: string,
  balance: Balance,
  amount: Decimal,
  event: CountedEvent,
  tariff: Tariff,
): Counter {
  const isMeant = counter.kind === kind && isCounted(counter, balance, event, tariff)
  return isMeant ? { ...counter, value: counter.value.minus(amount) } : counter
}

function find({ balances }: Account, uuid: string): { type: string; balance: Balance } | undefined {
  for (const [type, list] of Object.entries(balances)) {
    const balance = list.find((each) => each.uuid === uuid)
    if (balance !== undefined) return { type, balance }
  }
  return undefined
}
