import {
  any,
  boolean,
  decimal,
  duration,
  integer,
  integer64,
  list,
  map,
  number,
  omitEmpty,
  pointer,
  struct,
  text,
  time,
} from '../shape.ts'

/** An account as a cost shows it. Reference 03, 5.1. */
export const accountSummaryShape = struct('engine.AccountSummary', {
  Tenant: text,
  AccountID: text,
  BalanceSummaries: list(
    struct('engine.BalanceSummary', {
      UUID: text,
      ID: text,
      Type: text,
      Initial: decimal,
      Value: decimal,
      Weight: omitEmpty(number),
      Disabled: boolean,
      Factors: omitEmpty(map(decimal)),
    }),
  ),
  AllowNegative: boolean,
  Disabled: boolean,
})

/** The cost of an event, as `eventCostWire` writes it. Reference 03, 5.2. */
export const eventCostShape = struct('engine.EventCost', {
  CGRID: text,
  RunID: text,
  StartTime: time,
  Usage: pointer(duration),
  Cost: pointer(decimal),
  Charges: list(
    struct('engine.ChargingInterval', {
      RatingID: text,
      Increments: list(
        struct('engine.ChargingIncrement', {
          Usage: duration,
          Cost: decimal,
          AccountingID: text,
          CompressFactor: integer,
        }),
      ),
      CompressFactor: integer,
    }),
  ),
  AccountSummary: pointer(accountSummaryShape),
  Rating: map(
    struct('engine.RatingUnit', {
      ConnectFee: decimal,
      RoundingMethod: text,
      RoundingDecimals: integer,
      MaxCost: decimal,
      MaxCostStrategy: text,
      TimingID: text,
      RatesID: text,
      RatingFiltersID: text,
    }),
  ),
  Accounting: map(
    struct('engine.BalanceCharge', {
      AccountID: text,
      BalanceUUID: text,
      RatingID: text,
      Units: decimal,
      BalanceFactor: omitEmpty(decimal),
      ExtraChargeID: text,
    }),
  ),
  RatingFilters: map(map(any)),
  Rates: map(
    list(
      struct('engine.RGRate', {
        GroupIntervalStart: duration,
        Value: decimal,
        RateIncrement: duration,
        RateUnit: duration,
      }),
    ),
  ),
  Timings: map(
    struct('engine.ChargedTiming', {
      Years: list(integer64),
      Months: list(integer64),
      MonthDays: list(integer64),
      WeekDays: list(integer64),
      StartTime: text,
    }),
  ),
})
