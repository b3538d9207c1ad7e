import { hash } from 'node:crypto'
import { Decimal } from '../core/decimal.ts'
import { formatTime } from '../core/time.ts'
import type { AccountSummary, BalanceSummary } from './call-cost.ts'
import { type Accounting, type Charge, type EventCost, eventCostTotal, eventCostUsage } from './event-cost.ts'
import type { RateInterval, RatingMatch } from './model.ts'
import { isPause, PAUSE } from './pause.ts'

type Wire = Record<string, unknown>

const ONE = Decimal.of(1n)

/**
 * A table of an EventCost: equal entries share an id of seven hex digits, made of their content, so that the same cost shows
 * the same ids whenever it is asked for.
 */
class WireTable {
  readonly entries: Record<string, unknown> = {}
  readonly #idByContent = new Map<string, string>()

  /** The same under an id that is given. */
  named(id: string, entry: () => unknown): string {
    this.entries[id] ??= entry()
    return id
  }

  /** The id of the entry. content: what tells it from others. */
  idOf(content: string, entry: () => unknown): string {
    const known = this.#idByContent.get(content)
    if (known !== undefined) return known
    let id = hash('sha1', content).slice(0, 7)
    for (let salt = 1; id in this.entries; salt++) id = hash('sha1', `${content}#${salt}`).slice(0, 7)
    this.#idByContent.set(content, id)
    this.entries[id] = entry()
    return id
  }
}

/** An EventCost as clients see it: JSON values, usage as bigint, amounts as Decimal. decimals: general.rounding_decimals. Reference 03, 5.2. */
export function eventCostWire(cost: EventCost, decimals: number): Wire {
  const writer = new EventCostWriter()
  const charges = cost.charges.map((charge) => writer.charge(charge))
  return {
    CGRID: cost.cgrId,
    RunID: cost.runId,
    StartTime: formatTime(cost.startTime),
    Usage: eventCostUsage(cost),
    Cost: eventCostTotal(cost, decimals),
    Charges: charges,
    AccountSummary: cost.accountSummary && accountSummaryWire(cost.accountSummary),
    Rating: writer.ratings.entries,
    Accounting: writer.accountings.entries,
    RatingFilters: writer.filters.entries,
    Rates: writer.rates.entries,
    Timings: writer.timings.entries,
  }
}

class EventCostWriter {
  readonly ratings = new WireTable()
  readonly accountings = new WireTable()
  readonly filters = new WireTable()
  readonly rates = new WireTable()
  readonly timings = new WireTable()

  charge({ interval, match, increments, count }: Charge): Wire {
    // The charge of an event without usage says nothing. Reference 03, 4.9.
    if (interval === null && increments.length === 0) return { RatingID: '', Increments: null, CompressFactor: 0 }
    return {
      RatingID: this.#rating(interval, match),
      Increments: increments.map(({ usage, cost, accounting, count: times }) => ({
        Usage: usage,
        Cost: cost,
        AccountingID: accounting === null ? '' : this.#accounting(accounting, match),
        CompressFactor: times,
      })),
      CompressFactor: count,
    }
  }

  #rating(interval: RateInterval | null, match: RatingMatch): string {
    if (interval === null) return ''
    if (isPause(interval)) return this.ratings.named(PAUSE, () => this.#pause())
    const filterId = this.#filter(match)
    return this.ratings.idOf(`${interval.text}${filterId}`, () => {
      const { timing, rating } = interval
      const { connectFee, roundingMethod, roundingDecimals, maxCost, maxCostStrategy, groups } = rating
      const wireGroups = groups.map(({ start, price, increment, unit }) => ({
        GroupIntervalStart: start,
        Value: price,
        RateIncrement: increment,
        RateUnit: unit,
      }))
      return {
        ConnectFee: connectFee,
        RoundingMethod: roundingMethod,
        RoundingDecimals: roundingDecimals,
        MaxCost: maxCost,
        MaxCostStrategy: maxCostStrategy,
        TimingID: timing === null ? '' : this.#timing(timing),
        RatesID: this.rates.idOf(
          groups.map(({ start, price, increment, unit }) => [start, price, increment, unit].join()).join('|'),
          () => wireGroups,
        ),
        RatingFiltersID: filterId,
      }
    })
  }

  /** The price of a pause, all of whose parts are named after it. Reference 05, 6.14. */
  #pause(): Wire {
    const noLists = { Years: null, Months: null, MonthDays: null, WeekDays: null, StartTime: '00:00:00' }
    this.filters.named(PAUSE, () => ({ DestinationID: '', DestinationPrefix: '', RatingPlanID: PAUSE, Subject: '' }))
    this.rates.named(PAUSE, () => [{ GroupIntervalStart: 0n, Value: Decimal.ZERO, RateIncrement: 1n, RateUnit: 1n }])
    return {
      ConnectFee: Decimal.ZERO,
      RoundingMethod: '*up',
      RoundingDecimals: 5,
      MaxCost: Decimal.ZERO,
      MaxCostStrategy: '',
      TimingID: this.timings.idOf(PAUSE, () => noLists),
      RatesID: PAUSE,
      RatingFiltersID: PAUSE,
    }
  }

  #timing({ years, months, monthDays, weekDays, startTime }: NonNullable<RateInterval['timing']>): string {
    const entry = { Years: years, Months: months, MonthDays: monthDays, WeekDays: weekDays, StartTime: startTime }
    return this.timings.idOf(JSON.stringify(entry), () => entry)
  }

  #filter({ matchedDestinationId, matchedPrefix, ratingPlanId, matchedSubject }: RatingMatch): string {
    const entry = {
      DestinationID: matchedDestinationId,
      DestinationPrefix: matchedPrefix,
      RatingPlanID: ratingPlanId,
      Subject: matchedSubject,
    }
    return this.filters.idOf(JSON.stringify(entry), () => entry)
  }

  #accounting(
    { accountId, balanceUuid, kind, units, factor, interval, extraCharge }: Accounting,
    match: RatingMatch,
  ): string {
    const ratingId = kind === 'rounding' ? '*rounding' : this.#rating(interval, match)
    const noExtra = kind === 'unit' ? '*none' : ''
    const extraChargeId = extraCharge === null ? noExtra : this.#accounting(extraCharge, match)
    const isPlain = factor.equals(ONE)
    const entry = () => ({
      AccountID: accountId,
      BalanceUUID: balanceUuid,
      RatingID: ratingId,
      Units: units,
      ...(isPlain ? {} : { BalanceFactor: factor }),
      ExtraChargeID: extraChargeId,
    })
    if (ratingId === PAUSE) return this.accountings.named(PAUSE, entry)
    const content = [accountId, balanceUuid, ratingId, units, factor, extraChargeId].join('\n')
    return this.accountings.idOf(content, entry)
  }
}

/** Reference 03, 5.1 "AccountSummary". */
export function accountSummaryWire({ tenant, accountId, balances, allowNegative, disabled }: AccountSummary): Wire {
  return {
    Tenant: tenant,
    AccountID: accountId,
    BalanceSummaries: balances?.map(balanceSummaryWire) ?? null,
    AllowNegative: allowNegative,
    Disabled: disabled,
  }
}

/** One balance of an account summary. Reference 04, 2.4. */
export function balanceSummaryWire(balance: BalanceSummary): Wire {
  const { uuid, id, type, initial, value, weight, disabled, factors } = balance
  return {
    UUID: uuid,
    ID: id,
    Type: type,
    Initial: initial,
    Value: value,
    ...(weight === 0 ? {} : { Weight: weight }),
    Disabled: disabled,
    ...(hasAny(factors) ? { Factors: factors } : {}),
  }
}

function hasAny(factors: Readonly<Record<string, Decimal>> | null): boolean {
  return factors !== null && Object.keys(factors).length > 0
}
