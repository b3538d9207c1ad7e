import { Decimal } from '../../src/core/decimal.ts'
import { parseDuration } from '../../src/core/duration.ts'
import { parseTime, ZERO_TIME } from '../../src/core/time.ts'
import type { RateInterval, Timing } from '../../src/rating/model.ts'
import type { PlanRow } from '../../src/rating/plan.ts'
import { rateInterval } from '../../src/rating/rate-interval.ts'
import { type RatingProfile, TariffIndex, type TariffOptions } from '../../src/rating/tariff-index.ts'

/** A rate as the worked examples of reference 03 write it: `fee 0.4; 0.2/60s/60s@0, 0.1/60s/1s@60s`. */
export type RateText = string

export const ANY_TIME: Timing = timing('*any')

export function timing(id: string, fields: Partial<Timing> = {}): Timing {
  return { id, years: [], months: [], monthDays: [], weekDays: [], startTime: '00:00:00', endTime: '', ...fields }
}

/** rounding: `up4`, `middle4`... */
export function interval(
  rate: RateText,
  options: { timing?: Timing; weight?: number; rounding?: string; maxCost?: string } = {},
): RateInterval {
  const [, fee, groups = ''] = /^(?:fee ([\d.]+); )?(.*)$/.exec(rate) ?? []
  const [, method = 'up', digits = '4'] = /^([a-z]+)(\d+)$/.exec(options.rounding ?? 'up4') ?? []
  const [maxCost = '0', maxCostStrategy = ''] = (options.maxCost ?? '').split(' ')
  return rateInterval(
    options.timing ?? ANY_TIME,
    {
      connectFee: Decimal.parse(fee ?? '0'),
      roundingMethod: `*${method}`,
      roundingDecimals: Number(digits),
      maxCost: Decimal.parse(maxCost || '0'),
      maxCostStrategy,
      groups: groups.split(', ').map((group) => {
        const [, price = '', unit = '', increment = '', start = '0'] =
          /^([\d.]+)\/(\w+)\/(\w+)(?:@(\w+))?$/.exec(group) ?? []
        return {
          start: parseDuration(start),
          price: Decimal.parse(price),
          increment: parseDuration(increment),
          unit: parseDuration(unit),
        }
      }),
    },
    options.weight ?? 10,
  )
}

/** A tariff of one plan `RP` that every subject of tenant `t` and any category given has. */
export function tariffOf(
  rows: readonly PlanRow[],
  destinations: Record<string, readonly string[]> = {},
  options: Partial<TariffOptions> & { categories?: readonly string[] } = {},
): TariffIndex {
  const profiles: RatingProfile[] = (options.categories ?? ['call', 'data', 'sms']).map((category) => ({
    tenant: 't',
    category,
    subject: '*any',
    activations: [{ activationNs: ZERO_TIME.ns, planId: 'RP', fallbackSubjects: [] }],
  }))
  return new TariffIndex(
    { destinations: new Map(Object.entries(destinations)), plans: new Map([['RP', rows]]), profiles },
    { roundingDecimals: 5, fallbackDepth: 3, subjectPrefixMatching: false, ...options },
  )
}

export function at(text: string) {
  return parseTime(text, 'UTC', ZERO_TIME)
}
