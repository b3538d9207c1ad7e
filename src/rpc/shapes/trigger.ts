import { any, boolean, decimal, duration, integer, list, map, number, pointer, struct, text, time } from '../shape.ts'
import { timingShape } from './timing.ts'

/** Which balances an action or a trigger is for; what it does not say is null. Reference 04, 11.1. */
export const balanceFilterShape = struct('engine.BalanceFilter', {
  Uuid: pointer(text),
  ID: pointer(text),
  Type: pointer(text),
  Value: pointer(struct('utils.ValueFormula', { Method: text, Params: map(any), Static: decimal })),
  ExpirationDate: pointer(time),
  Weight: pointer(number),
  DestinationIDs: pointer(map(boolean)),
  RatingSubject: pointer(text),
  Categories: pointer(map(boolean)),
  SharedGroups: pointer(map(boolean)),
  TimingIDs: pointer(map(boolean)),
  Timings: list(timingShape),
  Disabled: pointer(boolean),
  Factors: pointer(map(decimal)),
  Blocker: pointer(boolean),
})

/** An action trigger. Reference 04, 10. */
export const triggerShape = struct('engine.ActionTrigger', {
  ID: text,
  UniqueID: text,
  ThresholdType: text,
  ThresholdValue: decimal,
  Recurrent: boolean,
  MinSleep: duration,
  ExpirationDate: time,
  ActivationDate: time,
  Balance: pointer(balanceFilterShape),
  Weight: number,
  ActionsID: text,
  MinQueuedItems: integer,
  Executed: boolean,
  LastExecutionTime: time,
})

/** What an account counts for its triggers, of one kind of balance. Reference 04, 10. */
export const unitCounterShape = struct('engine.UnitCounter', {
  CounterType: text,
  Counters: list(struct('engine.CounterFilter', { Value: decimal, Filter: pointer(balanceFilterShape) })),
})

/** An action trigger in the old layout. Reference 04, 2.3. */
export const triggerV1Shape = struct('v1.ActionTriggerOld', {
  Id: text,
  ThresholdType: text,
  ThresholdValue: decimal,
  Recurrent: boolean,
  MinSleep: duration,
  BalanceId: text,
  BalanceType: text,
  BalanceDestinationIds: text,
  BalanceWeight: number,
  BalanceExpirationDate: time,
  BalanceTimingTags: text,
  BalanceRatingSubject: text,
  BalanceCategory: text,
  BalanceSharedGroup: text,
  BalanceDisabled: boolean,
  Weight: number,
  ActionsId: text,
  MinQueuedItems: integer,
  Executed: boolean,
})
