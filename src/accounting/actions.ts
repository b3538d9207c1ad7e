import { Decimal } from '../core/decimal.ts'
import { TollgateError } from '../core/errors.ts'
import type { AccountSummary } from '../rating/call-cost.ts'
import { type Account, accountKey, type Balance, newAccount, newBalance } from './account.ts'
import type { Action } from './action.ts'
import {
  ActionRefused,
  type Changed,
  type RunContext,
  removeBalances,
  setBalance,
  setExpiry,
  type Touched,
  takeUnits,
  topUp,
  transferToDefault,
  withoutExpired,
  zeroNegative,
} from './balance-actions.ts'
import { isOutside, type OutsideAction, type OutsideCall, outsideCall } from './outside-actions.ts'
import { type ReactionEnvironment, react, swept } from './reactions.ts'
import { resetToSummary } from './summary-reset.ts'
import { transferBalance } from './transfer.ts'
import { type ActionTrigger, isSelected, rearmed, type TriggerSelector } from './trigger.ts'

/** One CDR that `*cdrlog` asks for: what one balance action of the set did. Reference 04, 11.6. */
export type ActionRecord = Touched & { action: Action }

/** What a set wants done outside the account. */
export type ActionEffect =
  | { kind: 'publish'; account: Account }
  /** target: `tenant:id` of what is to begin anew. */
  | { kind: 'reset'; service: 'stats' | 'thresholds'; target: string }
  | { kind: 'log'; account: Account | undefined }
  | { kind: 'outside'; call: OutsideCall }
  /** The account is removed; a charge of it keeps it, then it only leaves its plans. */
  | { kind: 'remove'; accountId: string; isKept: boolean }
  /** Stored costs of sessions that pass these filters are removed. */
  | { kind: 'costs'; filters: string }
  | { kind: 'cdrlog'; template: string; account: Account | undefined; records: readonly ActionRecord[] }

/**
 * others: accounts that the set changed besides its own. Not ok: every account stays as it was, callers see PARTIALLY_EXECUTED.
 * Effects are those of the actions that ran.
 */
export type ActionsOutcome =
  | { ok: true; account: Account | undefined; others: readonly Account[]; effects: readonly ActionEffect[] }
  | { ok: false; cause: string; effects: readonly ActionEffect[] }

export type ActionEnvironment = RunContext & {
  /** rals.remove_expired. */
  removeExpired: boolean
  /** Whether an account passes the filters of an action; a TollgateError stops the set. */
  passes(filters: readonly string[], account: Account): boolean
  /** Another account by `tenant:account`. */
  accountOf(accountId: string): Account | undefined
  /** The summary in the newest CDR of an account. Throws TollgateError when there is none. */
  lastSummary(account: Account): AccountSummary
  /** A set that triggers run, undefined when there is none. */
  setOf(actionsId: string): readonly Action[] | undefined
  /** Told of a set that a trigger could not run. */
  failed(actionsId: string, cause: string): void
  /** The set is run by a trigger: it fires no further ones. */
  isReaction?: true
}

/** One set under way. changed: uuids of the balances that were changed since the account was loaded. */
type Run = {
  account: Account
  others: Map<string, Account>
  effects: ActionEffect[]
  records: ActionRecord[]
  changed: Set<string>
  /** It is not kept. */
  isRemoved: boolean
}

type Effectless = (account: Account, action: Action, environment: ActionEnvironment) => Account | Changed

/** Actions on the account alone. Reference 04, 11.4. */
const ACCOUNT_ACTIONS: Readonly<Record<string, Effectless>> = {
  '*topup': (account, action, context) => topUp(account, action, context, false),
  '*topup_reset': (account, action, context) => topUp(account, action, context, true),
  '*debit': (account, action, context) => takeUnits(account, action, context, false),
  '*debit_reset': (account, action, context) => takeUnits(account, action, context, true),
  '*topup_zero_negative': zeroNegative,
  '*set_balance': setBalance,
  '*remove_balance': (account, action, context) => removeBalances(account, action, context, false),
  '*remove_expired': (account, action, context) => removeBalances(account, action, context, true),
  '*set_expiry': setExpiry,
  '*transfer_monetary_default': transferToDefault,
  '*reset_account': (account, _action, { newUuid }) => rearmed(resetAccount(account, newUuid)),
  '*reset_account_cdr': (account, _action, { lastSummary, newUuid, now }) =>
    resetToSummary(account, lastSummary(account), { nowNs: now.ns, newUuid }),
  '*reset_triggers': (account, action) => changeTriggers(account, action, { executed: false }),
  '*set_recurrent': (account, action) => changeTriggers(account, action, { recurrent: true }),
  '*unset_recurrent': (account, action) => changeTriggers(account, action, { recurrent: false }),
  '*reset_counters': resetCounters,
  '*allow_negative': (account) => ({ ...account, allowNegative: true }),
  '*deny_negative': (account) => ({ ...account, allowNegative: false }),
  '*enable_account': (account) => ({ ...account, disabled: false }),
  '*disable_account': (account) => ({ ...account, disabled: true }),
}

const TRANSFER = '*transfer_balance'
const REMOVE = '*remove_account'
/** Actions that make profiles of an event: sets that ThresholdS runs have one. Reference 04, 11.8. */
const OF_EVENTS = '*dynamic_'

/** Actions that let something begin anew, by the service that has it. Reference 04, 11.4. */
const RESETS: Readonly<Record<string, 'stats' | 'thresholds'>> = {
  '*reset_stat_queue': 'stats',
  '*reset_threshold': 'thresholds',
}

/** Actions after which expired balances go. Reference 04, 10.2. */
const CLEANING = new Set([
  '*topup',
  '*topup_reset',
  '*debit',
  '*debit_reset',
  '*set_balance',
  '*transfer_monetary_default',
  '*reset_account',
])

/** Actions after which triggers are looked at. Reference 04, 10.2. */
const LOOKED_AFTER = new Set([
  '*topup',
  '*topup_reset',
  '*debit',
  '*debit_reset',
  '*topup_zero_negative',
  '*set_balance',
  TRANSFER,
  '*reset_triggers',
  '*reset_account',
])

/**
 * Runs a set for one account, heaviest action first; an unknown account (undefined) is made. The first action that fails
 * or is not known stops the set, and nothing of it is kept. Reference 04, 11.2.
 */
export function runActions(
  target: { tenant: string; id: string },
  account: Account | undefined,
  actions: readonly Action[],
  environment: ActionEnvironment,
  changed = new Set<string>(),
): ActionsOutcome {
  const nowMs = Number(environment.now.ns / 1_000_000n)
  const run: Run = {
    account: account ?? newAccount(target.tenant, target.id, nowMs),
    others: new Map(),
    effects: [],
    records: [],
    changed,
    isRemoved: false,
  }
  try {
    runAll(run, actions, environment)
  } catch (cause) {
    if (!(cause instanceof ActionRefused || cause instanceof TollgateError)) throw cause
    return { ok: false, cause: cause.message, effects: run.effects }
  }
  const others = [...run.others.values()].map((other) => ({ ...other, updatedAtMs: nowMs }))
  const kept = run.isRemoved ? undefined : { ...run.account, updatedAtMs: nowMs }
  return { ok: true, account: kept, others, effects: run.effects }
}

/** Runs a set without an account: actions on accounts are skipped. */
export function runAccountlessActions(actions: readonly Action[]): ActionsOutcome {
  const effects: ActionEffect[] = []
  try {
    effects.push(...byWeight(actions).flatMap((action) => accountlessEffect(action, actions)))
  } catch (cause) {
    if (!(cause instanceof ActionRefused)) throw cause
    return { ok: false, cause: cause.message, effects }
  }
  return { ok: true, account: undefined, others: [], effects }
}

/** What an action without an account wants done; nothing for those on accounts. Throws ActionRefused. */
function accountlessEffect(action: Action, actions: readonly Action[]): ActionEffect[] {
  const { type, extraParameters } = action
  const service = RESETS[type]
  if (service !== undefined) return [{ kind: 'reset', service, target: extraParameters }]
  if (type === '*log') return [{ kind: 'log', account: undefined }]
  if (type === '*cdrlog') return [{ kind: 'cdrlog', template: extraParameters, account: undefined, records: [] }]
  if (isOutside(type)) return outsideEffect({ action, actions, account: undefined, isReaction: false })
  if (type === '*remove_session_costs') return [{ kind: 'costs', filters: extraParameters }]
  if (type === REMOVE) return namedRemoval(extraParameters)
  if (type === '*remove_expired') throw new ActionRefused('nil account')
  if (type !== '*publish_account' && type !== TRANSFER && ACCOUNT_ACTIONS[type] === undefined)
    throw new ActionRefused(whyNot(type))
  return []
}

/** Throws ActionRefused, TollgateError: nothing of the set is to be kept then. */
function runAll(run: Run, actions: readonly Action[], environment: ActionEnvironment): void {
  for (const action of byWeight(actions)) {
    if (action.filters.length > 0 && !environment.passes(action.filters, run.account)) continue
    runAction(run, action, actions, environment)
    if (LOOKED_AFTER.has(action.type)) lookAtTriggers(run, environment)
  }
}

function lookAtTriggers(run: Run, environment: ActionEnvironment): void {
  if (environment.isReaction || run.account.watch === undefined) return
  const reactions: ReactionEnvironment = {
    nowNs: environment.now.ns,
    removeExpired: environment.removeExpired,
    runSet: (account, actionsId) => runForTrigger(run, account, actionsId, environment),
  }
  run.account = swept(react(run.account, run.changed, reactions), reactions)
}

/** The account after the set of a trigger; undefined when it could not run: nothing of it is kept then. */
function runForTrigger(
  run: Run,
  account: Account,
  actionsId: string,
  environment: ActionEnvironment,
): Account | undefined {
  const actions = environment.setOf(actionsId)
  if (actions === undefined) {
    environment.failed(actionsId, 'Failed to get actions: NOT_FOUND')
    return undefined
  }
  const inner: Run = {
    account,
    others: new Map(run.others),
    effects: [],
    records: [],
    changed: run.changed,
    isRemoved: false,
  }
  try {
    runAll(inner, actions, { ...environment, isReaction: true })
  } catch (cause) {
    if (!(cause instanceof ActionRefused || cause instanceof TollgateError)) throw cause
    environment.failed(actionsId, cause.message)
    return undefined
  }
  run.others = inner.others
  run.effects.push(...inner.effects)
  return inner.account
}

function runAction(run: Run, action: Action, actions: readonly Action[], environment: ActionEnvironment): void {
  const { type } = action
  if (type === TRANSFER) {
    transfer(run, action, environment)
    return
  }
  const change = ACCOUNT_ACTIONS[type]
  if (change === undefined) {
    const { isReaction = false } = environment
    if (isOutside(type)) run.effects.push(...outsideEffect({ action, actions, account: run.account, isReaction }))
    else if (type === REMOVE) {
      run.isRemoved = !isReaction
      const accountId = accountKey(run.account.tenant, run.account.id)
      run.effects.push({ kind: 'remove', accountId, isKept: isReaction })
    } else run.effects.push(effectOf(run, action))
    return
  }
  const changed = change(run.account, action, environment)
  if ('touched' in changed) {
    run.records.push(...recordsOf(action, changed.touched))
    for (const { balance } of changed.touched) run.changed.add(balance.uuid)
    run.account = changed.account
  } else run.account = changed
  if (environment.removeExpired && CLEANING.has(type)) run.account = withoutExpired(run.account, environment.now.ns)
}

function transfer(run: Run, action: Action, environment: ActionEnvironment): void {
  const own = accountKey(run.account.tenant, run.account.id)
  const changed = transferBalance(run.account, action, environment, (accountId) =>
    accountId === own ? run.account : (run.others.get(accountId) ?? environment.accountOf(accountId)),
  )
  run.account = changed.source
  if (changed.destination !== undefined)
    run.others.set(accountKey(changed.destination.tenant, changed.destination.id), changed.destination)
  run.records.push({ ...changed.touched, action })
  run.changed.add(changed.touched.balance.uuid)
}

/** One record for an action, but one for each balance that it removed. */
function recordsOf(action: Action, touched: readonly Touched[]): ActionRecord[] {
  const isRemoval = action.type === '*remove_balance' || action.type === '*remove_expired'
  return (isRemoval ? touched : touched.slice(0, 1)).map((each) => ({ ...each, action }))
}

function effectOf({ account, records }: Run, { type, extraParameters }: Action): ActionEffect {
  // The records of the whole set, those of lighter actions too: they are added while the effect waits.
  if (type === '*cdrlog') return { kind: 'cdrlog', template: extraParameters, account, records }
  if (type === '*log') return { kind: 'log', account }
  if (type === '*publish_account') return { kind: 'publish', account }
  if (type === '*remove_session_costs') return { kind: 'costs', filters: extraParameters }
  const service = RESETS[type]
  if (service !== undefined) return { kind: 'reset', service, target: extraParameters }
  throw new ActionRefused(whyNot(type))
}

/** The account that a set without one names to be removed; naming none removes none. */
function namedRemoval(extraParameters: string): ActionEffect[] {
  if (extraParameters === '') return []
  let named: Record<string, unknown>
  try {
    named = Object(JSON.parse(extraParameters)) as Record<string, unknown>
  } catch {
    throw new ActionRefused(`*remove_account: ${extraParameters} is no JSON, expected {"Tenant","Account"}`)
  }
  const accountId = accountKey(String(named['Tenant'] ?? ''), String(named['Account'] ?? ''))
  return accountId === ':' ? [] : [{ kind: 'remove', accountId, isKept: false }]
}

function outsideEffect(outside: OutsideAction): ActionEffect[] {
  const call = outsideCall(outside)
  return call === undefined ? [] : [{ kind: 'outside', call }]
}

function whyNot(type: string): string {
  if (type.startsWith(OF_EVENTS)) return "Couldn't cast event to CGREvent"
  return `Function type ${type} not available, aborting execution!`
}

function byWeight(actions: readonly Action[]): Action[] {
  return actions.toSorted((a, b) => b.weight - a.weight)
}

/** Reference 04, 11.4 n5. */
function changeTriggers(account: Account, action: Action, fields: Partial<ActionTrigger>): Account {
  if (account.watch === undefined) return account
  const selector = selectorOf(action)
  const triggers = account.watch.triggers.map((trigger) =>
    isSelected(trigger, selector) ? { ...trigger, ...fields } : trigger,
  )
  return { ...account, watch: { ...account.watch, triggers } }
}

/** ExtraParameters that are no JSON select nothing. */
function selectorOf({ extraParameters, balanceType, balance }: Action): TriggerSelector {
  let named: Record<string, unknown> = {}
  try {
    named = Object(JSON.parse(extraParameters)) as Record<string, unknown>
  } catch {
    // As if none were given.
  }
  const text = (name: string) => String(named[name] ?? '')
  return {
    groupId: text('GroupID'),
    uniqueId: text('UniqueID'),
    thresholdType: text('ThresholdType'),
    balanceType,
    balance,
  }
}

/** Counters of a kind, or of all, with that id. Reference 04, 9. */
function resetCounters(account: Account, { balanceType, balance }: Action): Account {
  if (account.watch === undefined) return account
  const counters = account.watch.counters.map((counter) =>
    (balanceType === '' || counter.kind === balanceType) && counter.filter.id === balance.id
      ? { ...counter, value: Decimal.ZERO }
      : counter,
  )
  return { ...account, watch: { ...account.watch, counters } }
}

/** Each type becomes one blank balance of 0. */
function resetAccount(account: Account, newUuid: () => string): Account {
  const blank = Object.keys(account.balances).map((type): [string, Balance[]] => [
    type,
    [newBalance(newUuid(), '', Decimal.ZERO)],
  ])
  return { ...account, balances: Object.fromEntries(blank) }
}
