import { formatTime, ZERO_TIME } from '../core/time.ts'
import type { Timing } from '../rating/model.ts'
import { type Account, accountKey, type Balance } from './account.ts'

/** An account as APIerSv2.GetAccount shows it: JSON values and Decimals, in the order of the reference. 04, 2.1. */
export function accountWire(account: Account): Record<string, unknown> {
  const types = Object.entries(account.balances)
  const map = types.map(([type, list]) => [type, list.length === 0 ? null : list.map(balanceWire)])
  return {
    ID: accountKey(account.tenant, account.id),
    BalanceMap: types.length === 0 ? null : Object.fromEntries(map),
    UnitCounters: null,
    ActionTriggers: null,
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
    DestinationIDs: balance.destinationIds,
    RatingSubject: balance.ratingSubject,
    Categories: balance.categories,
    SharedGroups: balance.sharedGroups,
    Timings: timingsWire(timings),
    TimingIDs: balance.timingIds,
    Disabled: balance.disabled,
    Factors: factors,
    Blocker: balance.blocker,
  }
}

export function timingsWire(timings: readonly Timing[] | null): Record<string, unknown>[] | null {
  return timings?.map(timingWire) ?? null
}

/** A timing as the API shows it. */
export function timingWire(timing: Timing): Record<string, unknown> {
  const { id, years, months, monthDays, weekDays, startTime, endTime } = timing
  return {
    ID: id,
    Years: years,
    Months: months,
    MonthDays: monthDays,
    WeekDays: weekDays,
    StartTime: startTime,
    EndTime: endTime,
  }
}
