import type { Cdr } from '../cdrs/cdr.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ProcessorFlags } from '../mapping/request-processor.ts'
import { refusalText } from '../services/errors.ts'
import type { CallOptions, Sessions } from '../sessions/sessions.ts'
import type { Unit } from '../store/unit-of-work.ts'
import { type Calls, hasNoFields } from './pipeline.ts'
import { withUsage } from './session-reply.ts'

/** The session calls of one message on sessions of this process, as parts of one unit of work; and what they have touched. */
export class SessionCalls implements Calls<unknown, unknown> {
  readonly #unit: Unit
  readonly #sessions: Sessions
  readonly #cgrIds: Set<string>
  readonly #clientId: string
  readonly cdrs: Cdr[] = []
  /** Something was asked of sessions. */
  isUsed = false
  #terminates = false
  #withCdrs = false

  /** cgrIds: sessions that earlier messages of the same conversation have opened; clientId: who is called back about them. */
  constructor(unit: Unit, sessions: Sessions, cgrIds: readonly string[], clientId = '') {
    this.#unit = unit
    this.#sessions = sessions
    this.#cgrIds = new Set(cgrIds)
    this.#clientId = clientId
  }

  /** Sessions that are open under the conversation now. */
  get open(): readonly string[] {
    return [...this.#cgrIds]
  }

  /** Calls what the flags say; a refusal undoes its own part only. Reference 07, 1.4. */
  call({ flags }: { flags: ProcessorFlags }, event: ChargingEvent): EventFields | undefined {
    let reply = this.#main(flags, event)
    if (!flags.cdrs || flags.main === '*dryrun') return reply
    if (hasNoFields(event)) return { ...reply, Error: 'MANDATORY_IE_MISSING: [Event]' }
    this.isUsed = this.#withCdrs = true
    try {
      const charged =
        flags.main === '*message' && reply !== undefined ? withUsage(event, reply['MaxUsage'], reply['Error']) : event
      this.cdrs.push(...this.#unit.attempt(() => this.#sessions.processCdr(this.#unit, charged)))
    } catch (cause) {
      reply = { ...reply, Error: refusalText(cause) }
    }
    return reply
  }

  #main({ main, accounts, forceDuration }: ProcessorFlags, event: ChargingEvent): EventFields | undefined {
    if (main === '*none' || main === '*dryrun' || main === '*cdrs') return undefined
    if (hasNoFields(event)) return { Error: 'MANDATORY_IE_MISSING: [CGREvent]' }
    if (!accounts) return { Error: 'MANDATORY_IE_MISSING: [Subsystems]' }
    this.isUsed = true
    try {
      return {
        Error: '',
        ...this.#unit.attempt(() => this.#session(main, event, { forceDuration, clientId: this.#clientId })),
      }
    } catch (cause) {
      return { Error: refusalText(cause) }
    }
  }

  #session(main: string, event: ChargingEvent, options: CallOptions): EventFields {
    const unit = this.#unit
    switch (main) {
      case '*authorize':
        return { MaxUsage: this.#sessions.authorize(unit, event) }
      case '*terminate':
        this.#terminates = true
        this.#cgrIds.delete(this.#sessions.terminate(unit, event, options).cgrId)
        return {}
      case '*message':
        return { MaxUsage: this.#sessions.message(unit, event, options).maxUsage }
      default: {
        const granted =
          main === '*initiate'
            ? this.#sessions.initiate(unit, event, options)
            : this.#sessions.update(unit, event, options)
        this.#cgrIds.add(granted.cgrId)
        return { MaxUsage: granted.maxUsage }
      }
    }
  }

  /** A message that ends its conversation ends every charging session that was opened under it. */
  endAbandoned(): void {
    if (!this.#terminates) return
    for (const cgrId of this.#cgrIds) this.cdrs.push(...this.#sessions.abandon(this.#unit, cgrId, this.#withCdrs))
  }
}
