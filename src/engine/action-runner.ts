import type { Account } from '../accounting/account.ts'
import { accountKey } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import type { Action } from '../accounting/action.ts'
import { type ActionPlan, loadActionPlan, type Task } from '../accounting/action-plans.ts'
import {
  type ActionEffect,
  type ActionEnvironment,
  type ActionsOutcome,
  runAccountlessActions,
  runActions,
} from '../accounting/actions.ts'
import type { OutsideCall } from '../accounting/outside-actions.ts'
import type { LiveAccounts } from '../accounting/purse.ts'
import type { ReactionEnvironment } from '../accounting/reactions.ts'
import { type PlannedRun, Scheduler } from '../accounting/scheduler.ts'
import { type AccountRow, applyAccountRow, type TariffActions } from '../accounting/tariff-actions.ts'
import { actionCdrs } from '../cdrs/action-cdrs.ts'
import type { Cdr, CdrDefaults } from '../cdrs/cdr.ts'
import type { CdrRun } from '../cdrs/made-cdrs.ts'
import { dropSessionCost, sessionCostOf } from '../cdrs/session-cost.ts'
import { sessionCostFilter } from '../cdrs/session-cost-filter.ts'
import { NotFound, TollgateError } from '../core/errors.ts'
import type { Evaluations } from '../core/evaluations.ts'
import type { EventFields } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import type { ZonedTime } from '../core/time.ts'
import type { FilterRule } from '../filters/filter-rule.ts'
import type { AccountSummary } from '../rating/call-cost.ts'
import type { AccountPlans } from '../rpc/methods/actions.ts'
import type { ActionSet } from '../rpc/methods/balances.ts'
import { AccountNotMade } from '../services/errors.ts'
import type { Causes } from '../services/event-service.ts'
import type { DataStore } from '../store/data-store.ts'
import type { RecordKind, Records, Unit } from '../store/unit-of-work.ts'
import type { GroupMembers } from './group-members.ts'
import type { PlanMembers } from './plan-members.ts'

/** Whether an account passes the filters of an action; throws TollgateError when it cannot be told. */
export type AccountPredicate = (account: Account) => boolean

export type RunnerOptions = {
  /** schedulers.enabled: without it tasks wait in the store. */
  enabled: boolean
  timeZone: string
  roundingDecimals: number
  removeExpired: boolean
  /** Where the CDRs of `*cdrlog` go; undefined without schedulers.cdrs_conns. */
  cdrs:
    | {
        put: (unit: Unit, cdr: Cdr) => void
        made: (cdrs: readonly Cdr[], causes: Causes) => void
        defaults: CdrDefaults
        separator: string
      }
    | undefined
  /** rals.stats_conns and thresholds_conns: told of an account that `*publish_account` names. */
  published?: (account: Account, causes: Causes) => void
  /** schedulers.stats_conns and thresholds_conns: lets something (`tenant:id`) begin anew; undefined: nobody is connected. */
  reset?: (service: 'stats' | 'thresholds') => ((target: string) => Promise<void>) | undefined
  /** Has something done outside once the unit is durable. Throws TollgateError when there is nobody to ask. */
  outside: (unit: Unit, call: OutsideCall) => void
  evaluations: Evaluations
  /** The newest CDR of an account that has been rated. */
  lastCdr: (tenant: string, account: string) => Promise<Cdr | undefined>
  /** The runs whose costs are stored. */
  costRuns: () => Promise<readonly CdrRun[]>
  /** Rules of a stored filter; tenant: '' for the default one. */
  filterRules: (tenant: string, id: string) => readonly FilterRule[] | undefined
  /** Whether plans run by the clock here and not on another engine that shares the store. */
  hasTurn: (unit: Unit) => boolean
  /** schedulers.filters: whether a task is for this scheduler. Throws TollgateError when it cannot be told. */
  accepts: (task: Task, tenant: string) => boolean
  now: () => ZonedTime
  newUuid: () => string
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** What the runner runs: the actions in force. */
export type RunnerTariff = {
  actions: TariffActions
  actionFilters: ReadonlyMap<readonly string[], AccountPredicate>
}

/** Why sets run. fields: told in the log with what they do; event: `*log` tells it. */
export type RunReason = {
  readonly fields: Record<string, unknown>
  readonly event?: EventFields
  readonly causes: Causes
}

const NO_REASON: RunReason = { fields: {}, causes: [] }

/** An action set that has not run to its end; nothing of it is kept. Clients see the text. Reference 04, 11.2. */
export class PartiallyExecuted extends TollgateError {
  constructor(cause: string) {
    super('PARTIALLY_EXECUTED', 'PARTIALLY_EXECUTED', { cause })
  }
}

/** Tasks that wait for their run: they survive a crash, and each runs once. */
const taskKind: RecordKind<Task> = {
  table: 'meta',
  write: ({ uuid, accountId, actionsId }, writer) => writer.json(JSON.stringify([uuid, accountId, actionsId])),
  decode(text) {
    const [uuid = '', accountId = '', actionsId = ''] = JSON.parse(text) as string[]
    return { uuid, accountId, actionsId }
  },
}
const TASKS = 'action-task/'

/** Runs action sets: those of `*asap` timings as tasks in the store, the others by the clock or on demand. Reference 04, 11.2 and 12.3. */
export class ActionRunner {
  readonly #store: DataStore
  readonly #records: Records
  readonly #members: PlanMembers
  readonly #groupMembers: GroupMembers
  #options: RunnerOptions
  readonly #scheduler: Scheduler
  #tariff: RunnerTariff | undefined
  #isScheduling: boolean
  /** CDRs of effects, until their commit is told. */
  readonly #cdrs = new WeakMap<ActionEffect, readonly Cdr[]>()
  /** Ends when the last reload that was asked for has ended. */
  #lastReload: Promise<void> = Promise.resolve()

  constructor(
    store: DataStore,
    records: Records,
    members: PlanMembers,
    groupMembers: GroupMembers,
    options: RunnerOptions,
  ) {
    this.#store = store
    this.#records = records
    this.#members = members
    this.#groupMembers = groupMembers
    this.#options = options
    this.#isScheduling = options.enabled
    this.#scheduler = new Scheduler({
      nowMs: () => Number(options.now().ns / 1_000_000n),
      zone: options.timeZone,
      setTimer: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs)
        return () => clearTimeout(timer)
      },
      run: (task) => this.#runTask(task),
      accepts: (task) => this.#accepts(task),
      onError: (cause) => options.log('error', 'an action plan failed', { cause: String(cause) }),
    })
  }

  /** A task of which it cannot be told waits. */
  #accepts(task: Task): boolean {
    const { accountId, actionsId } = task
    try {
      return this.#options.accepts(task, accountId.slice(0, Math.max(accountId.indexOf(':'), 0)))
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause
      this.#options.log('error', 'schedulers.filters cannot be told', { accountId, actionsId, cause: cause.message })
      return false
    }
  }

  /** Whether plans run by the clock and tasks are run. */
  get isScheduling(): boolean {
    return this.#isScheduling
  }

  /** Runs to come, the next one first. */
  get queue(): readonly PlannedRun[] {
    return this.#scheduler.queue
  }

  /** Other options from the next task on. A scheduler that comes or goes does so with `reload`. */
  configure(options: RunnerOptions): void {
    this.#options = options
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
    { plans, triggers }: TariffActions,
    loaded: { accounts: readonly AccountRow[]; plans: ReadonlySet<string> },
  ): void {
    const { now, newUuid } = this.#options
    const nowMs = Number(now().ns / 1_000_000n)
    const accountIds = new Map([...loaded.plans].map((planId): [string, string[]] => [planId, []]))
    for (const row of loaded.accounts) {
      const key = accountKey(row.tenant, row.id)
      unit.put(accountKind, key, applyAccountRow(unit.get(accountKind, key), row, triggers, nowMs))
      if (row.planId === '') continue
      const members = accountIds.get(row.planId) ?? []
      accountIds.set(row.planId, members)
      members.push(key)
    }
    for (const [id, members] of accountIds) {
      const loadedPlan = { id, accountIds: members, timings: plans.get(id) ?? [] }
      const { plan, tasks } = loadActionPlan(loadedPlan, newUuid)
      this.#putTasks(unit, tasks)
      for (const accountId of plan.accountIds)
        accountPlans.put(accountId, [...new Set([...accountPlans.of(accountId), id])])
    }
  }

  /** Puts a task for each `*asap` action of a plan into the unit. Gives whether the plan runs later too. */
  stagePlan(unit: Unit, planId: string, accountId: string): boolean {
    const timings = this.#tariff?.actions.plans.get(planId) ?? []
    const { plan, tasks } = loadActionPlan({ id: planId, accountIds: [accountId], timings }, this.#options.newUuid)
    this.#putTasks(unit, tasks)
    return plan.accountIds.length > 0
  }

  #putTasks(unit: Unit, tasks: readonly Task[]): void {
    for (const task of tasks) unit.put(taskKind, TASKS + task.uuid, task)
  }

  /** Runs the tasks that wait and plans what comes; resolves when the tasks are done. One reload after the other. */
  reload(): Promise<void> {
    const reloaded = this.#lastReload.then(() => this.#reload())
    this.#lastReload = reloaded.catch(() => undefined)
    return reloaded
  }

  async #reload(): Promise<void> {
    const tasks: Task[] = []
    for await (const [key, { value }] of this.#store.scan('meta', { prefix: TASKS }))
      tasks.push(taskKind.decode(value, key))
    if (this.#isScheduling) {
      await this.#scheduler.reload(this.plans(), tasks)
      return
    }
    if (tasks.length === 0) return
    this.#options.log('warn', 'actions wait for a scheduler: "schedulers": {"enabled": true}', { tasks: tasks.length })
  }

  /** Lets plans run by the clock from now on, and runs what waits. */
  async startScheduling(): Promise<void> {
    this.#isScheduling = true
    await this.reload()
  }

  /** No plan runs by the clock any more; tasks wait. */
  async stopScheduling(): Promise<void> {
    this.#isScheduling = false
    await this.#scheduler.reload([], [])
  }

  async close(): Promise<void> {
    await this.#scheduler.close()
  }

  /** Plans in force with their accounts. */
  plans(): ActionPlan[] {
    const plans = [...(this.#tariff?.actions.plans ?? [])]
    return plans.map(([id, timings]) => ({ id, timings, accountIds: this.#members.of(id) }))
  }

  /**
   * Runs sets for an account now, one after the other in one unit, and resolves when all that they did is durable. accountId
   * '': without an account. setsOf: what to run for the account as it is; what it throws comes back as it is. Throws
   * PartiallyExecuted when a set fails: nothing of any set is kept then. reason: of thresholds.
   */
  async run(
    accountId: string,
    setsOf: (account: Account | undefined) => readonly ActionSet[],
    reason = NO_REASON,
  ): Promise<void> {
    const fields = { accountId, ...reason.fields }
    const effects = await this.#records
      .run((unit) => {
        const account = accountId === '' ? undefined : unit.get(accountKind, accountId)
        return setsOf(account).flatMap(({ actions, extra }) => {
          const done = this.#apply(unit, accountId, actions, extra)
          if (done.problem !== undefined) throw new PartiallyExecuted(done.problem)
          return done.effects
        })
      })
      .catch((cause: unknown) => {
        if (cause instanceof PartiallyExecuted) this.#told([], String(cause.cause), fields)
        throw cause
      })
    this.#told(effects, undefined, fields, reason)
  }

  /**
   * Makes an account by what plans do, `*asap` actions too, as part of a unit. Throws AccountNotMade, for a plan that is not
   * there or a set that fails. Reference 04, 5.4.
   */
  makeAccount(unit: Unit, accountId: string, planIds: readonly string[]): void {
    const sets = planIds.flatMap((planId) => {
      const timings = this.#tariff?.actions.plans.get(planId)
      if (timings === undefined) throw new AccountNotMade('NOT_FOUND')
      return timings.toSorted((a, b) => b.weight - a.weight)
    })
    const effects: ActionEffect[] = []
    // Plans without actions make one, too.
    this.#apply(unit, accountId, [], {})
    for (const { actionsId } of sets) {
      const actions = this.#tariff?.actions.actions.get(actionsId)
      if (actions === undefined) throw new AccountNotMade('NOT_FOUND')
      const done = this.#apply(unit, accountId, actions, {})
      if (done.problem !== undefined) {
        this.#told([], done.problem, { accountId, actionsId })
        throw new AccountNotMade('PARTIALLY_EXECUTED')
      }
      effects.push(...done.effects)
    }
    // The commit is on its way when the unit has ended.
    queueMicrotask(() => this.#told(effects, undefined, { accountId }))
  }

  /** One unit: what the set does and, with it, the end of the task. */
  async #runTask(task: Task): Promise<void> {
    const { accountId, actionsId, planId } = task
    const done = await this.#records.run((unit) => {
      if (planId === undefined) {
        // Somebody else may have run it since it was read.
        if (unit.get(taskKind, TASKS + task.uuid) === undefined) return undefined
        unit.delete(taskKind, TASKS + task.uuid)
      } else if (!this.#options.hasTurn(unit) || (accountId !== '' && !this.#members.has(planId, accountId)))
        return undefined
      return this.#apply(unit, accountId, this.#tariff?.actions.actions.get(actionsId) ?? [], {})
    })
    if (done !== undefined) this.#told(done.effects, done.problem, { accountId, actionsId })
  }

  /** Puts what the actions change into the unit, or nothing when they fail. */
  #apply(
    unit: Unit,
    accountId: string,
    actions: readonly Action[],
    extra: EventFields,
  ): { effects: readonly ActionEffect[]; problem: string | undefined } {
    const colon = accountId.indexOf(':')
    const target = { tenant: accountId.slice(0, Math.max(colon, 0)), id: accountId.slice(colon + 1) }
    const outcome = colon < 0 ? runAccountlessActions(actions) : this.#outcome(unit, target, actions)
    if (!outcome.ok) return { effects: outcome.effects, problem: outcome.cause }
    try {
      unit.attempt(() => this.#stage(unit, target, outcome.effects, extra))
    } catch (cause) {
      if (cause instanceof TollgateError) return { effects: [], problem: cause.message }
      throw cause
    }
    if (outcome.account !== undefined) {
      this.#groupMembers.join(unit, outcome.account)
      unit.put(accountKind, accountId, outcome.account)
    }
    for (const other of outcome.others) unit.put(accountKind, accountKey(other.tenant, other.id), other)
    return { effects: outcome.effects, problem: undefined }
  }

  #outcome(unit: Unit, target: { tenant: string; id: string }, actions: readonly Action[]): ActionsOutcome {
    const accountId = accountKey(target.tenant, target.id)
    return runActions(target, unit.get(accountKind, accountId), actions, this.#environment(unit, accountId))
  }

  #environment(unit: Unit, accountId: string): ActionEnvironment {
    const { now, newUuid, roundingDecimals, removeExpired } = this.#options
    return {
      now: now(),
      newUuid,
      roundingDecimals,
      removeExpired,
      passes: (filters, account) => this.#tariff?.actionFilters.get(filters)?.(account) ?? true,
      accountOf: (id) => unit.get(accountKind, id),
      lastSummary: (account) => this.#lastSummary(account),
      setOf: (id) => this.#tariff?.actions.actions.get(id),
      failed: (actionsId, cause) => this.#told([], cause, { accountId, actionsId }),
    }
  }

  /**
   * What the triggers of an account may do while a unit changes it: their sets change the account in memory, and those that are live
   * with it; what they do besides is part of the unit.
   */
  reactions(unit: Unit, accountId: string, live?: LiveAccounts): ReactionEnvironment {
    const own = this.#environment(unit, accountId)
    const accountOf = (id: string) => live?.get(id) ?? own.accountOf(id)
    const environment: ActionEnvironment = { ...own, accountOf, isReaction: true }
    return {
      nowNs: environment.now.ns,
      removeExpired: environment.removeExpired,
      runSet: (account, actionsId, changed) => {
        const actions = environment.setOf(actionsId)
        if (actions === undefined) {
          environment.failed(actionsId, 'Failed to get actions: NOT_FOUND')
          return undefined
        }
        const outcome = runActions(account, account, actions, environment, changed)
        try {
          if (!outcome.ok) throw new TollgateError('ACTION_FAILED', outcome.cause)
          unit.attempt(() => this.#stage(unit, account, outcome.effects, {}))
        } catch (cause) {
          if (!(cause instanceof TollgateError)) throw cause
          environment.failed(actionsId, cause.message)
          return undefined
        }
        if (outcome.account !== undefined) this.#groupMembers.join(unit, outcome.account)
        for (const other of outcome.others)
          if (live?.put(other) !== true) unit.put(accountKind, accountKey(other.tenant, other.id), other)
        // The commit is on its way when the unit has ended.
        queueMicrotask(() => this.#told(outcome.effects, undefined, { accountId, actionsId }))
        return outcome.account
      },
    }
  }

  #reset({ service, target }: ActionEffect & { kind: 'reset' }, fields: Record<string, unknown>): void {
    this.#options
      .reset?.(service)?.(target)
      .catch((cause: unknown) => {
        this.#options.log('error', 'an action could not reset', { ...fields, service, target, cause: String(cause) })
      })
  }

  #remove(unit: Unit, { accountId, isKept }: ActionEffect & { kind: 'remove' }): void {
    this.#members.withdraw(unit, accountId, this.#records, this.#options.evaluations)
    if (isKept) return
    if (unit.get(accountKind, accountId) !== undefined) unit.delete(accountKind, accountId)
    this.#groupMembers.leave(unit, accountId)
  }

  #removeCosts(unit: Unit, tenant: string, filters: string): void {
    const { evaluations, costRuns, filterRules } = this.#options
    const passes = sessionCostFilter(filters, (id) => filterRules(tenant, id))
    const runs = evaluations.ask('runs with stored costs', costRuns) ?? []
    const removed = runs.flatMap((run) => {
      const cost = sessionCostOf(unit, run)
      return cost !== undefined && passes(cost) ? [cost] : []
    })
    if (removed.length === 0) throw new NotFound()
    for (const cost of removed) dropSessionCost(unit, cost)
  }

  #lastSummary({ tenant, id }: Account): AccountSummary {
    const { evaluations, lastCdr } = this.#options
    const found = evaluations.ask(`newest CDR of ${tenant}:${id}`, async () => ({ cdr: await lastCdr(tenant, id) }))
    if (found?.cdr === undefined) throw new NotFound()
    const { costDetails } = found.cdr
    if (costDetails === undefined) throw new TollgateError('NO_COST', 'nil CostDetails')
    if (costDetails.accountSummary === null) throw new TollgateError('NO_SUMMARY', 'nil AccountSummary')
    return costDetails.accountSummary
  }

  /** CDRs of `*cdrlog` and calls of other systems, into the outbox. Throws TollgateError. Reference 04, 11.6. */
  #stage(
    unit: Unit,
    target: { tenant: string; id: string },
    effects: readonly ActionEffect[],
    extra: EventFields,
  ): void {
    const { cdrs, now, newUuid } = this.#options
    for (const effect of effects) {
      if (effect.kind === 'reset' && this.#options.reset?.(effect.service) === undefined)
        throw new TollgateError('NO_CONNECTION', 'MANDATORY_IE_MISSING: [connIDs]')
      if (effect.kind === 'outside') this.#options.outside(unit, effect.call)
      if (effect.kind === 'remove') this.#remove(unit, effect)
      if (effect.kind === 'costs') this.#removeCosts(unit, target.tenant, effect.filters)
      if (effect.kind !== 'cdrlog') continue
      if (cdrs === undefined) throw new TollgateError('NO_CDRS', 'No connection with CDR Server')
      const settings = { ...cdrs, now: now(), newUuid }
      const made = actionCdrs(target, effect.records, effect.template, extra, settings)
      for (const cdr of made) cdrs.put(unit, cdr)
      this.#cdrs.set(effect, made)
    }
  }

  #told(
    effects: readonly ActionEffect[],
    problem: string | undefined,
    fields: Record<string, unknown>,
    { causes, event }: RunReason = NO_REASON,
  ): void {
    if (problem !== undefined) this.#options.log('error', 'an action set failed', { ...fields, cause: problem })
    for (const effect of effects) {
      if (effect.kind === 'log')
        this.#options.log('info', 'account', event === undefined ? fields : { ...fields, event: eventJson(event) })
      else if (problem !== undefined) continue
      else if (effect.kind === 'cdrlog') this.#options.cdrs?.made(this.#cdrs.get(effect) ?? [], causes)
      else if (effect.kind === 'publish') this.#options.published?.(effect.account, causes)
      else if (effect.kind === 'reset') this.#reset(effect, fields)
    }
  }
}
