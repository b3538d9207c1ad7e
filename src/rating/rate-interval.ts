import { Decimal } from '../core/decimal.ts'
import type { RateInterval, Rating, Timing } from './model.ts'

/** Makes an interval; its `text` is what `parseRateInterval` reads back. */
export function rateInterval(timing: Timing | null, rating: Rating, weight: number): RateInterval {
  return { timing, rating, weight, text: textOf(timing, rating, weight) }
}

/** The interval of usage that a `*zero` subject pays with: one group of price 0, `step` long. Reference 04, 4.2.5. */
export function zeroInterval(step: bigint): RateInterval {
  const group = { start: 0n, price: Decimal.ZERO, increment: step, unit: step }
  return rateInterval(
    null,
    {
      connectFee: Decimal.ZERO,
      roundingMethod: '',
      roundingDecimals: 0,
      maxCost: Decimal.ZERO,
      maxCostStrategy: '',
      groups: [group],
    },
    0,
  )
}

type StoredInterval = [
  timing: [string, number[], number[], number[], number[], string, string] | null,
  rating: [string, string, number, string, string],
  groups: [string, string, string, string][],
  weight: number,
]

function textOf(timing: Timing | null, rating: Rating, weight: number): string {
  const stored = [
    timing === null
      ? null
      : [timing.id, timing.years, timing.months, timing.monthDays, timing.weekDays, timing.startTime, timing.endTime],
    [
      rating.connectFee.toString(),
      rating.roundingMethod,
      rating.roundingDecimals,
      rating.maxCost.toString(),
      rating.maxCostStrategy,
    ],
    rating.groups.map(({ start, price, increment, unit }) => [`${start}`, price.toString(), `${increment}`, `${unit}`]),
    weight,
  ]
  return JSON.stringify(stored)
}

/** Reads the text of an interval back. The text was written by this program: it is trusted. */
export function parseRateInterval(text: string): RateInterval {
  const [timing, [connectFee, roundingMethod, roundingDecimals, maxCost, maxCostStrategy], groups, weight] = JSON.parse(
    text,
  ) as StoredInterval
  return {
    timing:
      timing === null
        ? null
        : {
            id: timing[0],
            years: timing[1],
            months: timing[2],
            monthDays: timing[3],
            weekDays: timing[4],
            startTime: timing[5],
            endTime: timing[6],
          },
    rating: {
      connectFee: Decimal.parse(connectFee),
      roundingMethod,
      roundingDecimals,
      maxCost: Decimal.parse(maxCost),
      maxCostStrategy,
      groups: groups.map(([start, price, increment, unit]) => ({
        start: BigInt(start),
        price: Decimal.parse(price),
        increment: BigInt(increment),
        unit: BigInt(unit),
      })),
    },
    weight,
    text,
  }
}
