import { Decimal } from '../core/decimal.ts'
import { type Account, type Balance, DEFAULT_BALANCE, newBalance } from './account.ts'

/**
 * Values of the balances of one account while it is debited. Each write rounds to `decimals` as the reference does, so a
 * value with more digits (set by an operator) is rounded by the first increment that it pays. Reference 04, 1.
 */
export class Ledger {
  #account: Account
  readonly #decimals: number
  readonly #newUuid: () => string
  /** By uuid. */
  readonly #values = new Map<string, Decimal>()
  #default: Balance | undefined
  #createdDefault: Balance | undefined

  constructor(account: Account, decimals: number, newUuid: () => string) {
    this.#account = account
    this.#decimals = decimals
    this.#newUuid = newUuid
    this.#default = account.balances['*monetary']?.find(({ id }) => id === DEFAULT_BALANCE)
  }

  valueOf(balance: Balance): Decimal {
    return this.#values.get(balance.uuid) ?? balance.value
  }

  /** How many times, up to `wanted`, the balance can pay `each`. */
  affordable(balance: Balance, each: Decimal, wanted: bigint): bigint {
    const value = this.valueOf(balance)
    if (value.compare(each) < 0) return 0n
    if (!each.isPositive) return wanted
    const first = this.#afterOne(value, each)
    const more = first.isPositive ? first.floorDivide(each) : 0n
    return more + 1n < wanted ? more + 1n : wanted
  }

  /** Takes `each` `count` times, whether or not the balance has it; the value that is left. */
  take(balance: Balance, each: Decimal, count: bigint): Decimal {
    const value = this.valueOf(balance)
    if (each.isZero || count === 0n) return value
    const left = this.#afterOne(value, each).minus(each.timesInteger(count - 1n))
    this.#values.set(balance.uuid, left)
    return left
  }

  #afterOne(value: Decimal, each: Decimal): Decimal {
    return value.minus(each).round(this.#decimals, '*middle')
  }

  /** The balance that takes what nothing else covers; created when the account has none. Reference 04, 4.5. */
  get default(): Balance {
    if (this.#default === undefined) {
      this.#createdDefault = newBalance(this.#newUuid(), DEFAULT_BALANCE, Decimal.ZERO)
      this.#default = this.#createdDefault
    }
    return this.#default
  }

  /** The account with all that was taken; the same object when nothing was. */
  account(nowMs: number): Account {
    const created = this.#createdDefault
    if (this.#values.size === 0 && created === undefined) return this.#account
    const balances: Record<string, readonly Balance[]> = {}
    for (const [type, list] of Object.entries(this.#account.balances)) balances[type] = this.#updated(list)
    if (created !== undefined) {
      balances['*monetary'] = [...(balances['*monetary'] ?? []), { ...created, value: this.valueOf(created) }]
    }
    return { ...this.#account, balances, updatedAtMs: nowMs }
  }

  /** Goes on from the account as something else has made it in the meantime. A balance that is gone has nothing. */
  rebase(account: Account): void {
    const held = this.account(0)
    for (const list of Object.values(held.balances)) for (const { uuid } of list) this.#values.set(uuid, Decimal.ZERO)
    for (const list of Object.values(account.balances))
      for (const { uuid, value } of list) this.#values.set(uuid, value)
    this.#account = account
    this.#createdDefault = undefined
    this.#default = account.balances['*monetary']?.find(({ id }) => id === DEFAULT_BALANCE)
  }

  #updated(list: readonly Balance[]): readonly Balance[] {
    if (!list.some(({ uuid }) => this.#values.has(uuid))) return list
    return list.map((balance) => {
      const value = this.#values.get(balance.uuid)
      return value === undefined ? balance : { ...balance, value }
    })
  }
}
