import { Decimal } from '../core/decimal.ts'
import type { Increment } from '../rating/call-cost.ts'
import type { Accounting, ChargeIncrement, EventCost } from '../rating/event-cost.ts'
import { type Account, accountKey, type Balance } from './account.ts'

/** An amount that goes to one balance: money, ns or units. A negative one is taken. */
export type Credit = { accountId: string; balanceUuid: string; amount: Decimal }

/** Credits that give back what paid these increments. Increments that nobody paid give none. Reference 04, 6. */
export function creditsOfIncrements(increments: readonly Increment[]): Credit[] {
  const credits: Credit[] = []
  for (const { cost, count, payment } of increments) {
    const { unit, monetary, accountId } = payment
    if (unit !== null) credits.push(creditOf(accountId, unit.balanceUuid, unit.consumed, count))
    if (monetary !== null) credits.push(creditOf(monetary.accountId, monetary.balanceUuid, cost, count))
  }
  return credits
}

/** Credits that give back what paid a cost (the surplus of a trimmed one, or all of it). Reference 03, 5.2. */
export function creditsOfEventCost({ charges }: EventCost): Credit[] {
  return charges.flatMap(({ increments, count }) =>
    increments.flatMap((increment) => creditsOfCharge(increment, count)),
  )
}

function creditsOfCharge({ cost, accounting, count }: ChargeIncrement, copies: bigint): Credit[] {
  const credits: Credit[] = []
  for (let paid: Accounting | null = accounting; paid !== null; paid = paid.extraCharge) {
    const amount = paid.kind === 'unit' ? paid.units : cost
    credits.push(creditOf(paid.accountId, paid.balanceUuid, amount, count * copies))
  }
  return credits
}

function creditOf(accountId: string, balanceUuid: string, each: Decimal, count: bigint): Credit {
  return { accountId, balanceUuid, amount: each.timesInteger(count) }
}

/** Rounding corrections to book: a positive correction costs money, a negative one gives it back. Reference 04, 6. */
export function creditsOfRounding(roundings: readonly Increment[]): Credit[] {
  return creditsOfIncrements(roundings).map((credit) => ({ ...credit, amount: credit.amount.negate() }))
}

/**
 * Books credits on their balances, whatever type these are of. `lost`: credits of this account whose balance is gone.
 * Credits of other accounts are left alone. decimals: general.rounding_decimals. Reference 04, 6.
 */
export function refund(
  account: Account,
  credits: readonly Credit[],
  decimals: number,
  nowMs: number,
): { account: Account; lost: Credit[] } {
  const key = accountKey(account.tenant, account.id)
  const open = new Map<string, Decimal>()
  for (const { accountId, balanceUuid, amount } of credits) {
    if (accountId !== key || amount.isZero) continue
    open.set(balanceUuid, (open.get(balanceUuid) ?? Decimal.ZERO).plus(amount))
  }
  if (open.size === 0) return { account, lost: [] }
  const balances: Record<string, readonly Balance[]> = {}
  let changed = false
  for (const [type, list] of Object.entries(account.balances)) {
    balances[type] = list.map((balance) => {
      const amount = open.get(balance.uuid)
      if (amount === undefined) return balance
      open.delete(balance.uuid)
      changed = true
      return { ...balance, value: balance.value.plus(amount).round(decimals, '*middle') }
    })
  }
  const lost = [...open].map(([balanceUuid, amount]) => ({ accountId: key, balanceUuid, amount }))
  return { account: changed ? { ...account, balances, updatedAtMs: nowMs } : account, lost }
}
