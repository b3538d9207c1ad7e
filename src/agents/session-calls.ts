import type { Cdr } from '../cdrs/cdr.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import type { ProcessorFlags } from '../mapping/request-processor.ts'
import type { SessionCall } from '../mapping/session-call.ts'
import { alteredFields } from '../services/attributes/caller.ts'
import { refusalText } from '../services/errors.ts'
import { type NoticeArguments, noticeOf, type SessionNotice } from '../sessions/notices.ts'
import type { CallOptions, Sessions } from '../sessions/sessions.ts'
import type { Unit } from '../store/unit-of-work.ts'
import { type Calls, hasNoFields } from './pipeline.ts'
import { withUsage } from './session-reply.ts'

/** An event, and who is told of it. */
export type AgentNotice = { readonly event: ChargingEvent; readonly wanted: SessionNotice }

/** What the session call of a processor has given; changed: the event as attributes have made it. */
type Main = { reply: EventFields | undefined; changed?: ChargingEvent }

type Called = { readonly flags: ProcessorFlags; readonly calls: readonly SessionCall[] }

/** The session calls of one message on sessions of this process, as parts of one unit of work; and what they have touched. */
export class SessionCalls implements Calls<unknown, unknown> {
  readonly #unit: Unit
  readonly #sessions: Sessions
  readonly #cgrIds: Set<string>
  readonly #clientId: string
  readonly #canTell: (wanted: SessionNotice) => boolean
  readonly cdrs: Cdr[] = []
  /** Events that thresholds and statistics are told of when the message is answered. */
  readonly notices: AgentNotice[] = []
  /** Something was asked of sessions. */
  isUsed = false
  #terminates = false
  #withCdrs = false

  /**
   * cgrIds: sessions that earlier messages of the same conversation have opened; canTell: whether those who are to be told are connected;
   * clientId: who is called back about them.
   */
  constructor(
    unit: Unit,
    sessions: Sessions,
    cgrIds: readonly string[],
    canTell: (wanted: SessionNotice) => boolean,
    clientId = '',
  ) {
    this.#canTell = canTell
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
  call({ flags, calls: [first] }: Called, event: ChargingEvent): EventFields | undefined {
    const wanted = first && noticeOf(first.arguments as NoticeArguments)
    // What nobody is connected for is refused before anything is charged.
    const isRefused = wanted !== undefined && (flags.accounts || flags.resources) && !this.#canTell(wanted)
    const main = isRefused ? { reply: { Error: 'PARTIALLY_EXECUTED' } } : this.#main(flags, first, event)
    let reply: EventFields | undefined = main.reply
    if (wanted !== undefined && reply?.['Error'] === '') this.notices.push({ event: main.changed ?? event, wanted })
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

  #main(
    { main, accounts, resources, forceDuration }: ProcessorFlags,
    call: SessionCall | undefined,
    event: ChargingEvent,
  ): Main {
    if (main === '*none' || main === '*dryrun' || main === '*cdrs') return { reply: undefined }
    if (hasNoFields(event)) return { reply: { Error: 'MANDATORY_IE_MISSING: [CGREvent]' } }
    const { GetAttributes: isChanged = false, AttributeIDs: ids = [] } = call?.arguments ?? {}
    if (!accounts && !isChanged && !resources) return { reply: { Error: 'MANDATORY_IE_MISSING: [Subsystems]' } }
    if (accounts || resources) this.isUsed = true
    const options = { forceDuration, clientId: this.#clientId }
    try {
      if (resources) this.#sessions.resources.check()
      const done = isChanged ? this.#sessions.attributed(event, ids as readonly string[]) : undefined
      const changed = done?.event ?? event
      const attributes = done === undefined ? {} : { Attributes: alteredFields(done.altered, changed.event) }
      const charge = (charged: ChargingEvent): EventFields =>
        accounts ? this.#unit.attempt(() => this.#session(main, charged, options)) : {}
      if (!resources) return { reply: { Error: '', ...attributes, ...charge(changed) }, changed }
      const used = this.#withResources(main, event, changed, charge)
      return { reply: { Error: '', ...attributes, ...used.reply }, changed: used.event }
    } catch (cause) {
      return { reply: { Error: refusalText(cause) } }
    }
  }

  /** Charges an event and does to its resources what comes with it. given: before attributes changed it. */
  #withResources(
    main: string,
    given: ChargingEvent,
    changed: ChargingEvent,
    charge: (event: ChargingEvent) => EventFields,
  ): { reply: EventFields; event: ChargingEvent } {
    const { resources } = this.#sessions
    if (main === '*initiate' || main === '*message') {
      const isKnown = () => this.#sessions.isKnown(this.#unit, given)
      const { message, event, charged } = resources.allocate(changed, given, charge, isKnown)
      return { reply: { ResourceAllocation: message, ...charged }, event }
    }
    const reply = charge(changed)
    if (main === '*authorize') {
      const { message, event } = resources.authorize(changed, given)
      return { reply: { ResourceAllocation: message, ...reply }, event }
    }
    if (main !== '*terminate') return { reply, event: changed }
    try {
      return { reply, event: resources.release(changed, given).event }
    } catch (cause) {
      // The session has ended all the same.
      return { reply: { ...reply, Error: refusalText(cause) }, event: changed }
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
