import { boolean, decimal, list, map, number, pointer, struct, text, time } from '../shape.ts'
import { timingShape } from './timing.ts'
import { triggerShape, triggerV1Shape, unitCounterShape } from './trigger.ts'

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
        DestinationIDs: pointer(map(boolean)),
        RatingSubject: text,
        Categories: pointer(map(boolean)),
        SharedGroups: pointer(map(boolean)),
        Timings: pointer(list(timingShape)),
        TimingIDs: pointer(map(boolean)),
        Disabled: boolean,
        Factors: pointer(map(decimal)),
        Blocker: boolean,
      }),
    ),
  ),
  UnitCounters: map(list(unitCounterShape)),
  ActionTriggers: list(triggerShape),
  AllowNegative: boolean,
  Disabled: boolean,
  UpdateTime: time,
})

const balanceV1Shape = struct('v1.BalanceOld', {
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
})

/** An account in the old layout, as `accountWireV1` writes it. Reference 04, 2.3. */
export const accountV1Shape = struct('v1.AccountSummaryOld', {
  Id: text,
  BalanceMap: map(list(balanceV1Shape)),
  UnitCounters: list(struct('v1.UnitsCounterOld', { BalanceType: text, Balances: list(balanceV1Shape) })),
  ActionTriggers: list(triggerV1Shape),
  AllowNegative: boolean,
  Disabled: boolean,
})
