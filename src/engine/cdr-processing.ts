import { type Cdr, type CdrSwitches, eventOfCdr, looksBack } from '../cdrs/cdr.ts'
import { type CdrRun, MadeCdrs, NotLoaded, type Wanted } from '../cdrs/made-cdrs.ts'
import type { ProcessedCdr } from '../cdrs/pipeline.ts'
import { InvalidText, StoreFailure } from '../core/errors.ts'
import type { EventFields } from '../core/event.ts'
import { cgrIdOf } from '../core/event-values.ts'
import { SessionRefused } from '../services/errors.ts'
import { type OutcomeKeys, once } from '../sessions/once.ts'
import type { PaidEvent, SessionCall } from '../sessions/sessions.ts'
import type { CdrQuery } from '../store/cdr-store.ts'

/** CDRs that one call may process again: they are one unit of work, which is run again for each that another engine charges. */
const MOST = 10_000
const MOST_ELSEWHERE = 500
/** Sessions whose CDRs are looked up at once. */
const LOOKED_UP = 500

/** Makes CDRs in a unit. */
type Work = SessionCall<ProcessedCdr[]>

export type CdrProcessingParts = {
  charge: <R>(call: SessionCall<R>) => Promise<R>
  /** isUpToDate: the CDR store has everything that was answered before. */
  find: (query: CdrQuery) => Promise<{ found: readonly { cdr: Cdr }[]; isUpToDate: boolean }>
  /** Whether another engine charges, or forks. */
  asksElsewhere: () => boolean
  /** Runs whose session costs lie under a prefix of origins. */
  costRuns: (prefix: string) => Promise<readonly CdrRun[]>
}

/**
 * Makes CDRs of events, and again of CDRs that were made. What looks at CDRs from before runs one after the other, and only
 * while the CDR store has all of them: two calls never give the same cost back.
 */
export class CdrProcessing {
  readonly #parts: CdrProcessingParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: CdrProcessingParts) {
    this.#parts = parts
  }

  /** One unit of work. Rejects with SessionRefused, InvalidText, StoreFailure. */
  process(events: readonly PaidEvent[], switches: CdrSwitches): Promise<ProcessedCdr[]> {
    return this.#processAs(events, switches, (work) => work)
  }

  /** As `process`, for a call that takes effect once under its key: rejects with KeyReused, too. */
  async processOnce(events: readonly PaidEvent[], switches: CdrSwitches, key: OutcomeKeys): Promise<void> {
    const call = `CDRs ${events.map(({ event }) => cgrIdOf(event.event)).join()}`
    const outcome = await this.#processAs(events, switches, (work) => once(justDone(work), call, key, refusal))
    if ('error' in outcome) throw new SessionRefused(outcome.error)
  }

  #processAs<R>(events: readonly PaidEvent[], switches: CdrSwitches, as: (work: Work) => SessionCall<R>): Promise<R> {
    return looksBack(switches)
      ? this.#inTurn(() => this.#process(events, switches, as))
      : this.#process(events, switches, as)
  }

  /**
   * The CDRs that a query finds, processed again as one unit of work, in its order; undefined: there are none. isRating: they
   * are rated, what they have cost before does not count. Rejects with SessionRefused, StoreFailure.
   */
  again(query: CdrQuery, switches: CdrSwitches, isRating: boolean): Promise<ProcessedCdr[] | undefined> {
    return this.#inTurn(async () => {
      const most = this.#parts.asksElsewhere() ? MOST_ELSEWHERE : MOST
      const limit = Math.min(query.limit ?? most + 1, most + 1)
      const found = await this.#find({ ...query, limit })
      if (found.length === 0) return undefined
      if (found.length > most) throw new SessionRefused(`more than ${most} CDRs: take them page by page`)
      if (!looksBack(switches)) throw new SessionRefused('EXISTS')
      const events = found.map(({ cdr }): PaidEvent => {
        const event = eventAgain(cdr, isRating)
        return { event: { tenant: cdr.tenant, id: '', time: null, event, apiOpts: {} } }
      })
      return this.#process(events, switches, (work) => work)
    })
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #process<R>(
    events: readonly PaidEvent[],
    switches: CdrSwitches,
    as: (work: Work) => SessionCall<R>,
  ): Promise<R> {
    const made = new MadeCdrs()
    if (looksBack(switches)) {
      const cgrIds = [...new Set(events.map(({ event }) => cgrIdOf(event.event)))]
      for (let at = 0; at < cgrIds.length; at += LOOKED_UP) await this.#loadCdrs(made, cgrIds.slice(at, at + LOOKED_UP))
    }
    for (;;) {
      try {
        return await this.#parts.charge(
          as((unit, sessions) => {
            const result = sessions.processEvents(unit, events, switches, made)
            return { result, cdrs: result.map(({ cdr }) => cdr) }
          }),
        )
      } catch (cause) {
        if (!(cause instanceof NotLoaded)) throw cause
        await this.#load(made, cause.wanted)
      }
    }
  }

  async #load(made: MadeCdrs, wanted: Wanted): Promise<void> {
    if (wanted.kind === 'cdrs') await this.#loadCdrs(made, [wanted.cgrId])
    else made.addCosts(wanted.prefix, await this.#parts.costRuns(wanted.prefix))
  }

  async #loadCdrs(made: MadeCdrs, cgrIds: readonly string[]): Promise<void> {
    const found = await this.#find({ is: { cgrId: cgrIds } })
    const bySession = Map.groupBy(found, ({ cdr }) => cdr.cgrId)
    for (const cgrId of cgrIds)
      made.addCdrs(
        cgrId,
        (bySession.get(cgrId) ?? []).map(({ cdr }) => cdr),
      )
  }

  async #find(query: CdrQuery): Promise<readonly { cdr: Cdr }[]> {
    const { found, isUpToDate } = await this.#parts.find(query)
    if (!isUpToDate) throw new StoreFailure('the CDR store cannot take what was charged since')
    return found
  }
}

function justDone(work: Work): SessionCall<'OK'> {
  return (unit, sessions) => ({ ...work(unit, sessions), result: 'OK' })
}

/** What a caller is told, and told again. Throws what is no refusal. */
function refusal(cause: unknown): string {
  if (cause instanceof SessionRefused) return cause.message
  if (cause instanceof InvalidText) return 'PARTIALLY_EXECUTED'
  throw cause
}

function eventAgain(cdr: Cdr, isRating: boolean): EventFields {
  const { Cost: cost = '', ...event } = { ...eventOfCdr(cdr), PreRated: cdr.preRated === true } as EventFields
  const keepsCost = !isRating || cdr.requestType === '*none' || cdr.requestType === '*directdebit'
  return keepsCost ? { ...event, Cost: cost } : event
}
