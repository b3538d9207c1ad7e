import { any, boolean, decimal, list, map, number, pointer, struct, text } from '../shape.ts'
import { timingShape } from './account.ts'

const texts = {
  ExpiryTime: text,
  TimingTags: text,
  DestinationIds: text,
  RatingSubject: text,
  Categories: text,
  SharedGroups: text,
  ExtraParameters: text,
  BalanceBlocker: text,
  BalanceDisabled: text,
}

/** An action as text (TPAction). Reference 01, 9.6. */
export const actionTextShape = struct('utils.TPAction', {
  Identifier: text,
  BalanceId: text,
  BalanceUuid: text,
  BalanceType: text,
  Units: text,
  Filters: text,
  ...texts,
  BalanceWeight: text,
  Weight: number,
})

/** An action with amounts as numbers. Reference 04, 13.2. */
export const actionTextV1Shape = struct('v1.V1TPAction', {
  Identifier: text,
  BalanceId: text,
  BalanceUuid: text,
  BalanceType: text,
  Units: decimal,
  Filters: list(text),
  ...texts,
  BalanceWeight: pointer(number),
  Weight: number,
})

/** An action as it is stored, as `actionWire` writes it. Reference 04, 11.1. */
export const actionShape = struct('engine.Action', {
  Id: text,
  ActionType: text,
  ExtraParameters: text,
  Filters: list(text),
  ExpirationString: text,
  Weight: number,
  Balance: pointer(
    struct('engine.BalanceFilter', {
      Uuid: pointer(text),
      ID: pointer(text),
      Type: pointer(text),
      Value: pointer(struct('utils.ValueFormula', { Method: text, Params: map(any), Static: decimal })),
      ExpirationDate: pointer(text),
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
    }),
  ),
})
