import { Decimal } from '../../core/decimal.ts'
import type { CallCost, Increment, Payment, Timespan } from '../../rating/call-cost.ts'
import { accountSummaryOf } from '../../rating/event-cost-reader.ts'
import type { RateInterval } from '../../rating/model.ts'
import { rateInterval } from '../../rating/rate-interval.ts'
import type { ValueOf } from '../shape.ts'
import type { callCostShape, rateIntervalShape } from './call-cost.ts'

type Wire = ValueOf<typeof callCostShape>
type SpanWire = Wire['Timespans'][number]
type IncrementWire = SpanWire['Increments'][number]

/** The cost that another engine answers: what `callCostWire` writes. Reference 03, 5.1. */
export function callCostOfWire({ Timespans: spans, Cost: cost, AccountSummary: summary }: Wire): CallCost {
  const timespans = spans.flatMap(spansOf)
  return {
    timespans,
    cost,
    ratedUsage: timespans.reduce((sum, { usage }) => sum + usage, 0n),
    accountSummary: accountSummaryOf(summary),
  }
}

/** Equal spans may come as one with a factor. */
function spansOf(span: SpanWire): Timespan[] {
  const { TimeStart: start, TimeEnd: end, RoundIncrement: rounding, CompressFactor: copies } = span
  const one: Timespan = {
    timeStart: start,
    usage: end.ns - start.ns,
    durationIndex: span.DurationIndex,
    interval: intervalOf(span.RateInterval),
    increments: span.Increments.map(incrementOf),
    rounding: rounding === null ? null : incrementOf(rounding),
    cost: span.Cost,
    match: {
      matchedSubject: span.MatchedSubject,
      matchedPrefix: span.MatchedPrefix,
      matchedDestinationId: span.MatchedDestId,
      ratingPlanId: span.RatingPlanId,
    },
  }
  return copies > 1 ? Array.from({ length: copies }, () => one) : [one]
}

function incrementOf({
  Duration: duration,
  Cost: cost,
  CompressFactor: count,
  BalanceInfo: paid,
}: IncrementWire): Increment {
  return { duration, cost, count: BigInt(Math.max(count, 1)), payment: paymentOf(paid) }
}

function paymentOf(paid: IncrementWire['BalanceInfo']): Payment {
  const { Unit: unit = null, Monetary: monetary = null, AccountID: accountId = '' } = paid ?? {}
  return {
    unit: unit && {
      balanceUuid: unit.UUID,
      balanceId: unit.ID,
      value: unit.Value,
      destination: unit.DestinationID,
      consumed: unit.Consumed,
      factor: unit.Factor,
      category: unit.Category,
      toR: unit.ToR,
      interval: intervalOf(unit.RateInterval),
    },
    monetary: monetary && {
      accountId: monetary.AccountID || accountId,
      balanceUuid: monetary.UUID,
      balanceId: monetary.ID,
      value: monetary.Value,
      interval: intervalOf(monetary.RateInterval),
    },
    accountId,
  }
}

function intervalOf(wire: ValueOf<typeof rateIntervalShape> | null): RateInterval | null {
  if (wire === null) return null
  const { Timing: timing, Rating: rating, Weight: weight } = wire
  return rateInterval(
    timing && {
      id: timing.ID,
      years: timing.Years,
      months: timing.Months,
      monthDays: timing.MonthDays,
      weekDays: timing.WeekDays,
      startTime: timing.StartTime,
      endTime: timing.EndTime,
    },
    {
      connectFee: rating?.ConnectFee ?? Decimal.ZERO,
      roundingMethod: rating?.RoundingMethod ?? '',
      roundingDecimals: rating?.RoundingDecimals ?? 0,
      maxCost: rating?.MaxCost ?? Decimal.ZERO,
      maxCostStrategy: rating?.MaxCostStrategy ?? '',
      groups: (rating?.Rates ?? []).map((group) => ({
        start: group.GroupIntervalStart,
        price: group.Value,
        increment: group.RateIncrement,
        unit: group.RateUnit,
      })),
    },
    weight,
  )
}
