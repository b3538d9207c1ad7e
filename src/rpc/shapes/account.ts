import { any, boolean, decimal, integer64, list, map, number, struct, text, time } from '../shape.ts'

/** A timing as the API shows it. */
export const timingShape = struct('engine.RITiming', {
  ID: text,
  Years: list(integer64),
  Months: list(integer64),
  MonthDays: list(integer64),
  WeekDays: list(integer64),
  StartTime: text,
  EndTime: text,
})

/** An account with its balances, as `accountWire` writes it. Reference 04, 2.1. */
export const accountShape = struct('engine.Account', {
  ID: text,
  BalanceMap: map(
    list(
      struct('engine.Balance', {
        Uuid: text,
        ID: text,
        Value: decimal,
        ExpirationDate: time,
        Weight: number,
        DestinationIDs: map(boolean),
        RatingSubject: text,
        Categories: map(boolean),
        SharedGroups: map(boolean),
        Timings: list(timingShape),
        TimingIDs: map(boolean),
        Disabled: boolean,
        Factors: map(decimal),
        Blocker: boolean,
      }),
    ),
  ),
  UnitCounters: map(list(any)),
  ActionTriggers: list(any),
  AllowNegative: boolean,
  Disabled: boolean,
  UpdateTime: time,
})

/** An account in the old layout, as `accountWireV1` writes it. Reference 04, 2.3. */
export const accountV1Shape = struct('v1.AccountSummaryOld', {
  Id: text,
  BalanceMap: map(
    list(
      struct('v1.BalanceOld', {
        Uuid: text,
        Id: text,
        Value: decimal,
        ExpirationDate: time,
        Weight: number,
        DestinationIds: text,
        RatingSubject: text,
        Category: text,
        SharedGroup: text,
        Timings: list(timingShape),
        TimingIDs: text,
        Disabled: boolean,
      }),
    ),
  ),
  UnitCounters: list(any),
  ActionTriggers: list(any),
  AllowNegative: boolean,
  Disabled: boolean,
})
