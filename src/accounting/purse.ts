import type { Decimal } from '../core/decimal.ts'
import type { Tariff } from '../rating/model.ts'
import { type Account, accountKey, type Balance } from './account.ts'
import { type CountedEvent, DebitWatch, type Take } from './debit-watch.ts'
import { Ledger } from './ledger.ts'
import type { ReactionEnvironment } from './reactions.ts'
import type { SharingStrategy } from './shared-groups.ts'

/** What a debit asks about the shared groups of an account. */
export type GroupAccess = {
  /** How an account draws from a group; undefined: there is no such group. */
  strategyOf(groupId: string, accountId: string): SharingStrategy | undefined
  /** Accounts of the members of a group, in the same order each time. */
  membersOf(groupId: string): Iterable<Account>
  /** Random orders follow from it: all steps of one request see the same one. */
  seed: number
}

/** Accounts that a debit is changing, as what their triggers do finds them. */
export type LiveAccounts = {
  /** The account as it is now; undefined: this debit does not change it. */
  get(accountId: string): Account | undefined
  /** The debit goes on with the account as it is put; false: it does not change that one. */
  put(account: Account): boolean
}

/** Ids, time and accounts come from the caller: the debit itself is pure. */
export type DebitContext = {
  nowMs: number
  newUuid: () => string
  /** What the triggers of an account ask of the world; undefined: a dry run, they stay silent. */
  reactions?: ((accountId: string, live: LiveAccounts) => ReactionEnvironment) | undefined
  /** Undefined: no balance of the account is in a group. */
  groups?: GroupAccess | undefined
}

/** One account while it is debited: what its balances have left, and its triggers and counters. */
export class Purse {
  /** As it was. */
  readonly account: Account
  readonly accountId: string
  readonly ledger: Ledger
  /** Undefined: it has none, or the debit is dry. */
  readonly watch: DebitWatch | undefined
  /** Whether the debit has taken, or counted, anything. */
  isTouched = false

  constructor(account: Account, ledger: Ledger, watch: DebitWatch | undefined) {
    this.account = account
    this.accountId = accountKey(account.tenant, account.id)
    this.ledger = ledger
    this.watch = watch
  }

  /** Takes `each` `count` times, whether or not the balance has it; the value that is left. */
  take(balance: Balance, each: Decimal, count: bigint): Decimal {
    if (!each.isZero) this.isTouched = true
    return this.ledger.take(balance, each, count)
  }

  /** Goes on from the account as something else has made it. */
  rebase(account: Account): void {
    this.isTouched = true
    this.ledger.rebase(account)
  }

  /** The account as it is now. */
  current(nowMs: number): Account {
    return this.watch === undefined ? this.ledger.account(nowMs) : this.watch.account(nowMs)
  }
}

/** What one increment takes from a balance of an account. */
export type PaidTake = Take & { purse: Purse }

/** The accounts of one debit: its own, and those that share balances with it. */
export class Purses implements LiveAccounts {
  readonly own: Purse
  readonly context: DebitContext
  /** Whether any of the accounts has triggers or counters. */
  isWatched: boolean
  readonly #event: CountedEvent
  readonly #tariff: Tariff
  readonly #decimals: number
  /** By account id. */
  #others: Map<string, Purse> | undefined

  constructor(account: Account, event: CountedEvent, tariff: Tariff, decimals: number, context: DebitContext) {
    this.context = context
    this.#event = event
    this.#tariff = tariff
    this.#decimals = decimals
    this.isWatched = false
    this.own = this.#open(account)
  }

  /** The purse of an account that shares balances with the own one. */
  of(account: Account): Purse {
    const accountId = accountKey(account.tenant, account.id)
    if (accountId === this.own.accountId) return this.own
    const held = this.#others?.get(accountId)
    if (held !== undefined) return held
    const purse = this.#open(account)
    this.#others ??= new Map()
    this.#others.set(accountId, purse)
    return purse
  }

  /** Accounts besides the own one that have changed, as they are now. */
  changedOthers(nowMs: number): readonly Account[] {
    if (this.#others === undefined) return NOBODY
    const changed: Account[] = []
    for (const purse of this.#others.values()) {
      const account = purse.isTouched ? purse.current(nowMs) : purse.account
      if (account !== purse.account) changed.push(account)
    }
    return changed
  }

  get(accountId: string): Account | undefined {
    const purse = this.#find(accountId)
    return purse?.isTouched === true ? purse.current(this.context.nowMs) : purse?.account
  }

  put(account: Account): boolean {
    const purse = this.#find(accountKey(account.tenant, account.id))
    purse?.rebase(account)
    return purse !== undefined
  }

  /** How many increments up to `wanted` (above 0) can be taken until a trigger of any account fires; at least one. */
  limit(takes: readonly PaidTake[], wanted: bigint): bigint {
    const only = onlyPurse(takes)
    if (only !== undefined) return only.watch?.limit(takes, wanted) ?? wanted
    let least = wanted
    for (const take of takes) least = take.purse.watch?.limit([take], least) ?? least
    return least
  }

  /** After `count` increments were taken: each account counts what its own balances have given, and its triggers fire. */
  took(takes: readonly PaidTake[], count: bigint): void {
    for (const { purse } of takes) purse.isTouched = true
    const only = onlyPurse(takes)
    if (only !== undefined) only.watch?.took(takes, count)
    else for (const take of takes) take.purse.watch?.took([take], count)
  }

  #find(accountId: string): Purse | undefined {
    return accountId === this.own.accountId ? this.own : this.#others?.get(accountId)
  }

  #open(account: Account): Purse {
    const { newUuid, reactions } = this.context
    const ledger = new Ledger(account, this.#decimals, newUuid)
    if (account.watch === undefined || reactions === undefined) return new Purse(account, ledger, undefined)
    this.isWatched = true
    const environment = reactions(accountKey(account.tenant, account.id), this)
    const watch = new DebitWatch(ledger, account.watch, this.#event, this.#tariff, environment)
    return new Purse(account, ledger, watch)
  }
}

const NOBODY: readonly Account[] = []

/** The purse of all takes; undefined: there are several. */
function onlyPurse([first, ...others]: readonly PaidTake[]): Purse | undefined {
  return others.every(({ purse }) => purse === first?.purse) ? first?.purse : undefined
}
