import { Decimal } from '../../core/decimal.ts'
import type { Accounting, EventCost } from '../../rating/event-cost.ts'

/**
 * What has paid a cost, as RefundIncrements and RefundRounding take it; increments that nobody has paid are left out. Reference 04,
 * 6; 05, 6.8.
 */
export function incrementsWire({ charges }: EventCost): Record<string, unknown>[] {
  return charges.flatMap(({ increments, count: copies }) =>
    increments.flatMap(({ usage, cost, accounting, count }) =>
      accounting === null
        ? []
        : [
            {
              Duration: usage,
              Cost: cost,
              BalanceInfo: paidWire(accounting),
              CompressFactor: count * copies,
            },
          ],
    ),
  )
}

function paidWire(paid: Accounting): Record<string, unknown> {
  const { accountId, kind, extraCharge: extra } = paid
  const money = kind === 'unit' ? extra : paid
  return {
    Unit:
      kind === 'unit'
        ? {
            UUID: paid.balanceUuid,
            ID: '',
            Value: Decimal.ZERO,
            DestinationID: '',
            Consumed: paid.units,
            Factor: paid.factor,
            Category: '',
            ToR: '',
            RateInterval: null,
          }
        : null,
    Monetary: money && {
      UUID: money.balanceUuid,
      ID: '',
      Value: Decimal.ZERO,
      RateInterval: null,
      ...(money.accountId === accountId ? {} : { AccountID: money.accountId }),
    },
    AccountID: accountId,
  }
}
