import type { Decimal } from '../core/decimal.ts'
import type { ZonedTime } from '../core/time.ts'

/** What is to be rated. Reference 03, 4.1. Usage is a count of nanoseconds (`*voice`) or of plain units (all else). */
export type RatingRequest = {
  tenant: string
  category: string
  subject: string
  destination: string
  /** `*voice`, `*data`, `*sms`, `*mms`, `*generic`; never empty. */
  toR: string
  /** Start of the part to rate; hours and weekdays of all timings are read in its zone. */
  timeStart: ZonedTime
  /** Usage of the part, from timeStart; not negative. */
  usage: bigint
  /** Usage of the whole event at the end of the part; at least `usage`. */
  durationIndex: bigint
}

/** One rate group (slot) of a rate. Reference 03, 2.2. `unit` and `increment` are above 0. */
export type RateGroup = { start: bigint; price: Decimal; increment: bigint; unit: bigint }

/** A timing: empty lists match all; startTime `hh:mm:ss`. weekDays: 0 = Sunday. */
export type Timing = {
  id: string
  years: readonly number[]
  months: readonly number[]
  monthDays: readonly number[]
  weekDays: readonly number[]
  startTime: string
  endTime: string
}

/** The price side of an interval, as one (DestinationRates, Rates) pair of the tariff plan. */
export type Rating = {
  connectFee: Decimal
  roundingMethod: string
  roundingDecimals: number
  maxCost: Decimal
  maxCostStrategy: string
  /** Sorted by start. */
  groups: readonly RateGroup[]
}

/** A timing with its price and weight: one row of a rating plan. Immutable and shared. */
export type RateInterval = {
  /** Null for the synthetic interval of a `*zero` subject. */
  timing: Timing | null
  rating: Rating
  weight: number
  /** Its content as stored: equal intervals have equal texts (rate-interval.ts makes it). */
  text: string
}

/** `count` equal increments of `duration` usage at `cost` each: never expanded. */
export type IncrementRun = { duration: bigint; cost: Decimal; count: bigint }

/** Where a price came from. */
export type RatingMatch = {
  matchedSubject: string
  matchedPrefix: string
  matchedDestinationId: string
  ratingPlanId: string
}

/** A rated timespan before anybody pays it. Reference 03, 4.5 and 4.6. */
export type RatedSpan = {
  timeStart: ZonedTime
  usage: bigint
  durationIndex: bigint
  interval: RateInterval
  /** Its increments in closed form (reference 03, 4.6.4): all of one length and cost. */
  increments: IncrementRun
  match: RatingMatch
}

/** Expected outcomes of rating that are not a price. */
export type RatingFault = 'RATING_PLAN_NOT_FOUND' | 'UNAUTHORIZED_DESTINATION'

export type RatingResult = { ok: true; spans: readonly RatedSpan[] } | { ok: false; fault: RatingFault }

/**
 * The compiled tariff: everything that rating and balance selection ask of it. Immutable: a load makes a new one.
 * All calls are synchronous and pure.
 */
export interface Tariff {
  /** Spans covering the usage in order (the last may end after it: increments are whole). Usage above 0. */
  rate(request: RatingRequest): RatingResult
  /** As `rate`, by one plan whatever the profiles say; UNAUTHORIZED_DESTINATION when it cannot. */
  ratePlan(planId: string, request: RatingRequest): RatingResult
  /** What would price the start of the request, undefined when nothing does. For requests without usage. */
  match(request: RatingRequest): RatingMatch | undefined
  /** Destination ids that hold exactly this prefix. */
  destinationsOfPrefix(prefix: string): readonly string[]
}
