import type { Evaluations } from '../core/evaluations.ts'
import type { AccountPlans } from '../rpc/methods/actions.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'

/** Action plans of an account, by `tenant:account`. */
const accountPlansKind: RecordKind<readonly string[]> = {
  table: 'meta',
  write: (planIds, writer) => writer.json(JSON.stringify(planIds)),
  decode: (text) => JSON.parse(text) as string[],
}
const ACCOUNT_PLANS = 'account-plans/'

/** Whether a key of the table `meta` is that of the plans of an account. */
export function isOfPlans(key: string): boolean {
  return key.startsWith(ACCOUNT_PLANS)
}

/** Which accounts are in which action plans: one record an account, and all of them by plan in memory. Reference 04, 2.6. */
export class PlanMembers {
  readonly #byPlan = new Map<string, Set<string>>()

  /** Reads what the store holds. */
  async open(store: DataStore): Promise<void> {
    for await (const [key, { value }] of store.scan('meta', { prefix: ACCOUNT_PLANS }))
      this.#move(key.slice(ACCOUNT_PLANS.length), [], accountPlansKind.decode(value, key))
  }

  /** Takes in what another engine has done to the plans of an account. key, text: the record as the store holds it. */
  take(key: string, text: string | undefined): void {
    const accountId = key.slice(ACCOUNT_PLANS.length)
    this.#follow(accountId, text === undefined ? [] : accountPlansKind.decode(text, key))
  }

  /** Accounts of a plan. */
  of(planId: string): string[] {
    return [...(this.#byPlan.get(planId) ?? [])]
  }

  has(planId: string, accountId: string): boolean {
    return this.#byPlan.get(planId)?.has(accountId) === true
  }

  /** One unit of work that may put accounts into plans or take them out; resolves when it is durable. */
  async run<R>(records: Records, work: (unit: Unit, plans: AccountPlans) => R): Promise<R> {
    let moved: [accountId: string, before: readonly string[], after: readonly string[]][] = []
    const undo = () => {
      for (const [accountId, was, after] of moved) this.#move(accountId, after, was)
      moved = []
    }
    try {
      return await records.run((unit) => {
        // Another engine was first: what an earlier run has done does not count.
        undo()
        const changed = new Map<string, readonly string[]>()
        const of = (accountId: string) => unit.get(accountPlansKind, ACCOUNT_PLANS + accountId) ?? []
        const before = new Map<string, readonly string[]>()
        const result = work(unit, {
          of,
          put(accountId, planIds) {
            if (!before.has(accountId)) before.set(accountId, of(accountId))
            const key = ACCOUNT_PLANS + accountId
            if (planIds.length > 0) unit.put(accountPlansKind, key, planIds)
            else unit.delete(accountPlansKind, key)
            changed.set(accountId, planIds)
          },
        })
        moved = [...changed].map(([accountId, after]) => [accountId, before.get(accountId) ?? [], after])
        // As the values of records do, this shows before it is durable: a later unit builds on it.
        for (const [accountId, was, after] of moved) this.#move(accountId, was, after)
        return result
      })
    } catch (cause) {
      undo()
      throw cause
    }
  }

  /** Takes an account that is removed out of its plans, as part of a unit that others run. */
  withdraw(unit: Unit, accountId: string, records: Records, evaluations: Evaluations): void {
    const key = ACCOUNT_PLANS + accountId
    if (unit.get(accountPlansKind, key) === undefined) return
    unit.delete(accountPlansKind, key)
    evaluations.whenOver((durable) => {
      // Of its runs the last one counts: memory follows what the record is then.
      const follow = () => records.run((later) => this.#follow(accountId, later.get(accountPlansKind, key) ?? []))
      durable?.then(follow).catch(() => undefined)
    })
  }

  #follow(accountId: string, planIds: readonly string[]): void {
    const held = [...this.#byPlan].filter(([, accounts]) => accounts.has(accountId)).map(([planId]) => planId)
    this.#move(accountId, held, planIds)
  }

  #move(accountId: string, before: readonly string[], after: readonly string[]): void {
    for (const planId of before) this.#byPlan.get(planId)?.delete(accountId)
    for (const planId of after) {
      const accounts = this.#byPlan.get(planId) ?? new Set()
      this.#byPlan.set(planId, accounts.add(accountId))
    }
  }
}
