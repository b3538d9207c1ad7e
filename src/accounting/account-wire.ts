import { formatTime, ZERO_TIME } from '../core/time.ts'
import { type Account, accountKey, type Balance } from './account.ts'
import { timingsWire } from './timing-wire.ts'
import { countersWire, triggerWire } from './trigger-wire.ts'

/** An account as APIerSv2.GetAccount shows it: JSON values and Decimals, in the order of the reference; tables by key. 04, 2.1. */
export function accountWire(account: Account): Record<string, unknown> {
  const types = Object.entries(account.balances)
  const map = types.map(([type, list]) => [type, list.length === 0 ? null : list.map(balanceWire)])
  return {
    ID: accountKey(account.tenant, account.id),
    BalanceMap: types.length === 0 ? null : byKey(Object.fromEntries(map)),
    UnitCounters: countersWire(account),
    ActionTriggers: account.watch?.triggers.map(triggerWire) ?? null,
    AllowNegative: account.allowNegative,
    Disabled: account.disabled,
    UpdateTime: formatTime({ ns: BigInt(account.updatedAtMs) * 1_000_000n, zone: 'UTC' }),
  }
}

function balanceWire(balance: Balance): Record<string, unknown> {
  const { timings, factors } = balance
  const expires = balance.expiresAtNs === null ? ZERO_TIME : { ns: balance.expiresAtNs, zone: 'UTC' }
  return {
    Uuid: balance.uuid,
    ID: balance.id,
    Value: balance.value,
    ExpirationDate: formatTime(expires),
    Weight: balance.weight,
    DestinationIDs: byKey(balance.destinationIds),
    RatingSubject: balance.ratingSubject,
    Categories: byKey(balance.categories),
    SharedGroups: byKey(balance.sharedGroups),
    Timings: timingsWire(timings),
    TimingIDs: byKey(balance.timingIds),
    Disabled: balance.disabled,
    Factors: byKey(factors),
    Blocker: balance.blocker,
  }
}

/** A table in order of its keys, as Go prints it. */
function byKey<T>(table: Readonly<Record<string, T>> | null): Record<string, T> | null {
  return table && Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)))
}
