import type { Cdr } from '../cdrs/cdr.ts'
import type { OutboxCdr } from '../cdrs/outbox.ts'
import type { CdrTarget } from '../cdrs/projector.ts'
import type { CallOutcome } from './remote-services.ts'

/** CDRs on their way at the same time. */
const AT_ONCE = 50

/**
 * Exporters of another engine (`cdrs.ees_conns`) as a target of CDRs: each CDR is sent until it has an answer. What they refuse they
 * tell of themselves; that none of them wants a CDR is no refusal. Reference 05, 9.1.8.
 */
export class EesTarget implements CdrTarget {
  readonly id = 'exporters of cdrs.ees_conns'
  readonly isElsewhere = true
  readonly #send: (cdr: Cdr, key: string) => Promise<CallOutcome> | undefined
  readonly #log: (level: 'error', message: string, fields: Record<string, unknown>) => void

  /** send: undefined: there is nobody any more who would take it. */
  constructor(
    send: (cdr: Cdr, key: string) => Promise<CallOutcome> | undefined,
    log: (level: 'error', message: string, fields: Record<string, unknown>) => void,
  ) {
    this.#send = send
    this.#log = log
  }

  async write(batch: readonly OutboxCdr[]): Promise<void> {
    // Those of one call of ExportCDRs name their exporters, which are not these.
    const waiting = batch.filter(({ cdr }) => cdr.exportTo === undefined).values()
    let failure: string | undefined
    const work = async () => {
      for (const { id, cdr } of waiting) {
        if (failure !== undefined) return
        const outcome = await this.#send(cdr, id)
        if (outcome === undefined || !('error' in outcome) || outcome.error === 'NOT_FOUND') continue
        if (outcome.isUnknown || outcome.isRepeatable) failure ??= outcome.error
        else this.#log('error', 'exporters have refused a CDR', { cdr: id, cause: outcome.error })
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, batch.length) }, work))
    if (failure !== undefined) throw new Error(failure)
  }
}
