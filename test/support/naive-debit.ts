import type { Account, Balance } from '../../src/accounting/account.ts'
import type { DebitMode, DebitRequest } from '../../src/accounting/debit.ts'
import { Decimal } from '../../src/core/decimal.ts'
import { parseDuration } from '../../src/core/duration.ts'
import { addNs } from '../../src/core/time.ts'
import type { RatedSpan, Tariff } from '../../src/rating/model.ts'

/** One increment, one line: how much, for what, from whom. */
type Line = { duration: bigint; cost: Decimal; units: string; money: string }
type Outcome = { fault: string } | { lines: Line[]; values: Record<string, string> }

/**
 * The debit algorithm of reference 04, section 4, written increment by increment: slow, without destinations, categories
 * and timings. It shares nothing with the debit under test but the tariff.
 */
export function naiveDebit(
  account: Account,
  request: DebitRequest,
  mode: DebitMode,
  tariff: Tariff,
  decimals: number,
): Outcome {
  const dry = mode === 'available' || mode === 'preview'
  const values = new Map<string, Decimal>()
  const lines: Line[] = []
  const byWeight = (list: readonly Balance[]) =>
    list
      .filter((b) => !b.disabled && (b.value.compare(Decimal.ZERO) > 0 || b.blocker))
      .toSorted((a, b) => b.weight - a.weight)
  const units = byWeight([...(account.balances[request.toR] ?? []), ...(account.balances['*generic'] ?? [])])
  const isMoney = new Set(account.balances['*monetary'])
  const money = byWeight(account.balances['*monetary'] ?? [])
  for (const list of Object.values(account.balances)) for (const { uuid, value } of list) values.set(uuid, value)
  const defaultId = account.balances['*monetary']?.find(({ id }) => id === '*default')?.uuid ?? '*default'

  let at = request.timeStart
  let remaining = request.usage
  let durationIndex = request.durationIndex
  let maxCostSoFar = request.maxCostSoFar
  let feeDue = request.loopIndex === 0
  let ended = false

  const left = (uuid: string) => values.get(uuid) ?? Decimal.ZERO
  const has = (uuid: string, amount: Decimal) => left(uuid).compare(amount) >= 0
  const take = (uuid: string, amount: Decimal) => {
    if (amount.isZero) return
    values.set(uuid, left(uuid).minus(amount).round(decimals, '*middle'))
  }
  const put = (line: Line) => lines.push(line)
  const advance = (usage: bigint) => {
    at = addNs(at, usage)
    remaining -= usage
    feeDue = false
  }
  const rate = (subject: string): readonly RatedSpan[] | string => {
    if (durationIndex < remaining) durationIndex = remaining
    const { category, destination, toR } = request
    const rated = tariff.rate({
      tenant: account.tenant,
      category,
      subject,
      destination,
      toR,
      timeStart: at,
      usage: remaining,
      durationIndex,
    })
    return rated.ok ? rated.spans : rated.fault
  }
  const payFee = (fee: Decimal, payers: readonly string[]): 'blocked' | undefined => {
    if (fee.isZero) return undefined
    for (const uuid of payers) {
      if (has(uuid, fee)) {
        take(uuid, fee)
        put({ duration: 0n, cost: fee, units: '', money: uuid })
        feeDue = false
        return undefined
      }
      if (money.find((b) => b.uuid === uuid)?.blocker) return 'blocked'
    }
    take(defaultId, fee)
    put({ duration: 0n, cost: fee, units: '', money: defaultId })
    feeDue = false
    return undefined
  }

  const free = (balance: Balance, step: bigint): boolean => {
    const factor = balance.factors?.[request.balanceFactorId]
    const amount = factor ? factor.timesInteger(step).round(decimals, '*up') : Decimal.of(step)
    let paid = false
    for (let open = remaining; open > 0n && has(balance.uuid, amount); open -= step) {
      take(balance.uuid, amount)
      put({ duration: step, cost: Decimal.ZERO, units: balance.uuid, money: '' })
      advance(step)
      paid = true
    }
    return paid
  }

  const priced = (balance: Balance, subject: string): boolean | string => {
    const spans = rate(subject)
    if (typeof spans === 'string') return spans
    const [first] = spans
    if (first === undefined) return false
    const payers = money.map(({ uuid }) => uuid)
    if (feeDue && payFee(first.interval.rating.connectFee, payers) === 'blocked') return false
    let paid = false
    for (const { increments, interval } of spans) {
      const { maxCost, maxCostStrategy } = interval.rating
      for (let i = 0n; i < increments.count; i++) {
        const { duration, cost } = increments
        const reached = maxCostSoFar.compare(maxCost) >= 0
        if (reached && maxCostStrategy === '*disconnect' && dry) {
          ended = true
          return paid
        }
        if (reached && maxCostStrategy === '*free') {
          put({ duration, cost: Decimal.ZERO, units: '', money: isMoney.has(balance) ? balance.uuid : '' })
        } else if (isMoney.has(balance)) {
          if (!has(balance.uuid, cost)) return paid
          take(balance.uuid, cost)
          maxCostSoFar = maxCostSoFar.plus(cost)
          put({ duration, cost, units: '', money: balance.uuid })
        } else {
          const factor = balance.factors?.[request.balanceFactorId]
          const amount = factor ? factor.timesInteger(duration).round(decimals, '*up') : Decimal.of(duration)
          if (!has(balance.uuid, amount)) return paid
          let payer = ''
          if (!cost.isZero) {
            const found = payers.find((uuid) => has(uuid, cost))
            if (found === undefined && dry && !account.allowNegative) return paid
            payer = found ?? defaultId
            take(payer, cost)
            maxCostSoFar = maxCostSoFar.plus(cost)
          }
          take(balance.uuid, amount)
          put({ duration, cost, units: balance.uuid, money: payer })
        }
        advance(duration)
        paid = true
      }
    }
    return paid
  }

  const pass = (list: readonly Balance[]): boolean | string => {
    let any = false
    for (let progress = true; progress; ) {
      progress = false
      for (const balance of list) {
        if (remaining <= 0n || ended) return any
        if (left(balance.uuid).compare(Decimal.ZERO) > 0) {
          let subject = balance.ratingSubject
          if (subject === '' && !isMoney.has(balance)) subject = request.toR === '*voice' ? '*zero1s' : '*zero1ns'
          const paid = subject.startsWith('*zero')
            ? free(balance, parseDuration(subject.slice(5)))
            : priced(balance, subject || request.subject)
          if (typeof paid === 'string') return paid
          if (paid) progress = any = true
        }
        if (balance.blocker && remaining > 0n) {
          if (!dry) return 'INSUFFICIENT_CREDIT_BALANCE_BLOCKER'
          ended = true
        }
      }
    }
    return any
  }

  for (let progress = true; progress && remaining > 0n && !ended; ) {
    const unit = pass(units)
    if (typeof unit === 'string') return { fault: unit }
    const paid = remaining > 0n && !ended ? pass(money) : false
    if (typeof paid === 'string') return { fault: paid }
    progress = unit || paid
  }
  if (remaining > 0n && !ended) {
    const spans = rate(request.subject)
    if (typeof spans === 'string') return { fault: spans }
    const fee = spans[0]?.interval.rating.connectFee ?? Decimal.ZERO
    const hasFee = request.loopIndex === 0 && !fee.isZero
    const costsNothing = !hasFee && spans.every(({ increments }) => increments.cost.isZero)
    if (costsNothing || mode === 'all' || mode === 'preview') {
      const payers = money.map(({ uuid }) => uuid)
      if (feeDue) payFee(fee, payers)
      if (!costsNothing) values.set(defaultId, left(defaultId))
      for (const { increments } of spans) {
        for (let i = 0n; i < increments.count; i++) {
          const { duration, cost } = increments
          if (!costsNothing) take(defaultId, cost)
          put({ duration, cost, units: '', money: costsNothing ? '' : defaultId })
          advance(duration)
        }
      }
    }
  }
  return { lines, values: Object.fromEntries([...values].map(([uuid, value]) => [uuid, value.toString()])) }
}
