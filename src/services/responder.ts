import type { Account } from '../accounting/account.ts'
import { accountKey, accountSummary } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import {
  type DebitContext,
  type DebitRequest,
  type DebitResult,
  type DebitSettings,
  debit,
} from '../accounting/debit.ts'
import { directDebit } from '../accounting/direct-debit.ts'
import { maxDebit } from '../accounting/max-debit.ts'
import { type MaxRate, maxUsage } from '../accounting/max-usage.ts'
import type { LiveAccounts } from '../accounting/purse.ts'
import type { ReactionEnvironment } from '../accounting/reactions.ts'
import { type Credit, creditsOfEventCost, refund } from '../accounting/refund.ts'
import { roundCallCost } from '../accounting/rounding.ts'
import { groupsOfAccount, sharesBalances } from '../accounting/shared-groups.ts'
import { watchedRefund } from '../accounting/watched-refund.ts'
import { Decimal } from '../core/decimal.ts'
import {
  type AccountSummary,
  type CallCost,
  NO_PAYMENT,
  spansWithoutUsage,
  type Timespan,
} from '../rating/call-cost.ts'
import { type EventCost, eventCostTotal } from '../rating/event-cost.ts'
import type { RatingRequest, RatingResult, Tariff } from '../rating/model.ts'
import type { Unit } from '../store/unit-of-work.ts'
import type { ChargedAccount, ChargedEvent, Charging, Descriptor } from './charging.ts'
import { roundedCost } from './cost-rounding.ts'
import { SessionRefused } from './errors.ts'
import { type GroupDirectory, groupAccess } from './group-access.ts'

export type ResponderSettings = DebitSettings & {
  /** rals.max_computed_usage: by ToR, and `*any`. */
  maxComputedUsage: Readonly<Record<string, bigint>>
  /** Accounts as debits leave them are put in here; undefined: nobody asks. */
  debited?: WeakSet<Account> | undefined
}

/** Rating and accounting on the accounts of a unit of work. Reference 04, 5. */
export class Responder implements Charging {
  #settings: ResponderSettings
  readonly #tariff: () => Tariff
  readonly #context: () => DebitContext
  readonly #reactions: (unit: Unit, accountId: string, live?: LiveAccounts) => ReactionEnvironment
  readonly #groups: GroupDirectory

  /**
   * tariff: the one in force; it changes with a load. reactions: what triggers of an account may do in a unit; live: accounts that a
   * debit is changing.
   */
  constructor(
    settings: ResponderSettings,
    tariff: () => Tariff,
    context: () => DebitContext,
    reactions: (unit: Unit, accountId: string, live?: LiveAccounts) => ReactionEnvironment,
    groups: GroupDirectory,
  ) {
    this.#settings = settings
    this.#tariff = tariff
    this.#context = context
    this.#reactions = reactions
    this.#groups = groups
  }

  /** Of a debit that is not dry: triggers of the accounts fire. */
  #contextOf(unit: Unit, account: Account): DebitContext {
    const context = this.#dryContextOf(unit, account)
    if (account.watch === undefined && context.groups === undefined) return context
    return { ...context, reactions: (accountId, live) => this.#reactions(unit, accountId, live) }
  }

  #dryContextOf(unit: Unit, account: Account): DebitContext {
    const context = this.#context()
    return sharesBalances(account) ? { ...context, groups: groupAccess(unit, this.#groups) } : context
  }

  /** What triggers have done is undone with a debit that fails. */
  #whole<R>(unit: Unit, { reactions }: DebitContext, debit: () => R): R {
    return reactions === undefined ? debit() : unit.attempt(debit)
  }

  /** Other settings from the next call on. */
  configure(settings: ResponderSettings): void {
    this.#settings = settings
  }

  /** maxRate: no span may cost more. */
  maxUsage(unit: Unit, descriptor: Descriptor, usage: bigint, maxRate?: MaxRate): bigint {
    this.#checkUsage(descriptor, usage)
    const account = accountOf(unit, descriptor)
    const context = this.#dryContextOf(unit, account)
    const result = maxUsage(account, requestOf(descriptor, usage), this.#tariff(), this.#settings, context, maxRate)
    if (!result.ok) throw new SessionRefused(result.fault)
    return result.usage
  }

  /** maxRate: no span may cost more. */
  maxDebit(unit: Unit, descriptor: Descriptor, usage: bigint, maxRate?: MaxRate): CallCost {
    this.#checkUsage(descriptor, usage)
    const account = accountOf(unit, descriptor)
    const limits = { forceDuration: descriptor.forceDuration, ...(maxRate === undefined ? {} : { maxRate }) }
    const context = this.#contextOf(unit, account)
    return this.#whole(unit, context, () =>
      this.#store(
        unit,
        account,
        maxDebit(account, requestOf(descriptor, usage), this.#tariff(), this.#settings, context, limits),
      ),
    )
  }

  /** mode: `covered` drops what no balance covers. isDry: nothing is stored. */
  debit(
    unit: Unit,
    descriptor: Descriptor,
    usage: bigint,
    rounding: boolean,
    { mode = 'all', isDry = false }: { mode?: 'all' | 'covered'; isDry?: boolean } = {},
  ): CallCost {
    this.#checkUsage(descriptor, usage)
    const account = accountOf(unit, descriptor)
    const context = isDry ? this.#dryContextOf(unit, account) : this.#contextOf(unit, account)
    return this.#whole(unit, context, () => {
      const result = debit(account, requestOf(descriptor, usage), mode, this.#tariff(), this.#settings, context)
      if (!rounding || !result.ok) return this.#store(unit, account, result, isDry)
      const { roundingDecimals } = this.#settings
      const rounded = roundCallCost(result, account, roundingDecimals, context.nowMs)
      return this.#store(unit, account, { ...result, ...rounded }, isDry)
    })
  }

  rate(descriptor: Descriptor, usage: bigint): CallCost {
    this.#checkUsage(descriptor, usage)
    return this.price(descriptor, usage)
  }

  /** As `rate`, for cost queries: usage has no limit. */
  price(descriptor: Descriptor, usage: bigint): CallCost {
    if (usage <= 0n) return this.#priceOfNothing(descriptor)
    return callCostOf(this.#tariff().rate(ratingRequest(descriptor, usage)), descriptor)
  }

  /** As `price`, by one rating plan whatever the profiles say. Throws SessionRefused UNAUTHORIZED_DESTINATION. */
  pricePlan(planId: string, descriptor: Descriptor, usage: bigint): CallCost {
    return callCostOf(this.#tariff().ratePlan(planId, ratingRequest(descriptor, usage)), descriptor)
  }

  directDebit(unit: Unit, descriptor: Descriptor, usage: bigint, cost: Decimal): CallCost {
    this.#checkUsage(descriptor, usage)
    const account = accountOf(unit, descriptor)
    const request = requestOf(descriptor, usage)
    const context = this.#contextOf(unit, account)
    return this.#whole(unit, context, () =>
      this.#store(unit, account, directDebit(account, request, cost, this.#tariff(), this.#settings, context)),
    )
  }

  refund(unit: Unit, owner: ChargedAccount, cost: EventCost): AccountSummary | null {
    const key = accountKey(owner.tenant, owner.account)
    const account = unit.get(accountKind, key)
    this.credit(unit, owner, creditsOfEventCost(cost))
    return account === undefined ? null : accountSummary(unit.get(accountKind, key) ?? account, account)
  }

  /**
   * Books credits on their accounts; those of accounts and balances that are gone get nothing. Who asks may know one account for all
   * that has paid an increment: a balance that is not there is looked for among those that share balances with it.
   */
  credit(unit: Unit, event: ChargedEvent, asked: readonly Credit[]): void {
    const { roundingDecimals } = this.#settings
    const credits = asked.map((credit) => this.#withOwner(unit, credit))
    for (const accountId of new Set(credits.map((each) => each.accountId))) {
      const account = unit.get(accountKind, accountId)
      if (account === undefined) continue
      const refunded = refund(account, credits, roundingDecimals, this.#context().nowMs).account
      const told =
        account.watch === undefined
          ? refunded
          : watchedRefund(refunded, credits, event, this.#tariff(), this.#reactions(unit, accountId))
      this.#putCredited(unit, account, told)
    }
  }

  #withOwner(unit: Unit, credit: Credit): Credit {
    const account = unit.get(accountKind, credit.accountId)
    if (account === undefined || !sharesBalances(account) || hasBalance(account, credit.balanceUuid)) return credit
    const { membersOf } = groupAccess(unit, this.#groups)
    for (const groupId of groupsOfAccount(account))
      for (const member of membersOf(groupId))
        if (hasBalance(member, credit.balanceUuid))
          return { ...credit, accountId: accountKey(member.tenant, member.id) }
    return credit
  }

  round(unit: Unit, { tenant, account: id }: ChargedAccount, cost: EventCost): EventCost {
    const account = unit.get(accountKind, accountKey(tenant, id))
    if (account === undefined || cost.charges.length === 0) return cost
    const { roundingDecimals } = this.#settings
    const rounded = roundedCost(cost, roundingDecimals, (accountId, balanceUuid) => {
      const money = unit.get(accountKind, accountId)?.balances['*monetary']
      return money?.some(({ uuid }) => uuid === balanceUuid) === true
    })
    if (rounded.corrections.length === 0) return cost
    const { nowMs } = this.#context()
    const credits = creditsOfEventCost({ ...cost, charges: rounded.corrections })
    for (const accountId of new Set(credits.map((each) => each.accountId))) {
      const payer = unit.get(accountKind, accountId)
      if (payer !== undefined) this.#putCredited(unit, payer, refund(payer, credits, roundingDecimals, nowMs).account)
    }
    return rounded.cost
  }

  total(cost: EventCost): Decimal {
    return eventCostTotal(cost, this.#settings.roundingDecimals)
  }

  #priceOfNothing({ tenant, category, subject, destination, toR, timeStart }: Descriptor): CallCost {
    const match = this.#tariff().match({
      tenant,
      category,
      subject,
      destination,
      toR,
      timeStart,
      usage: 0n,
      durationIndex: 0n,
    })
    return { timespans: spansWithoutUsage(timeStart, match), cost: Decimal.ZERO, ratedUsage: 0n, accountSummary: null }
  }

  #checkUsage({ toR }: Descriptor, usage: bigint): void {
    const limits = this.#settings.maxComputedUsage
    const limit = limits[toR] ?? limits['*any']
    if (limit !== undefined && usage > limit) throw new SessionRefused('MAX_USAGE_EXCEEDED')
  }

  /** What the same unit has debited stays so when some of it is given back. */
  #putCredited(unit: Unit, before: Account, after: Account): void {
    put(unit, before, after)
    if (this.#settings.debited?.has(before)) this.#settings.debited.add(after)
  }

  #store(unit: Unit, before: Account, result: DebitResult | { ok: false; fault: string }, isDry = false): CallCost {
    if (!result.ok) throw new SessionRefused(result.fault)
    if (isDry) return result.callCost
    put(unit, before, result.account)
    for (const other of result.others) unit.put(accountKind, accountKey(other.tenant, other.id), other)
    const { debited } = this.#settings
    if (debited !== undefined) for (const each of [...result.others, result.account]) debited.add(each)
    return result.callCost
  }
}

function ratingRequest(descriptor: Descriptor, usage: bigint): RatingRequest {
  const { tenant, category, subject, destination, toR, timeStart, durationIndex } = descriptor
  return { tenant, category, subject, destination, toR, timeStart, usage, durationIndex }
}

/** The price with the connect fee, before anybody pays it. Throws SessionRefused. */
function callCostOf(rated: RatingResult, descriptor: Descriptor): CallCost {
  if (!rated.ok) throw new SessionRefused(rated.fault)
  const timespans = rated.spans.map((span, i): Timespan => {
    const fee =
      i === 0 && descriptor.loopIndex === 0
        ? [{ duration: 0n, cost: span.interval.rating.connectFee, count: 1n, payment: NO_PAYMENT }]
        : []
    const increments = [...fee, { ...span.increments, payment: NO_PAYMENT }]
    const cost = increments.reduce((sum, each) => sum.plus(each.cost.timesInteger(each.count)), Decimal.ZERO)
    return { ...span, increments, rounding: null, cost }
  })
  return {
    timespans,
    cost: totalCost(timespans),
    ratedUsage: timespans.reduce((sum, span) => sum + span.usage, 0n),
    accountSummary: null,
  }
}

/** Rounded by the span with the most decimals, capped by `*free`. Reference 03, 4.7. */
function totalCost(timespans: readonly Timespan[]): Decimal {
  let total = Decimal.ZERO
  let rounding = timespans[0]?.interval?.rating
  for (const { cost, interval } of timespans) {
    total = total.plus(cost)
    const rating = interval?.rating
    if (rating?.maxCostStrategy === '*free' && rating.maxCost.isPositive && total.compare(rating.maxCost) > 0)
      total = rating.maxCost
    if (rating !== undefined && rounding !== undefined && rating.roundingDecimals > rounding.roundingDecimals)
      rounding = rating
  }
  return rounding === undefined || rounding.roundingDecimals <= 0
    ? total
    : total.round(rounding.roundingDecimals, rounding.roundingMethod)
}

function accountOf(unit: Unit, { tenant, account, subject }: Descriptor): Account {
  const found = unit.get(accountKind, accountKey(tenant, account || subject))
  if (found === undefined) throw new SessionRefused('ACCOUNT_NOT_FOUND')
  return found
}

function hasBalance({ balances }: Account, wanted: string): boolean {
  return Object.values(balances).some((list) => list.some(({ uuid }) => uuid === wanted))
}

function put(unit: Unit, before: Account, after: Account): void {
  if (after !== before) unit.put(accountKind, accountKey(after.tenant, after.id), after)
}

function requestOf(descriptor: Descriptor, usage: bigint): DebitRequest {
  const { category, subject, destination, toR, balanceFactorId, timeStart, durationIndex, loopIndex, maxCostSoFar } =
    descriptor
  return {
    category,
    subject,
    destination,
    toR,
    balanceFactorId,
    timeStart,
    usage,
    durationIndex,
    loopIndex,
    maxCostSoFar,
  }
}
