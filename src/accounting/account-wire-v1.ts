import { formatTime, ZERO_TIME } from '../core/time.ts'
import { type Account, accountKey, type Balance, type NameSet } from './account.ts'
import { timingsWire } from './timing-wire.ts'
import { countersWireV1, triggerWireV1 } from './trigger-wire.ts'

/** An account in the layout of APIerSv1.GetAccount: types with `*out`, sets as text. Reference 04, 2.3. */
export function accountWireV1(account: Account): Record<string, unknown> {
  const types = Object.entries(account.balances).filter(([, list]) => list.length > 0)
  return {
    Id: `*out:${accountKey(account.tenant, account.id)}`,
    BalanceMap: Object.fromEntries(types.map(([type, list]) => [`${type}*out`, list.map(balanceWireV1)])),
    UnitCounters: countersWireV1(account),
    ActionTriggers: account.watch?.triggers.map(triggerWireV1) ?? [],
    AllowNegative: account.allowNegative,
    Disabled: account.disabled,
  }
}

function balanceWireV1(balance: Balance): Record<string, unknown> {
  const expires = balance.expiresAtNs === null ? ZERO_TIME : { ns: balance.expiresAtNs, zone: 'UTC' }
  return {
    Uuid: balance.uuid,
    Id: balance.id,
    Value: balance.value,
    ExpirationDate: formatTime(expires),
    Weight: balance.weight,
    DestinationIds: names(balance.destinationIds),
    RatingSubject: balance.ratingSubject,
    Category: names(balance.categories),
    SharedGroup: names(balance.sharedGroups),
    Timings: timingsWire(balance.timings),
    TimingIDs: names(balance.timingIds),
    Disabled: balance.disabled,
  }
}

/** Names joined; this layout does not say which of them are excluded. */
function names(set: NameSet): string {
  return Object.keys(set ?? {}).join(';')
}
