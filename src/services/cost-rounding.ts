import { Decimal } from '../core/decimal.ts'
import { type Charge, chargeCost, type EventCost } from '../rating/event-cost.ts'

/**
 * Rounds each charge that was paid with money as its tariff says: the cost with its corrections, and the corrections apart, as what
 * balances get (a positive amount) or give. isThere: whether the balance that paid still exists. Reference 05, 6.9.
 */
export function roundedCost(
  cost: EventCost,
  decimals: number,
  isThere: (accountId: string, balanceUuid: string) => boolean,
): { cost: EventCost; corrections: Charge[] } {
  const corrections: Charge[] = []
  const charges = cost.charges.map((charge): Charge => {
    const correction = correctionOf(charge, decimals, isThere)
    const paid = charge.increments[0]?.accounting
    if (correction.isZero || paid === null || paid === undefined) return charge
    const accounting = { ...paid, kind: 'rounding' as const, units: correction }
    const increment = { usage: 0n, cost: correction, accounting, count: 1n }
    corrections.push({ ...charge, increments: [{ ...increment, cost: correction.negate() }] })
    return { ...charge, increments: [...charge.increments, increment] }
  })
  return { cost: corrections.length === 0 ? cost : { ...cost, charges }, corrections }
}

/** The correction of a charge that was paid with money. */
function correctionOf(
  charge: Charge,
  decimals: number,
  isThere: (accountId: string, balanceUuid: string) => boolean,
): Decimal {
  const [first] = charge.increments
  if (charge.interval === null || first?.accounting?.kind !== 'monetary' || first.cost.isZero) return Decimal.ZERO
  const { accountId, balanceUuid } = first.accounting
  if (!isThere(accountId, balanceUuid)) return Decimal.ZERO
  const cost = chargeCost(charge, decimals)
  const { roundingDecimals, roundingMethod } = charge.interval.rating
  return cost.round(roundingDecimals, roundingMethod).minus(cost)
}
