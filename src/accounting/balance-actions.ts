import { Decimal } from '../core/decimal.ts'
import type { ZonedTime } from '../core/time.ts'
import type { BalanceSummary } from '../rating/call-cost.ts'
import { type Account, type Balance, DEFAULT_BALANCE, newBalance } from './account.ts'
import { type Action, expiryAt } from './action.ts'
import { type BalanceFilter, softMatches } from './balance-filter.ts'
import { isExpired } from './select.ts'
import { unitsAt } from './units.ts'

/** Time and ids of one run of an action set; its zone is that of dates without one. */
export type RunContext = { now: ZonedTime; newUuid: () => string; roundingDecimals: number }

/** Stops an action set; the text is what the log says. */
export class ActionRefused extends Error {}

/**
 * What an action did to one balance. value: of the action, or of the removed balance. type: '' for a transfer. Reference 04, 11.6.
 */
export type Touched = { type: string; balance: Balance; value: Decimal; transfer?: Transferred }

/** Both sides of a transfer; destination: id of its account. Reference 04, 11.5. */
export type Transferred = { destination: string; source: BalanceSummary; target: BalanceSummary }

/** The account after a balance action, and the balances it touched, as they are now. */
export type Changed = { account: Account; touched: Touched[] }

/** An action with its expiry and units worked out for this run. */
type Resolved = { type: string; filter: BalanceFilter; amount: Decimal; extraParameters: string }

function resolve(action: Action, { now }: RunContext): Resolved {
  const expiresAtNs = expiryAt(action.expiryTime, now)
  return {
    type: action.balanceType,
    filter: expiresAtNs === undefined ? action.balance : { ...action.balance, expiresAtNs },
    amount: unitsAt(action.units, now),
    extraParameters: action.extraParameters,
  }
}

/** Adds units; the sign of an amount is ignored, but not that of a formula's share. Reference 04, 11.4 n1 and 18.6. */
export function topUp(account: Account, action: Action, context: RunContext, reset: boolean): Changed {
  const resolved = resolve(action, context)
  const { amount } = resolved
  const taken = action.units?.kind !== 'incremental' && amount.isPositive ? amount.negate() : amount
  return subtract(account, resolved, taken, context, (value) => (reset ? Decimal.ZERO : value))
}

/** Takes units, below zero when need be. Reference 04, 11.4 n1. */
export function takeUnits(account: Account, action: Action, context: RunContext, reset: boolean): Changed {
  const resolved = resolve(action, context)
  return subtract(account, resolved, resolved.amount, context, (value) => (reset ? Decimal.ZERO : value))
}

/** Wipes debt, then takes units. Reference 04, 11.4 n2. */
export function zeroNegative(account: Account, action: Action, context: RunContext): Changed {
  const resolved = resolve(action, context)
  return subtract(account, resolved, resolved.amount, context, (value) => (value.isNegative ? Decimal.ZERO : value))
}

function subtract(
  account: Account,
  { type, filter, amount, extraParameters }: Resolved,
  taken: Decimal,
  context: RunContext,
  before: (value: Decimal) => Decimal,
): Changed {
  const { now, roundingDecimals } = context
  const touched: Touched[] = []
  const left = (value: Decimal) => value.minus(taken).round(roundingDecimals, '*middle')
  const list = (account.balances[type] ?? []).map((balance) => {
    if (isExpired(balance, now.ns) || !softMatches(balance, filter)) return balance
    const changed = { ...balance, value: left(before(balance.value)) }
    touched.push({ type, balance: changed, value: amount })
    return changed
  })
  if (touched.length === 0) {
    const created = createBalance(filter, left(Decimal.ZERO), extraParameters, context)
    list.push(created)
    touched.push({ type, balance: created, value: amount })
  }
  return { account: withList(account, type, list), touched }
}

function createBalance(filter: BalanceFilter, value: Decimal, factors: string, { newUuid }: RunContext): Balance {
  const balance = newBalance(newUuid(), filter.id ?? '', value)
  if (filter.id === DEFAULT_BALANCE) return balance
  const sets = { destinationIds: {}, categories: {}, sharedGroups: {}, timingIds: {} }
  return { ...balance, ...sets, factors: readFactors(factors), ...filter, uuid: balance.uuid }
}

/** `{"name": 2}`. */
function readFactors(text: string): Balance['factors'] {
  if (text === '') return null
  let factors: unknown
  try {
    factors = JSON.parse(text)
  } catch {
    throw new ActionRefused(`invalid factors ${text}`)
  }
  const entries = Object.entries(factors ?? {})
  if (entries.some(([, factor]) => typeof factor !== 'number')) throw new ActionRefused(`invalid factors ${text}`)
  return Object.fromEntries(entries.map(([name, factor]) => [name, Decimal.ofNumber(Number(factor))]))
}

/** Overwrites the given fields of one balance, found by uuid or id; makes it when there is none. Reference 04, 11.4 n3. */
export function setBalance(account: Account, action: Action, context: RunContext): Changed {
  const { type, filter, amount } = resolve(action, context)
  const isWanted = (balance: Balance) =>
    !isExpired(balance, context.now.ns) &&
    (filter.uuid === undefined ? balance.id === (filter.id ?? '') : balance.uuid === filter.uuid)
  const types = type === '' ? Object.keys(account.balances) : [type]
  for (const each of types) {
    const list = account.balances[each] ?? []
    const found = list.find(isWanted)
    if (found === undefined) continue
    const fields = found.id === DEFAULT_BALANCE ? {} : filter
    const changed = { ...found, ...fields, value: action.units === undefined ? found.value : amount }
    const updated = list.map((balance) => (balance === found ? changed : balance))
    return { account: withList(account, each, updated), touched: [{ type: each, balance: changed, value: amount }] }
  }
  if (filter.uuid !== undefined) throw new ActionRefused(`cannot find balance with uuid: ${filter.uuid}`)
  if (type === '') throw new ActionRefused('missing balance type')
  const fields = filter.id === DEFAULT_BALANCE ? {} : filter
  const created = { ...newBalance(context.newUuid(), filter.id ?? '', amount), ...fields }
  const list = [...(account.balances[type] ?? []), created]
  return { account: withList(account, type, list), touched: [{ type, balance: created, value: amount }] }
}

/** Removes what matches, of one type or of all. Throws ActionRefused NOT_FOUND when nothing does. */
export function removeBalances(account: Account, action: Action, context: RunContext, onlyExpired: boolean): Changed {
  const { type, filter } = resolve(action, context)
  const touched: Touched[] = []
  const balances: Record<string, readonly Balance[]> = { ...account.balances }
  for (const each of type === '' ? Object.keys(balances) : [type]) {
    const isRemoved = (balance: Balance) =>
      softMatches(balance, filter) && (!onlyExpired || isExpired(balance, context.now.ns))
    const list = balances[each] ?? []
    const removed = list.filter(isRemoved)
    if (removed.length === 0) continue
    balances[each] = list.filter((balance) => !isRemoved(balance))
    touched.push(...removed.map((balance) => ({ type: each, balance, value: balance.value })))
  }
  if (touched.length === 0) throw new ActionRefused('NOT_FOUND')
  return { account: { ...account, balances }, touched }
}

/** Sets the expiry of what matches, whatever its expiry was. */
export function setExpiry(account: Account, action: Action, { now }: RunContext): Account {
  const expiresAtNs = expiryAt(action.expiryTime, now) ?? null
  const list = account.balances[action.balanceType]
  if (list === undefined) return account
  const updated = list.map((balance) => (softMatches(balance, action.balance) ? { ...balance, expiresAtNs } : balance))
  return withList(account, action.balanceType, updated)
}

/** Moves all positive matching money to `*default`. Throws ActionRefused NOT_FOUND when there is no money at all. */
export function transferToDefault(account: Account, action: Action, context: RunContext): Account {
  const list = account.balances['*monetary']
  if (list === undefined) throw new ActionRefused('NOT_FOUND')
  const { filter } = resolve(action, context)
  let moved = Decimal.ZERO
  const emptied = list.map((balance) => {
    if (balance.id === DEFAULT_BALANCE || !balance.value.isPositive || !softMatches(balance, filter)) return balance
    if (isExpired(balance, context.now.ns)) return balance
    moved = moved.plus(balance.value)
    return { ...balance, value: Decimal.ZERO }
  })
  const target = emptied.find(({ id }) => id === DEFAULT_BALANCE)
  const filled =
    target === undefined
      ? [...emptied, newBalance(context.newUuid(), DEFAULT_BALANCE, moved)]
      : emptied.map((balance) => (balance === target ? { ...balance, value: balance.value.plus(moved) } : balance))
  return withList(account, '*monetary', filled)
}

/** The account without its expired balances. Reference 04, 10.2.5. */
export function withoutExpired(account: Account, atNs: bigint): Account {
  const lists = Object.values(account.balances)
  if (!lists.some((list) => list.some((balance) => isExpired(balance, atNs)))) return account
  const kept = Object.entries(account.balances).map(([type, list]) => [
    type,
    list.filter((balance) => !isExpired(balance, atNs)),
  ])
  return { ...account, balances: Object.fromEntries(kept) }
}

function withList(account: Account, type: string, list: readonly Balance[]): Account {
  return { ...account, balances: { ...account.balances, [type]: list } }
}
