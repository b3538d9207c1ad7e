import { accountKey } from '../accounting/account.ts'
import { accountKind } from '../accounting/account-record.ts'
import { react, swept } from '../accounting/reactions.ts'
import { type ActionTrigger, withTriggers } from '../accounting/trigger.ts'
import { NotFound } from '../core/errors.ts'
import type { ZonedTime } from '../core/time.ts'
import type { Records } from '../store/unit-of-work.ts'
import type { ActionRunner } from './action-runner.ts'

/** Action triggers of accounts as those who administer them see them. Each change is one commit. Reference 04, 13.2. */
export class TriggerAdmin {
  readonly #records: Records
  readonly #runner: ActionRunner
  readonly #now: () => ZonedTime

  constructor(records: Records, runner: ActionRunner, now: () => ZonedTime) {
    this.#records = records
    this.#runner = runner
    this.#now = now
  }

  /** Triggers of an account. Rejects with NotFound for an unknown one. */
  async of(tenant: string, id: string): Promise<readonly ActionTrigger[]> {
    const account = await this.#records.run((unit) => unit.get(accountKind, accountKey(tenant, id)))
    if (account === undefined) throw new NotFound()
    return account.watch?.triggers ?? []
  }

  /**
   * Gives an account the triggers that `edit` makes of those it has. isLookedAt: those that are reached run now. Rejects with
   * NotFound for an unknown account, and with what `edit` throws.
   */
  change(
    tenant: string,
    id: string,
    edit: (triggers: readonly ActionTrigger[]) => readonly ActionTrigger[],
    isLookedAt: boolean,
  ): Promise<void> {
    const accountId = accountKey(tenant, id)
    return this.#records.run((unit) => {
      const held = unit.get(accountKind, accountId)
      if (held === undefined) throw new NotFound()
      const changed = withTriggers(held, edit(held.watch?.triggers ?? []))
      const reactions = this.#runner.reactions(unit, accountId)
      const after = isLookedAt ? swept(react(changed, new Set(), reactions), reactions) : changed
      unit.put(accountKind, accountId, { ...after, updatedAtMs: Number(this.#now().ns / 1_000_000n) })
    })
  }
}
