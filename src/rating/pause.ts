import { Decimal } from '../core/decimal.ts'
import type { RateInterval } from './model.ts'
import { rateInterval } from './rate-interval.ts'

/** What the parts of a cost that are a pause are called in all its tables, and their timing here. Reference 05, 6.14. */
export const PAUSE = '*pause'

/** The price of a pause. */
export const PAUSE_INTERVAL = rateInterval(
  { id: PAUSE, years: [], months: [], monthDays: [], weekDays: [], startTime: '00:00:00', endTime: '' },
  {
    connectFee: Decimal.ZERO,
    roundingMethod: '*up',
    roundingDecimals: 5,
    maxCost: Decimal.ZERO,
    maxCostStrategy: '',
    groups: [{ start: 0n, price: Decimal.ZERO, increment: 1n, unit: 1n }],
  },
  0,
)

/** Whether an interval is that of a pause. */
export function isPause(interval: RateInterval | null): boolean {
  return interval?.timing?.id === PAUSE
}
