import { Decimal } from '../core/decimal.ts'
import type { Timespan } from '../rating/call-cost.ts'
import type { Tariff } from '../rating/model.ts'
import { type Account, accountKey, DEFAULT_BALANCE } from './account.ts'
import {
  type DebitContext,
  type DebitFault,
  type DebitRequest,
  type DebitResult,
  type DebitSettings,
  debit,
} from './debit.ts'

/** No span may cost more than `price` per `unit` of usage. Reference 04, 5.1.4. */
export type MaxRate = { price: Decimal; unit: bigint }

/** The longest usage that can be paid, and the dry run that found it (none when nothing had to be computed). */
export type MaxUsage =
  | { ok: true; usage: bigint; dryRun: Extract<DebitResult, { ok: true }> | undefined }
  | { ok: false; fault: DebitFault }

/** Answer of `maxUsage` for an account that may go negative: no limit. */
export const UNLIMITED = -1n

/**
 * Longest usage, up to the requested one, that the account can pay without debt; UNLIMITED when it may go negative.
 * Reference 04, 5.1.
 */
export function maxUsage(
  account: Account,
  request: DebitRequest,
  tariff: Tariff,
  settings: DebitSettings,
  context: DebitContext,
  maxRate?: MaxRate,
): MaxUsage {
  if (account.disabled) return { ok: false, fault: 'ACCOUNT_DISABLED' }
  if (account.allowNegative) return { ok: true, usage: UNLIMITED, dryRun: undefined }
  const dryRun = debit(account, withDurationIndex(request), 'available', tariff, settings, context)
  if (!dryRun.ok) return dryRun
  if (dryRun.negativeConnectFee) return { ok: true, usage: 0n, dryRun }
  const covered = coveredUsage(account, dryRun.callCost.timespans, maxRate)
  return { ok: true, usage: covered < request.usage ? covered : request.usage, dryRun }
}

/** Unlike in a plain debit, free units that pay first count in the rate groups of what follows them. */
export function withDurationIndex(request: DebitRequest): DebitRequest {
  return request.durationIndex < request.usage ? { ...request, durationIndex: request.usage } : request
}

/** Usage before the first span above the rate limit, or the first increment that would put `*default` into debt. */
function coveredUsage(account: Account, spans: readonly Timespan[], maxRate: MaxRate | undefined): bigint {
  const payer = account.balances['*monetary']?.find(({ id }) => id === DEFAULT_BALANCE)
  const accountId = accountKey(account.tenant, account.id)
  let left = payer?.value ?? Decimal.ZERO
  let usage = 0n
  for (const span of spans) {
    if (maxRate !== undefined && exceeds(span, maxRate)) return usage
    for (const { duration, cost, count, payment } of span.increments) {
      const { monetary } = payment
      const isDefault = monetary?.balanceId === DEFAULT_BALANCE && monetary.accountId === accountId
      if (!isDefault || !cost.isPositive) {
        usage += duration * count
        continue
      }
      const affordable = left.compare(cost) < 0 ? 0n : left.floorDivide(cost)
      if (affordable < count) return usage + duration * affordable
      left = left.minus(cost.timesInteger(count))
      usage += duration * count
    }
  }
  return usage
}

function exceeds({ interval, durationIndex, usage }: Timespan, { price, unit }: MaxRate): boolean {
  if (interval === null || !price.isPositive || unit <= 0n) return false
  const start = durationIndex - usage
  const group = interval.rating.groups.findLast((each) => each.start <= start) ?? interval.rating.groups[0]
  return group !== undefined && group.price.timesInteger(unit).compare(price.timesInteger(group.unit)) > 0
}
