import { Decimal } from '../../core/decimal.ts'
import { addNs, formatTime } from '../../core/time.ts'
import type { Descriptor } from '../../services/charging.ts'
import {
  any,
  boolean,
  decimal,
  duration,
  embedded,
  integer,
  list,
  map,
  number,
  omitEmpty,
  pointer,
  struct,
  text,
  time,
} from '../shape.ts'
import { accountSummaryShape } from './event-cost.ts'
import { timingShape } from './timing.ts'

/** A price. Reference 03, 5.1. */
export const ratingShape = struct('engine.RIRate', {
  ConnectFee: decimal,
  RoundingMethod: text,
  RoundingDecimals: integer,
  MaxCost: decimal,
  MaxCostStrategy: text,
  Rates: list(
    struct('engine.RGRate', {
      GroupIntervalStart: duration,
      Value: decimal,
      RateIncrement: duration,
      RateUnit: duration,
    }),
  ),
})

/** A price with its timing. Reference 03, 5.1. */
export const rateIntervalShape = struct('engine.RateInterval', {
  Timing: pointer(timingShape),
  Rating: pointer(ratingShape),
  Weight: number,
})

const paymentShape = struct('engine.DebitInfo', {
  Unit: pointer(
    struct('engine.UnitInfo', {
      UUID: text,
      ID: text,
      Value: decimal,
      DestinationID: text,
      Consumed: decimal,
      Factor: decimal,
      Category: text,
      ToR: text,
      RateInterval: pointer(rateIntervalShape),
    }),
  ),
  Monetary: pointer(
    struct('engine.MonetaryInfo', {
      UUID: text,
      ID: text,
      Value: decimal,
      RateInterval: pointer(rateIntervalShape),
      // Ours: money of another member of a shared group than the units beside it.
      AccountID: omitEmpty(text),
    }),
  ),
  AccountID: text,
})

const incrementShape = struct('engine.Increment', {
  Duration: duration,
  Cost: decimal,
  BalanceInfo: pointer(paymentShape),
  CompressFactor: integer,
})

const owner = { Category: text, Tenant: text, Subject: text, Account: text, Destination: text, ToR: text }
const match = { MatchedSubject: text, MatchedPrefix: text, MatchedDestId: text, RatingPlanId: text }

/** A cost in its spans, as `callCostWire` writes it. Reference 03, 5.1. */
export const callCostShape = struct('engine.CallCost', {
  ...owner,
  Cost: decimal,
  Timespans: list(
    struct('engine.TimeSpan', {
      TimeStart: time,
      TimeEnd: time,
      Cost: decimal,
      RateInterval: pointer(rateIntervalShape),
      DurationIndex: duration,
      Increments: list(incrementShape),
      RoundIncrement: pointer(incrementShape),
      ...match,
      CompressFactor: integer,
    }),
  ),
  RatedUsage: decimal,
  AccountSummary: pointer(accountSummaryShape),
})

/** Reference 03, 5.3. */
export const dataCostShape = struct('engine.DataCost', {
  ...owner,
  Cost: decimal,
  DataSpans: list(
    struct('engine.DataSpan', {
      DataStart: decimal,
      DataEnd: decimal,
      Cost: decimal,
      RateInterval: pointer(rateIntervalShape),
      DataIndex: decimal,
      Increments: list(
        struct('engine.DataIncrement', {
          Amount: decimal,
          Cost: decimal,
          BalanceInfo: pointer(paymentShape),
          CompressFactor: integer,
        }),
      ),
      ...match,
    }),
  ),
})

/** What one run of an event wants rated or debited. Reference 05, 4. */
export const descriptorShape = struct('engine.CallDescriptor', {
  Category: text,
  Tenant: text,
  Subject: text,
  Account: text,
  Destination: text,
  TimeStart: time,
  TimeEnd: time,
  LoopIndex: number,
  DurationIndex: duration,
  FallbackSubject: text,
  RatingInfos: list(struct('engine.RatingInfo', match)),
  Increments: list(incrementShape),
  ToR: text,
  ExtraFields: map(text),
  MaxRate: decimal,
  MaxRateUnit: duration,
  MaxCostSoFar: decimal,
  CgrID: text,
  RunID: text,
  ForceDuration: boolean,
  PerformRounding: boolean,
  DryRun: boolean,
  DenyNegativeAccount: boolean,
})

/** What to rate or debit of a run, as engines are asked. usage: of the part; more: fields that are not as usual. Reference 05, 4. */
export function descriptorWire(
  { run, balanceFactorId, timeStart, ...descriptor }: Descriptor,
  usage: bigint,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    Category: descriptor.category,
    Tenant: descriptor.tenant,
    Subject: descriptor.subject,
    Account: descriptor.account,
    Destination: descriptor.destination,
    TimeStart: formatTime(timeStart),
    TimeEnd: formatTime(addNs(timeStart, usage)),
    LoopIndex: descriptor.loopIndex,
    DurationIndex: descriptor.durationIndex,
    FallbackSubject: '',
    RatingInfos: null,
    Increments: null,
    ToR: descriptor.toR,
    ExtraFields: balanceFactorId === '' ? {} : { BalanceFactorID: balanceFactorId },
    MaxRate: Decimal.ZERO,
    MaxRateUnit: 0n,
    MaxCostSoFar: descriptor.maxCostSoFar,
    CgrID: run?.cgrId ?? '',
    RunID: run?.runId ?? '',
    ForceDuration: descriptor.forceDuration,
    PerformRounding: false,
    DryRun: false,
    DenyNegativeAccount: false,
    ...more,
  }
}

/** What is to be rated or debited (CallDesc). Reference 01, 9.1; 03, 6. */
export const callDescriptorShape = struct('engine.CallDescriptorWithAPIOpts', {
  CallDescriptor: embedded(descriptorShape),
  APIOpts: map(any),
})

/** What an account wants to use, as text. Reference 01, 9.1. */
export const usageRecordShape = struct('engine.UsageRecord', {
  ToR: text,
  RequestType: text,
  Tenant: text,
  Category: text,
  Account: text,
  Subject: text,
  Destination: text,
  SetupTime: text,
  AnswerTime: text,
  Usage: text,
  ExtraFields: map(text),
})
