import type { Tariff } from '../rating/model.ts'
import type { Account } from './account.ts'
import {
  callCostOf,
  type DebitContext,
  type DebitFault,
  type DebitRequest,
  type DebitResult,
  type DebitSettings,
  debit,
} from './debit.ts'
import { type MaxRate, maxUsage, UNLIMITED, withDurationIndex } from './max-usage.ts'

export type MaxDebitResult =
  | Extract<DebitResult, { ok: true }>
  | { ok: false; fault: DebitFault | 'INSUFFICIENT_CREDIT' }

export type MaxDebitLimits = {
  /** Refuse instead of granting less than asked. */
  forceDuration?: boolean
  maxRate?: MaxRate
}

/**
 * Debits what the account can pay of the request; without credit the cost is empty. Whole increments are taken, so the
 * reply may cover more than was asked. Reference 04, 5.2.
 *
 * It goes the way of the dry run that found the longest usage, so it never makes a debt on an account that may have none
 * (the reference lets `*default` pay the price of units there).
 */
export function maxDebit(
  account: Account,
  asked: DebitRequest,
  tariff: Tariff,
  settings: DebitSettings,
  context: DebitContext,
  limits: MaxDebitLimits = {},
): MaxDebitResult {
  if (asked.usage <= 0n) return debit(account, asked, 'all', tariff, settings, context)
  const request = withDurationIndex(asked)
  const max = maxUsage(
    account,
    request,
    tariff,
    settings,
    context.reactions === undefined ? context : { ...context, reactions: undefined },
    limits.maxRate,
  )
  if (!max.ok) return max
  const { usage, dryRun } = max
  if (usage === UNLIMITED) return debit(account, request, 'all', tariff, settings, context)
  // A dry run has not told the triggers.
  const isReal = context.reactions === undefined || !isWatched(account, dryRun?.others)
  if (isReal && dryRun !== undefined && usage === request.usage) return dryRun
  if (limits.forceDuration === true) return { ok: false, fault: 'INSUFFICIENT_CREDIT' }
  if (usage === 0n) {
    const callCost = callCostOf([], account, account, settings.roundingDecimals)
    return { ok: true, account, others: [], callCost, negativeConnectFee: false }
  }
  const durationIndex = request.durationIndex - (request.usage - usage)
  return debit(account, { ...request, usage, durationIndex }, 'available', tariff, settings, context)
}

function isWatched(account: Account, others: readonly Account[] = []): boolean {
  return account.watch !== undefined || others.some(({ watch }) => watch !== undefined)
}
