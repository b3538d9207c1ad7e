import { type Account, accountKey, newAccount } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import { type ActionTrigger, addTriggers, withTriggers } from '../accounting/trigger.ts'
import { NotFound } from '../core/errors.ts'
import type { ZonedTime } from '../core/time.ts'
import type { AccountChange, PlanChange, TriggerChange } from '../rpc/methods/accounts.ts'
import type { AccountPlans } from '../rpc/methods/actions.ts'
import type { DataStore } from '../store/data-store.ts'
import type { Records, Unit } from '../store/unit-of-work.ts'
import type { ActionRunner } from './action-runner.ts'
import type { GroupMembers } from './group-members.ts'
import type { PlanMembers } from './plan-members.ts'

/** Accounts as those who administer them see them. Each change is one commit. Reference 04, 13.1. */
export class AccountAdmin {
  readonly #store: DataStore
  readonly #records: Records
  readonly #members: PlanMembers
  readonly #groupMembers: GroupMembers
  readonly #runner: ActionRunner
  readonly #now: () => ZonedTime
  readonly #hasPlan: (planId: string) => boolean
  readonly #triggersOf: (groupId: string) => readonly ActionTrigger[] | undefined

  constructor(
    parts: {
      store: DataStore
      records: Records
      members: PlanMembers
      groupMembers: GroupMembers
      runner: ActionRunner
    },
    now: () => ZonedTime,
    hasPlan: (planId: string) => boolean,
    triggersOf: (groupId: string) => readonly ActionTrigger[] | undefined,
  ) {
    this.#store = parts.store
    this.#records = parts.records
    this.#members = parts.members
    this.#groupMembers = parts.groupMembers
    this.#runner = parts.runner
    this.#now = now
    this.#hasPlan = hasPlan
    this.#triggersOf = triggersOf
  }

  /** An account, undefined when there is none. */
  find(tenant: string, id: string): Promise<Account | undefined> {
    return this.#records.run((unit) => unit.get(accountKind, accountKey(tenant, id)))
  }

  /** Accounts of a tenant in the order of their keys. */
  async *ofTenant(tenant: string): AsyncIterable<Account> {
    for await (const [key, { value }] of this.#store.scan('account', { prefix: accountKey(tenant, '') }))
      yield accountKind.decode(value, key)
  }

  /** Ids of the accounts of a tenant, in order. */
  async ids(tenant: string): Promise<string[]> {
    const prefix = accountKey(tenant, '')
    const ids: string[] = []
    for await (const [key] of this.#store.scan('account', { prefix })) ids.push(key.slice(prefix.length))
    return ids
  }

  /** Makes or changes an account; true when it has joined or left a plan. Throws NotFound for an unknown plan or group of triggers. */
  set(tenant: string, id: string, change: AccountChange): Promise<boolean> {
    const accountId = accountKey(tenant, id)
    const nowMs = Number(this.#now().ns / 1_000_000n)
    return this.#members.run(this.#records, (unit, plans) => {
      const held = unit.get(accountKind, accountId) ?? newAccount(tenant, id, nowMs)
      const allowNegative = change.allowNegative ?? held.allowNegative
      const disabled = change.disabled ?? held.disabled
      const isMoved = change.plans !== undefined && this.#join(unit, plans, accountId, change.plans)
      const watched = change.triggers === undefined ? held : this.#withGroups(held, change.triggers)
      unit.put(accountKind, accountId, { ...watched, allowNegative, disabled, updatedAtMs: nowMs })
      return isMoved
    })
  }

  #withGroups(account: Account, { ids, isReplacing }: TriggerChange): Account {
    const groups = ids.map((groupId) => {
      const triggers = this.#triggersOf(groupId)
      if (triggers === undefined) throw new NotFound()
      return triggers
    })
    return withTriggers(account, addTriggers(isReplacing ? [] : (account.watch?.triggers ?? []), groups.flat()))
  }

  #join(unit: Unit, plans: AccountPlans, accountId: string, { ids, isReplacing, isRepeating }: PlanChange): boolean {
    const before = plans.of(accountId)
    const after = new Set(isReplacing ? before.filter((planId) => ids.includes(planId)) : before)
    let isMoved = after.size !== before.length
    for (const planId of ids) {
      if (!this.#hasPlan(planId)) throw new NotFound()
      if (after.has(planId) && !isRepeating) continue
      const runsLater = this.#runner.stagePlan(unit, planId, accountId)
      if (runsLater || !isRepeating) after.add(planId)
      isMoved = true
    }
    if (isMoved) plans.put(accountId, [...after])
    return isMoved
  }

  /** Removes an account, from its plans and shared groups too; one that is not there is no error. True when it was in a plan. */
  remove(tenant: string, id: string): Promise<boolean> {
    const accountId = accountKey(tenant, id)
    return this.#members.run(this.#records, (unit, plans) => {
      if (unit.get(accountKind, accountId) !== undefined) unit.delete(accountKind, accountId)
      this.#groupMembers.leave(unit, accountId)
      const isMoved = plans.of(accountId).length > 0
      if (isMoved) plans.put(accountId, [])
      return isMoved
    })
  }

  /**
   * Puts an account as another engine has it in the place of the one of its name. One without balances leaves those that are held, unless
   * all have expired. Reference 10, A6.
   */
  async replace(account: Account): Promise<void> {
    const key = accountKey(account.tenant, account.id)
    const { ns } = this.#now()
    await this.#records.run((unit) => {
      const held = unit.get(accountKind, key)
      const isLive = Object.values(held?.balances ?? {})
        .flat()
        .some(({ expiresAtNs: expires }) => expires === null || expires > ns)
      const isKept = Object.keys(account.balances).length === 0 && isLive
      const balances = isKept && held !== undefined ? held.balances : account.balances
      this.#groupMembers.join(unit, account)
      unit.put(accountKind, key, { ...account, balances })
    })
  }

  /** Puts an account into the plans that `edit` makes of those that it is in; they need not be there. */
  setPlans(tenant: string, id: string, edit: (held: readonly string[]) => readonly string[]): Promise<void> {
    const accountId = accountKey(tenant, id)
    return this.#members.run(this.#records, (_, plans) => plans.put(accountId, [...new Set(edit(plans.of(accountId)))]))
  }

  /** Plans of an account. */
  plansOf(tenant: string, id: string): Promise<readonly string[]> {
    return this.#members.run(this.#records, (_, plans) => plans.of(accountKey(tenant, id)))
  }

  /** Takes an account out of a plan. */
  leave(planId: string, tenant: string, id: string): Promise<void> {
    const accountId = accountKey(tenant, id)
    return this.#members.run(this.#records, (_, plans) => {
      const held = plans.of(accountId)
      if (held.includes(planId))
        plans.put(
          accountId,
          held.filter((each) => each !== planId),
        )
    })
  }
}
