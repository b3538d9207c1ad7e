import { formatTime, ZERO_TIME } from '../core/time.ts'
import type { Account, NameSet } from './account.ts'
import { balanceFilterWire } from './action-wire.ts'
import type { ActionTrigger, Counter } from './trigger.ts'

type Wire = Record<string, unknown>

/** An action trigger as the API shows it. Reference 04, 2.1. */
export function triggerWire(trigger: ActionTrigger): Wire {
  return {
    ID: trigger.id,
    UniqueID: trigger.uniqueId,
    ThresholdType: trigger.thresholdType,
    ThresholdValue: trigger.threshold,
    Recurrent: trigger.recurrent,
    MinSleep: trigger.minSleepNs,
    ExpirationDate: timeText(trigger.expiresAtNs),
    ActivationDate: timeText(trigger.activatesAtNs),
    Balance: balanceFilterWire(trigger.balance, trigger.balanceType),
    Weight: trigger.weight,
    ActionsID: trigger.actionsId,
    MinQueuedItems: trigger.minQueuedItems,
    Executed: trigger.executed,
    LastExecutionTime: timeText(trigger.lastRunNs),
  }
}

/** Counters by kind, then by what they count; null when there is none. Reference 04, 2.1. */
export function countersWire({ watch }: Account): Wire | null {
  if (watch === undefined || watch.counters.length === 0) return null
  const kinds = [...new Set(watch.counters.map(({ kind }) => kind))].sort()
  return Object.fromEntries(
    kinds.map((kind) => {
      const ofKind = watch.counters.filter((counter) => counter.kind === kind)
      const types = [...new Set(ofKind.map(({ isOfBalance }) => isOfBalance))]
      return [
        kind,
        types.map((isOfBalance) => ({
          CounterType: isOfBalance ? '*balance' : '*event',
          Counters: ofKind.filter((counter) => counter.isOfBalance === isOfBalance).map(counterWire),
        })),
      ]
    }),
  )
}

function counterWire({ kind, filter, value }: Counter): Wire {
  return { Value: value, Filter: balanceFilterWire(filter, kind) }
}

/** As `triggerWire`, in the old layout. Reference 04, 2.3. */
export function triggerWireV1(trigger: ActionTrigger): Wire {
  const { balance } = trigger
  return {
    Id: trigger.id,
    ThresholdType: trigger.thresholdType,
    ThresholdValue: trigger.threshold,
    Recurrent: trigger.recurrent,
    MinSleep: trigger.minSleepNs,
    BalanceId: balance.id ?? '',
    BalanceType: trigger.balanceType,
    BalanceDestinationIds: names(balance.destinationIds),
    BalanceWeight: balance.weight ?? 0,
    BalanceExpirationDate: timeText(balance.expiresAtNs ?? null),
    BalanceTimingTags: names(balance.timingIds),
    BalanceRatingSubject: balance.ratingSubject ?? '',
    BalanceCategory: names(balance.categories),
    BalanceSharedGroup: names(balance.sharedGroups),
    BalanceDisabled: balance.disabled ?? false,
    Weight: trigger.weight,
    ActionsId: trigger.actionsId,
    MinQueuedItems: trigger.minQueuedItems,
    Executed: trigger.executed,
  }
}

/** As `countersWire`, in the old layout: a counter looks like a balance. Reference 04, 2.3. */
export function countersWireV1({ watch }: Account): Wire[] {
  const counters = watch?.counters ?? []
  const kinds = [...new Set(counters.map(({ kind }) => kind))].sort()
  return kinds.map((kind) => ({
    BalanceType: kind,
    Balances: counters
      .filter((counter) => counter.kind === kind)
      .map(({ filter, value }) => ({
        Uuid: filter.uuid ?? '',
        Id: filter.id ?? '',
        Value: value,
        ExpirationDate: timeText(filter.expiresAtNs ?? null),
        Weight: filter.weight ?? 0,
        DestinationIds: names(filter.destinationIds),
        RatingSubject: filter.ratingSubject ?? '',
        Category: names(filter.categories),
        SharedGroup: names(filter.sharedGroups),
        Timings: null,
        TimingIDs: names(filter.timingIds),
        Disabled: filter.disabled ?? false,
      })),
  }))
}

function names(set: NameSet | undefined): string {
  return Object.keys(set ?? {}).join(';')
}

function timeText(ns: bigint | null): string {
  return formatTime(ns === null ? ZERO_TIME : { ns, zone: 'UTC' })
}
