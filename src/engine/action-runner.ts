import type { Account } from '../accounting/account.ts'
import { accountKey } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import { type ActionPlan, loadActionPlan, type Task } from '../accounting/action-plans.ts'
import { type ActionEffect, runAccountlessActions, runActions } from '../accounting/actions.ts'
import { Scheduler } from '../accounting/scheduler.ts'
import { type AccountRow, applyAccountRow, type TariffActions } from '../accounting/tariff-actions.ts'
import type { ZonedTime } from '../core/time.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import type { AccountPlans, PlanMembers } from './plan-members.ts'

/** Whether an account passes the filters of an action; throws TollgateError when it cannot be told. */
export type AccountPredicate = (account: Account) => boolean

export type RunnerOptions = {
  /** schedulers.enabled: without it tasks wait in the store. */
  enabled: boolean
  timeZone: string
  roundingDecimals: number
  removeExpired: boolean
  now: () => ZonedTime
  newUuid: () => string
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** What the runner runs: the actions in force. */
export type RunnerTariff = {
  actions: TariffActions
  actionFilters: ReadonlyMap<readonly string[], AccountPredicate>
}

/** Tasks that wait for their run: they survive a crash, and each runs once. */
const taskKind: RecordKind<Task> = {
  table: 'meta',
  encode: ({ uuid, accountId, actionsId }) => JSON.stringify([uuid, accountId, actionsId]),
  decode(text) {
    const [uuid = '', accountId = '', actionsId = ''] = JSON.parse(text) as string[]
    return { uuid, accountId, actionsId }
  },
}
const TASKS = 'action-task/'

/** Runs action sets: those of `*asap` timings as tasks in the store, the others by the clock. Reference 04, 11.2 and 12.3. */
export class ActionRunner {
  readonly #store: DataStore
  readonly #records: Records
  readonly #members: PlanMembers
  readonly #options: RunnerOptions
  readonly #scheduler: Scheduler
  #tariff: RunnerTariff | undefined

  constructor(store: DataStore, records: Records, members: PlanMembers, options: RunnerOptions) {
    this.#store = store
    this.#records = records
    this.#members = members
    this.#options = options
    this.#scheduler = new Scheduler({
      nowMs: () => Number(options.now().ns / 1_000_000n),
      zone: options.timeZone,
      setTimer: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs)
        return () => clearTimeout(timer)
      },
      run: (task) => this.#run(task),
      accepts: () => true,
      onError: (cause) => options.log('error', 'an action plan failed', { cause: String(cause) }),
    })
  }

  /** The actions in force from now on. */
  take(tariff: RunnerTariff): void {
    this.#tariff = tariff
  }

  /**
   * Puts what a load changes into its commit: the accounts of its rows, and a task for each `*asap` action of its plans and of
   * those that its accounts are put into.
   */
  stage(
    unit: Unit,
    accountPlans: AccountPlans,
    { plans }: TariffActions,
    loaded: { accounts: readonly AccountRow[]; plans: ReadonlySet<string> },
  ): void {
    const { now, newUuid } = this.#options
    const nowMs = Number(now().ns / 1_000_000n)
    const accountIds = new Map([...loaded.plans].map((planId): [string, string[]] => [planId, []]))
    for (const row of loaded.accounts) {
      const key = accountKey(row.tenant, row.id)
      unit.put(accountKind, key, applyAccountRow(unit.get(accountKind, key), row, nowMs))
      if (row.planId === '') continue
      const members = accountIds.get(row.planId) ?? []
      accountIds.set(row.planId, members)
      members.push(key)
    }
    for (const [id, members] of accountIds) {
      const { plan, tasks } = loadActionPlan(
        { id, accountIds: members, timings: plans.get(id) ?? [] },
        undefined,
        newUuid,
      )
      for (const task of tasks) unit.put(taskKind, TASKS + task.uuid, task)
      for (const accountId of plan.accountIds)
        accountPlans.put(accountId, [...new Set([...accountPlans.of(accountId), id])])
    }
  }

  /** Runs the tasks that wait and plans what comes; resolves when the tasks are done. */
  async reload(): Promise<void> {
    const tasks: Task[] = []
    for await (const [key, { value }] of this.#store.scan('meta', { prefix: TASKS }))
      tasks.push(taskKind.decode(value, key))
    if (this.#options.enabled) {
      await this.#scheduler.reload(this.#plans(), tasks)
      return
    }
    if (tasks.length === 0) return
    this.#options.log('warn', 'actions wait for a scheduler: "schedulers": {"enabled": true}', { tasks: tasks.length })
  }

  async close(): Promise<void> {
    await this.#scheduler.close()
  }

  #plans(): ActionPlan[] {
    const plans = [...(this.#tariff?.actions.plans ?? [])]
    return plans.map(([id, timings]) => ({ id, timings, accountIds: this.#members.of(id) }))
  }

  /** One unit: the account and, with it, the end of the task. */
  async #run(task: Task): Promise<void> {
    const { effects, problem } = await this.#records.run((unit) => {
      unit.delete(taskKind, TASKS + task.uuid)
      const outcome = this.#outcome(unit, task)
      if (outcome.ok && outcome.account !== undefined) unit.put(accountKind, task.accountId, outcome.account)
      return { effects: outcome.effects, problem: outcome.ok ? undefined : outcome.cause }
    })
    const { accountId, actionsId } = task
    if (problem !== undefined)
      this.#options.log('error', 'an action set failed', { accountId, actionsId, cause: problem })
    for (const effect of effects) this.#tell(effect, task)
  }

  #outcome(unit: Unit, { accountId, actionsId }: Task) {
    const { actions, actionFilters } = this.#tariff ?? { actions: undefined, actionFilters: undefined }
    const set = actions?.actions.get(actionsId) ?? []
    const colon = accountId.indexOf(':')
    if (colon < 0) return runAccountlessActions(set)
    const { now, newUuid, roundingDecimals, removeExpired } = this.#options
    return runActions(
      { tenant: accountId.slice(0, colon), id: accountId.slice(colon + 1) },
      unit.get(accountKind, accountId),
      set,
      {
        now: now(),
        newUuid,
        roundingDecimals,
        removeExpired,
        passes: (filters, account) => actionFilters?.get(filters)?.(account) ?? true,
      },
    )
  }

  #tell(effect: ActionEffect, { accountId, actionsId }: Task): void {
    if (effect.kind === 'log') this.#options.log('info', 'account', { accountId, actionsId })
    else {
      const message = `an action asks for *${effect.kind}, which this version does not have`
      this.#options.log('warn', message, { accountId, actionsId })
    }
  }
}
