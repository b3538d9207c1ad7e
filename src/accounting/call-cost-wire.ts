import { Decimal } from '../core/decimal.ts'
import { addNs, formatTime } from '../core/time.ts'
import type { CallCost, Increment, Payment, Timespan } from '../rating/call-cost.ts'
import { accountSummaryWire } from '../rating/event-cost-wire.ts'
import type { RateInterval } from '../rating/model.ts'
import { timingWire } from './timing-wire.ts'

type Wire = Record<string, unknown>

/** Whom a cost is for, as the request said it. */
export type CostOwner = {
  category: string
  tenant: string
  subject: string
  account: string
  destination: string
  toR: string
}

function ownerWire({ category, tenant, subject, account, destination, toR }: CostOwner): Wire {
  return {
    Category: category,
    Tenant: tenant,
    Subject: subject,
    Account: account,
    Destination: destination,
    ToR: toR,
  }
}

/** A CallCost as clients see it: JSON values, usage as bigint, amounts as Decimal. Reference 03, 5.1. */
export function callCostWire({ timespans, cost, ratedUsage, accountSummary }: CallCost, owner: CostOwner): Wire {
  return {
    ...ownerWire(owner),
    Cost: cost,
    Timespans: timespans.length === 0 ? null : timespans.map(timespanWire),
    RatedUsage: Decimal.of(ratedUsage),
    AccountSummary: accountSummary && accountSummaryWire(accountSummary),
  }
}

/** A CallCost whose spans are counted in units. Reference 03, 5.3. */
export function dataCostWire({ timespans, cost }: CallCost, owner: CostOwner): Wire {
  return { ...ownerWire(owner), Cost: cost, DataSpans: timespans.map(dataSpanWire) }
}

function timespanWire(span: Timespan): Wire {
  const { timeStart, usage, cost, interval, durationIndex, increments, rounding } = span
  const isEmpty = interval === null && increments.length === 0
  return {
    TimeStart: formatTime(timeStart),
    TimeEnd: formatTime(addNs(timeStart, usage)),
    Cost: cost,
    RateInterval: interval && rateIntervalWire(interval),
    DurationIndex: durationIndex,
    Increments: isEmpty ? null : increments.map(incrementWire),
    RoundIncrement: rounding && incrementWire(rounding),
    ...matchWire(span),
    CompressFactor: isEmpty ? 0 : 1,
  }
}

function dataSpanWire(span: Timespan): Wire {
  const { usage, cost, interval, durationIndex, increments } = span
  return {
    DataStart: Decimal.of(durationIndex - usage),
    DataEnd: Decimal.of(durationIndex),
    Cost: cost,
    RateInterval: interval && rateIntervalWire(interval),
    DataIndex: Decimal.of(durationIndex),
    Increments: increments.map(({ duration, cost, payment, count }) => ({
      Amount: duration,
      Cost: cost,
      BalanceInfo: paymentWire(payment),
      CompressFactor: count,
    })),
    ...matchWire(span),
  }
}

function matchWire({ match }: Timespan): Wire {
  return {
    MatchedSubject: match.matchedSubject,
    MatchedPrefix: match.matchedPrefix,
    MatchedDestId: match.matchedDestinationId,
    RatingPlanId: match.ratingPlanId,
  }
}

function incrementWire({ duration, cost, payment, count }: Increment): Wire {
  return { Duration: duration, Cost: cost, BalanceInfo: paymentWire(payment), CompressFactor: count }
}

function paymentWire({ unit, monetary, accountId }: Payment): Wire {
  return {
    Unit: unit && {
      UUID: unit.balanceUuid,
      ID: unit.balanceId,
      Value: unit.value,
      DestinationID: unit.destination,
      Consumed: unit.consumed,
      Factor: unit.factor,
      Category: unit.category,
      ToR: unit.toR,
      RateInterval: unit.interval && rateIntervalWire(unit.interval),
    },
    Monetary: monetary && {
      UUID: monetary.balanceUuid,
      ID: monetary.balanceId,
      Value: monetary.value,
      RateInterval: monetary.interval && rateIntervalWire(monetary.interval),
      ...(monetary.accountId === accountId ? {} : { AccountID: monetary.accountId }),
    },
    AccountID: accountId,
  }
}

/** A price with its timing, as clients see it. */
export function rateIntervalWire({ timing, rating, weight }: RateInterval): {
  Timing: Wire | null
  Rating: Wire
  Weight: number
} {
  const { connectFee, roundingMethod, roundingDecimals, maxCost, maxCostStrategy, groups } = rating
  return {
    Timing: timing && timingWire(timing),
    Rating: {
      ConnectFee: connectFee,
      RoundingMethod: roundingMethod,
      RoundingDecimals: roundingDecimals,
      MaxCost: maxCost,
      MaxCostStrategy: maxCostStrategy,
      Rates: groups.map(({ start, price, increment, unit }) => ({
        GroupIntervalStart: start,
        Value: price,
        RateIncrement: increment,
        RateUnit: unit,
      })),
    },
    Weight: weight,
  }
}
