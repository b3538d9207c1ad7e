import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { fieldText } from '../core/event-values.ts'
import type { ZonedTime } from '../core/time.ts'
import type { AccountSummary } from './call-cost.ts'
import type { Accounting, Charge, EventCost } from './event-cost.ts'
import type { RateInterval, RatingMatch } from './model.ts'
import { PAUSE } from './pause.ts'
import { rateInterval } from './rate-interval.ts'

/** An EventCost as clients send it: the form that `eventCostWire` writes. Reference 03, 5.2. */
export type EventCostWire = {
  CGRID: string
  RunID: string
  StartTime: ZonedTime
  Charges: readonly {
    RatingID: string
    Increments: readonly { Usage: bigint; Cost: Decimal; AccountingID: string; CompressFactor: number }[]
    CompressFactor: number
  }[]
  AccountSummary: {
    Tenant: string
    AccountID: string
    BalanceSummaries: readonly {
      UUID: string
      ID: string
      Type: string
      Initial: Decimal
      Value: Decimal
      Weight: number
      Disabled: boolean
      Factors: Readonly<Record<string, Decimal>>
    }[]
    AllowNegative: boolean
    Disabled: boolean
  } | null
  Rating: Readonly<
    Record<
      string,
      {
        ConnectFee: Decimal
        RoundingMethod: string
        RoundingDecimals: number
        MaxCost: Decimal
        MaxCostStrategy: string
        TimingID: string
        RatesID: string
        RatingFiltersID: string
      }
    >
  >
  Accounting: Readonly<
    Record<
      string,
      {
        AccountID: string
        BalanceUUID: string
        RatingID: string
        Units: Decimal
        BalanceFactor: Decimal
        ExtraChargeID: string
      }
    >
  >
  RatingFilters: Readonly<Record<string, EventFields>>
  Rates: Readonly<
    Record<string, readonly { GroupIntervalStart: bigint; Value: Decimal; RateIncrement: bigint; RateUnit: bigint }[]>
  >
  Timings: Readonly<
    Record<
      string,
      {
        Years: readonly number[]
        Months: readonly number[]
        MonthDays: readonly number[]
        WeekDays: readonly number[]
        StartTime: string
      }
    >
  >
}

const NO_MATCH: RatingMatch = { matchedSubject: '', matchedPrefix: '', matchedDestinationId: '', ratingPlanId: '' }
const ONE = Decimal.of(1n)
const ROUNDING = '*rounding'

/**
 * The cost that an EventCost says, with what its tables say in place. Ids that are in no table mean nothing. What the form does
 * not hold (weights and names of intervals) is empty.
 */
export function eventCostOfWire(wire: EventCostWire): EventCost {
  const reader = new EventCostReader(wire)
  return {
    cgrId: wire.CGRID,
    runId: wire.RunID,
    startTime: wire.StartTime,
    charges: wire.Charges.map((charge) => reader.charge(charge)),
    accountSummary: accountSummaryOf(wire.AccountSummary),
  }
}

/** Ids come from clients: `constructor` is no entry of a table. */
function entryOf<T>(table: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(table, id) ? table[id] : undefined
}

class EventCostReader {
  readonly #wire: EventCostWire
  readonly #intervals = new Map<string, RateInterval>()

  constructor(wire: EventCostWire) {
    this.#wire = wire
  }

  charge({
    RatingID: ratingId,
    Increments: increments,
    CompressFactor: count,
  }: EventCostWire['Charges'][number]): Charge {
    return {
      interval: this.#interval(ratingId),
      match: this.#match(ratingId),
      increments: increments.map((increment) => ({
        usage: increment.Usage,
        cost: increment.Cost,
        accounting: this.#accounting(increment.AccountingID),
        count: BigInt(increment.CompressFactor),
      })),
      count: BigInt(count),
    }
  }

  #interval(ratingId: string): RateInterval | null {
    const rating = entryOf(this.#wire.Rating, ratingId)
    if (rating === undefined) return null
    const known = this.#intervals.get(ratingId)
    if (known !== undefined) return known
    const timing = entryOf(this.#wire.Timings, rating.TimingID)
    const made = rateInterval(
      timing === undefined
        ? null
        : {
            // A pause is told by its name.
            id: ratingId === PAUSE ? PAUSE : '',
            years: timing.Years,
            months: timing.Months,
            monthDays: timing.MonthDays,
            weekDays: timing.WeekDays,
            startTime: timing.StartTime,
            endTime: '',
          },
      {
        connectFee: rating.ConnectFee,
        roundingMethod: rating.RoundingMethod,
        roundingDecimals: rating.RoundingDecimals,
        maxCost: rating.MaxCost,
        maxCostStrategy: rating.MaxCostStrategy,
        groups: (entryOf(this.#wire.Rates, rating.RatesID) ?? []).map((group) => ({
          start: group.GroupIntervalStart,
          price: group.Value,
          increment: group.RateIncrement,
          unit: group.RateUnit,
        })),
      },
      0,
    )
    this.#intervals.set(ratingId, made)
    return made
  }

  #match(ratingId: string): RatingMatch {
    const filter = entryOf(this.#wire.RatingFilters, entryOf(this.#wire.Rating, ratingId)?.RatingFiltersID ?? '')
    if (filter === undefined) return NO_MATCH
    return {
      matchedSubject: fieldText(filter, 'Subject'),
      matchedPrefix: fieldText(filter, 'DestinationPrefix'),
      matchedDestinationId: fieldText(filter, 'DestinationID'),
      ratingPlanId: fieldText(filter, 'RatingPlanID'),
    }
  }

  /** isExtra: money that units have cost, which costs nothing more, whatever it says. */
  #accounting(id: string, isExtra = false): Accounting | null {
    const paid = entryOf(this.#wire.Accounting, id)
    if (paid === undefined) return null
    // Units that cost no money name `*none`, which is in no table.
    const isUnits = paid.ExtraChargeID !== '' && !isExtra
    return {
      accountId: paid.AccountID,
      balanceUuid: paid.BalanceUUID,
      kind: paid.RatingID === ROUNDING ? 'rounding' : isUnits ? 'unit' : 'monetary',
      units: paid.Units,
      factor: paid.BalanceFactor.isZero ? ONE : paid.BalanceFactor,
      interval: this.#interval(paid.RatingID),
      extraCharge: isUnits ? this.#accounting(paid.ExtraChargeID, true) : null,
    }
  }
}

/** What a cost says of the account that paid it. */
export function accountSummaryOf(summary: EventCostWire['AccountSummary']): AccountSummary | null {
  if (summary === null) return null
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
