import type { Decimal } from '../core/decimal.ts'
import type { Account } from './account.ts'
import { withoutExpired } from './balance-actions.ts'
import { isExpired } from './select.ts'
import { type ActionTrigger, comparisonOf, hardMatches, isArmed, isCounterOf } from './trigger.ts'

/** What triggers ask of the world. */
export type ReactionEnvironment = {
  nowNs: bigint
  /** rals.remove_expired. */
  removeExpired: boolean
  /**
   * Runs a set on the account, without triggers of its own, and adds the uuids of the balances that it changes to `changed`.
   * Undefined: there is no such set, or it has failed, and nothing of it is kept.
   */
  runSet(account: Account, actionsId: string, changed: Set<string>): Account | undefined
}

/**
 * The account after every trigger that is reached has run, heaviest first; the same object when none is. changed: uuids of the
 * balances that were changed since the account was loaded: only those are looked at, but all for expiry. Pure but for runSet.
 * Reference 04, 10.2 and 10.3.
 */
export function react(account: Account, changed: Set<string>, environment: ReactionEnvironment): Account {
  const { watch } = account
  if (watch === undefined) return account
  const order = watch.triggers.map((_, at) => at).sort((a, b) => weightAt(account, b) - weightAt(account, a))
  let current = account
  for (const at of order) {
    for (const value of valuesFor(account, at)) {
      const trigger = current.watch?.triggers[at]
      if (trigger === undefined || !isArmed(trigger, environment.nowNs)) break
      const found = value(current, changed, environment.nowNs)
      if (found !== undefined && comparisonOf(trigger)?.isReached(found, trigger.threshold) === true)
        current = run(current, at, changed, environment)
    }
  }
  return current
}

/** The account without what has expired, after triggers were looked at. Reference 04, 10.2.5. */
export function swept(account: Account, { nowNs, removeExpired }: ReactionEnvironment): Account {
  if (account.watch === undefined) return account
  const kept = removeExpired ? withoutExpired(account, nowNs) : account
  const { triggers, counters } = account.watch
  const live = triggers.filter(({ expiresAtNs }) => expiresAtNs === null || expiresAtNs >= nowNs)
  return live.length === triggers.length ? kept : { ...kept, watch: { triggers: live, counters } }
}

function weightAt({ watch }: Account, at: number): number {
  return watch?.triggers[at]?.weight ?? 0
}

type Found = (account: Account, changed: ReadonlySet<string>, nowNs: bigint) => Decimal | undefined

/** What a trigger compares: one value for each balance or counter that it is for, read when its turn comes. */
function valuesFor(account: Account, at: number): Found[] {
  const trigger = account.watch?.triggers[at]
  const of = trigger && comparisonOf(trigger)?.of
  if (trigger === undefined || of === undefined) return []
  if (of === 'event' || of === 'balanceCounter') {
    const counters = account.watch?.counters ?? []
    return [...counters.keys()]
      .filter((index) => counters[index] !== undefined && isCounterOf(counters[index], trigger))
      .map(
        (index): Found =>
          ({ watch }) =>
            watch?.counters[index]?.value,
      )
  }
  return (account.balances[trigger.balanceType] ?? []).map(
    ({ uuid }): Found =>
      ({ balances }, changed, nowNs) => {
        const balance = balances[trigger.balanceType]?.find((each) => each.uuid === uuid)
        if (balance === undefined || !hardMatches(balance, trigger.balance, true)) return undefined
        return (of === 'expiry' ? isExpired(balance, nowNs) : changed.has(uuid)) ? balance.value : undefined
      },
  )
}

function run(account: Account, at: number, changed: Set<string>, environment: ReactionEnvironment): Account {
  const slept = withTrigger(account, at, { lastRunNs: environment.nowNs })
  if (slept.disabled) return slept
  const actionsId = slept.watch?.triggers[at]?.actionsId ?? ''
  const after = environment.runSet(withTrigger(slept, at, { executed: true }), actionsId, changed)
  if (after === undefined) return slept
  return after.watch?.triggers[at]?.recurrent === true ? withTrigger(after, at, { executed: false }) : after
}

function withTrigger(account: Account, at: number, fields: Partial<ActionTrigger>): Account {
  if (account.watch === undefined) return account
  const { triggers, counters } = account.watch
  const changed = triggers.map((trigger, index) => (index === at ? { ...trigger, ...fields } : trigger))
  return { ...account, watch: { triggers: changed, counters } }
}
