import { formatTime, type ZonedTime } from '../core/time.ts'
import type { NameSet } from './account.ts'
import type { Action } from './action.ts'
import type { BalanceFilter } from './balance-filter.ts'
import { timingsWire } from './timing-wire.ts'
import { unitsAt } from './units.ts'

/** isWhole: empty texts are values, as API calls set them. Reference 04, 13.2. */
export type StoredAction = { action: Action; isWhole: boolean }

/** An action as APIerSv2.GetActions shows it: what it does not say is null. Reference 04, 11.1. */
export function actionWire({ action, isWhole }: StoredAction): Record<string, unknown> {
  const { balance } = action
  const blank = isWhole ? '' : null
  return {
    Id: action.id,
    ActionType: action.type,
    ExtraParameters: action.extraParameters,
    Filters: action.filters.length === 0 ? null : action.filters,
    ExpirationString: action.expiryTime,
    Weight: action.weight,
    Balance: balanceFilterWire(balance, action.balanceType, unitsWire(action), blank),
  }
}

/** What an action or a trigger says about balances; what it does not say is null, or `blank`. */
export function balanceFilterWire(
  balance: BalanceFilter,
  type: string,
  units: Record<string, unknown> | null = null,
  blank: string | null = null,
): Record<string, unknown> {
  const expires = balance.expiresAtNs
  return {
    Uuid: balance.uuid ?? blank,
    ID: balance.id ?? blank,
    Type: type || blank,
    Value: units,
    ExpirationDate: expires === undefined || expires === null ? null : formatTime({ ns: expires, zone: 'UTC' }),
    Weight: balance.weight ?? null,
    DestinationIDs: balance.destinationIds ?? null,
    RatingSubject: balance.ratingSubject ?? null,
    Categories: balance.categories ?? null,
    SharedGroups: balance.sharedGroups ?? null,
    TimingIDs: balance.timingIds ?? null,
    Timings: timingsWire(balance.timings ?? null),
    Disabled: balance.disabled ?? null,
    Factors: balance.factors ?? null,
    Blocker: balance.blocker ?? null,
  }
}

function unitsWire({ units }: Action): Record<string, unknown> | null {
  if (units === undefined) return null
  if (units.kind === 'static') return { Method: '', Params: null, Static: units.amount }
  const { amount, interval, increment } = units
  return { Method: '*incremental', Params: { Increment: increment, Interval: interval, Units: amount }, Static: 0 }
}

/** An action as APIerSv1.GetActions shows it: the texts that set it. now: what shares are worked out for. Reference 04, 13.2. */
export function actionRowWire({ action }: StoredAction, now: ZonedTime): Record<string, unknown> {
  const { balance } = action
  return {
    Identifier: action.type,
    BalanceId: balance.id ?? '',
    BalanceUuid: balance.uuid ?? '',
    BalanceType: action.balanceType,
    Units: unitsAt(action.units, now).toString(),
    ExpiryTime: action.expiryTime,
    Filters: action.filters.join(';'),
    TimingTags: namesText(balance.timingIds),
    DestinationIds: namesText(balance.destinationIds),
    RatingSubject: balance.ratingSubject ?? '',
    Categories: namesText(balance.categories),
    SharedGroups: namesText(balance.sharedGroups),
    BalanceWeight: String(balance.weight ?? 0),
    ExtraParameters: action.extraParameters,
    BalanceBlocker: String(balance.blocker ?? false),
    BalanceDisabled: String(balance.disabled ?? false),
    Weight: action.weight,
  }
}

function namesText(set: NameSet | undefined): string {
  return Object.entries(set ?? {})
    .map(([name, isIncluded]) => (isIncluded ? name : `!${name}`))
    .join(';')
}
