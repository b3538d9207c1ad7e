import { decimal, list, number, pointer, struct, text } from '../shape.ts'
import { balanceFilterShape } from './trigger.ts'

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
  Balance: pointer(balanceFilterShape),
})
