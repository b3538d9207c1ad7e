import { Decimal } from '../../core/decimal.ts'
import { fieldText } from '../../core/event-values.ts'
import type { AccountSummary } from '../../rating/call-cost.ts'
import type { Accounting, EventCost } from '../../rating/event-cost.ts'
import type { RateInterval, RatingMatch, Timing } from '../../rating/model.ts'
import { rateInterval } from '../../rating/rate-interval.ts'
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
  type ValueOf,
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

type WireCost = ValueOf<typeof eventCostShape>

/** Reads what `eventCostWire` writes. Ids that lead nowhere read as nothing. Reference 03, 5.2. */
export function eventCostOfWire(wire: WireCost): EventCost {
  const reader = new WireReader(wire)
  return {
    cgrId: wire.CGRID,
    runId: wire.RunID,
    startTime: wire.StartTime,
    charges: wire.Charges.map(({ RatingID: ratingId, Increments: increments, CompressFactor: count }) => ({
      interval: reader.interval(ratingId),
      match: reader.match(ratingId),
      increments: increments.map((increment) => ({
        usage: increment.Usage,
        cost: increment.Cost,
        accounting: reader.accounting(increment.AccountingID),
        count: BigInt(increment.CompressFactor),
      })),
      count: BigInt(count),
    })),
    accountSummary: wire.AccountSummary && summaryOf(wire.AccountSummary),
  }
}

class WireReader {
  readonly #wire: WireCost
  /** Equal ids are one interval. */
  readonly #intervals = new Map<string, RateInterval | null>()

  constructor(wire: WireCost) {
    this.#wire = wire
  }

  interval(id: string): RateInterval | null {
    const known = this.#intervals.get(id)
    if (known !== undefined) return known
    const rating = this.#wire.Rating[id]
    const interval =
      rating === undefined
        ? null
        : rateInterval(
            this.#timing(rating.TimingID),
            {
              connectFee: rating.ConnectFee,
              roundingMethod: rating.RoundingMethod,
              roundingDecimals: rating.RoundingDecimals,
              maxCost: rating.MaxCost,
              maxCostStrategy: rating.MaxCostStrategy,
              groups: (this.#wire.Rates[rating.RatesID] ?? []).map((group) => ({
                start: group.GroupIntervalStart,
                price: group.Value,
                increment: group.RateIncrement,
                unit: group.RateUnit,
              })),
            },
            0,
          )
    this.#intervals.set(id, interval)
    return interval
  }

  match(ratingId: string): RatingMatch {
    const filter = this.#wire.RatingFilters[this.#wire.Rating[ratingId]?.RatingFiltersID ?? ''] ?? {}
    return {
      matchedSubject: fieldText(filter, 'Subject'),
      matchedPrefix: fieldText(filter, 'DestinationPrefix'),
      matchedDestinationId: fieldText(filter, 'DestinationID'),
      ratingPlanId: fieldText(filter, 'RatingPlanID'),
    }
  }

  /** isExtra: money that units have cost. */
  accounting(id: string, isExtra = false): Accounting | null {
    const paid = this.#wire.Accounting[id]
    if (paid === undefined) return null
    const { ExtraChargeID: extraId, RatingID: ratingId } = paid
    const isUnit = extraId !== '' && !isExtra
    return {
      accountId: paid.AccountID,
      balanceUuid: paid.BalanceUUID,
      kind: ratingId === '*rounding' ? 'rounding' : isUnit ? 'unit' : 'monetary',
      units: paid.Units,
      factor: paid.BalanceFactor.isZero ? Decimal.of(1n) : paid.BalanceFactor,
      interval: this.interval(ratingId),
      extraCharge: isUnit ? this.accounting(extraId, true) : null,
    }
  }

  #timing(id: string): Timing | null {
    const timing = this.#wire.Timings[id]
    if (timing === undefined) return null
    const { Years: years, Months: months, MonthDays: monthDays, WeekDays: weekDays, StartTime: startTime } = timing
    return { id: '', years, months, monthDays, weekDays, startTime, endTime: '' }
  }
}

function summaryOf(summary: NonNullable<WireCost['AccountSummary']>): AccountSummary {
  return {
    tenant: summary.Tenant,
    accountId: summary.AccountID,
    balances: summary.BalanceSummaries.map((balance) => ({
      uuid: balance.UUID,
      id: balance.ID,
      type: balance.Type,
      initial: balance.Initial,
      value: balance.Value,
      weight: balance.Weight,
      disabled: balance.Disabled,
      factors: Object.keys(balance.Factors).length === 0 ? null : balance.Factors,
    })),
    allowNegative: summary.AllowNegative,
    disabled: summary.Disabled,
  }
}
