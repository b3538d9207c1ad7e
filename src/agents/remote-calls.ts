import type { Cdr } from '../cdrs/cdr.ts'
import type { ChargingEvent, EventFields, EventValue } from '../core/event.ts'
import { fieldText } from '../core/event-values.ts'
import { Later } from '../core/later.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import type { MappingContext } from '../mapping/context.ts'
import type { RequestProcessor } from '../mapping/request-processor.ts'
import type { SessionCall } from '../mapping/session-call.ts'
import { type Calls, hasNoFields } from './pipeline.ts'
import type { AgentNotice } from './session-calls.ts'
import { apiReply, withUsage } from './session-reply.ts'

/** How a call of another process ended. isRepeatable: it may come again under its key, and must to learn more. */
export type RemoteOutcome = { result: unknown } | { error: string; isRepeatable: boolean }

/** Sessions of another process. */
export interface RemoteSessions {
  /**
   * Calls a method; never rejects. key: what the call is known by when it comes again, the same after a crash.
   */
  call(method: string, argument: Readonly<Record<string, unknown>>, key: string): Promise<RemoteOutcome>
}

/** A session that was opened under a conversation and has not been ended: what its end names it by. */
type OpenSession = { tenant: string; originId: string; originHost: string }

/**
 * The session calls of one message on another process. The message's mapping is run again from its beginning after each reply
 * (Later), with the replies so far at hand and every decision on filters as it was: a call is made once, in the same order.
 * Reference 07, 1.3 and 1.4.
 */
export class RemoteCalls<M, G> implements Calls<M, G> {
  readonly #remote: RemoteSessions
  /** What the message is known by when it comes again. */
  readonly #identity: string
  readonly #now: ZonedTime
  readonly #outcomes: RemoteOutcome[] = []
  readonly #decisions: boolean[] = []
  #open = new Map<string, OpenSession>()
  #nextOutcome = 0
  #nextDecision = 0
  #terminates = false
  #withCdrs = false
  /** CDRs of another process are its own. */
  readonly cdrs: readonly Cdr[] = []
  /** It tells of its events itself. */
  readonly notices: readonly AgentNotice[] = []
  /** Something was asked of sessions. */
  isUsed = false

  /** now: time of the message, the same on each run. */
  constructor(remote: RemoteSessions, identity: string, now: ZonedTime) {
    this.#remote = remote
    this.#identity = identity
    this.#now = now
  }

  /** The mapping begins, or begins again. open: sessions that earlier messages of the conversation have opened. */
  begin(open: readonly string[]): void {
    // Sessions of this process are named by their CGRID alone; they end by their own time limit.
    this.#open = new Map(open.filter((text) => text.startsWith('[')).map((text) => [text, parseOpen(text)]))
    this.#nextOutcome = this.#nextDecision = 0
    this.#terminates = this.#withCdrs = this.isUsed = false
  }

  /** Sessions that are open under the conversation now. */
  get open(): readonly string[] {
    return [...this.#open.keys()]
  }

  /** Some call is without an answer that lasts: the message may come again under the same identity, and has another outcome then. */
  get isRepeatable(): boolean {
    return this.#outcomes.some((outcome) => 'error' in outcome && outcome.isRepeatable)
  }

  matches(processor: RequestProcessor<M, G>, context: MappingContext<M, G>): boolean {
    const at = this.#nextDecision++
    const known = this.#decisions[at]
    if (known !== undefined) return known
    const passes = processor.matches(context)
    this.#decisions[at] = passes
    return passes
  }

  call({ flags, calls }: RequestProcessor<M, G>, event: ChargingEvent): EventFields | undefined {
    let reply: EventFields | undefined
    let charged = event
    for (const call of calls) {
      const isCdr = call.method === PROCESS_CDR
      if (hasNoFields(event)) {
        reply = { ...reply, Error: `MANDATORY_IE_MISSING: [${isCdr ? 'Event' : 'CGREvent'}]` }
        continue
      }
      const outcome = this.#ask(call.method, argumentOf(call, charged, this.#now))
      if (isCdr) {
        this.#withCdrs = true
        if ('error' in outcome) reply = { ...reply, Error: outcome.error }
        continue
      }
      reply = 'error' in outcome ? { Error: outcome.error } : apiReply(call, outcome.result)
      this.#note(call.method, event, !('error' in outcome))
      if (call.method === PROCESS_MESSAGE && flags.accounts)
        charged = withUsage(event, reply['MaxUsage'], reply['Error'])
      if (call.method === PROCESS_EVENT && movesUsage(call)) charged = withUsage(event, rawUsage(reply), reply['Error'])
    }
    return reply
  }

  /** A message that ends its conversation ends every session that was opened under it. */
  endAbandoned(): void {
    if (!this.#terminates) return
    for (const [name, { tenant, originId, originHost }] of this.#open) {
      const event: ChargingEvent = {
        tenant,
        id: '',
        time: this.#now.ns,
        event: { OriginID: originId, OriginHost: originHost, LastUsed: '0' },
        apiOpts: {},
      }
      this.#ask(TERMINATE, argumentOf({ method: TERMINATE, arguments: { TerminateSession: true } }, event, this.#now))
      if (this.#withCdrs) this.#ask(PROCESS_CDR, argumentOf({ method: PROCESS_CDR, arguments: {} }, event, this.#now))
      this.#open.delete(name)
    }
  }

  /** The outcome of the next call, when it is known. Throws Later. */
  #ask(method: string, argument: Record<string, unknown>): RemoteOutcome {
    this.isUsed = true
    const at = this.#nextOutcome++
    const known = this.#outcomes[at]
    if (known !== undefined) return known
    const key = `${this.#identity}/${at}`
    throw new Later(
      this.#remote.call(method, argument, key).then((outcome) => {
        this.#outcomes[at] = outcome
      }),
    )
  }

  /** Keeps in mind what is open at the other process. */
  #note(method: string, { tenant, event }: ChargingEvent, isDone: boolean): void {
    const open = { tenant, originId: fieldText(event, 'OriginID'), originHost: fieldText(event, 'OriginHost') }
    const name = JSON.stringify([open.tenant, open.originId, open.originHost])
    if (method === TERMINATE) {
      this.#terminates = true
      this.#open.delete(name)
    } else if (isDone && (method === INITIATE || method === UPDATE)) this.#open.set(name, open)
  }
}

const INITIATE = 'SessionSv1.InitiateSession'
const UPDATE = 'SessionSv1.UpdateSession'
const TERMINATE = 'SessionSv1.TerminateSession'
const PROCESS_MESSAGE = 'SessionSv1.ProcessMessage'
const PROCESS_EVENT = 'SessionSv1.ProcessEvent'
const PROCESS_CDR = 'SessionSv1.ProcessCDR'

/** Methods that page their reply. */
const PAGED = new Set(['SessionSv1.AuthorizeEvent', PROCESS_MESSAGE, PROCESS_EVENT])

/** What is sent: what the flags ask for, and the event beside it. Reference 07, 1.3 and 1.4. */
function argumentOf(
  { method, arguments: asked }: SessionCall,
  { tenant, id, event, apiOpts }: ChargingEvent,
  now: ZonedTime,
): Record<string, unknown> {
  const argument: Record<string, unknown> = {
    ...asked,
    Tenant: tenant,
    ID: id,
    Time: formatTime(now),
    Event: event,
    APIOpts: apiOpts,
  }
  if (!PAGED.has(method)) return argument
  const { '*rouLimit': limit, '*rouOffset': offset, ...others } = apiOpts
  if (limit === undefined && offset === undefined) return argument
  return { ...argument, APIOpts: others, ...integer('Limit', limit), ...integer('Offset', offset) }
}

/** One that is no integer is left out. */
function integer(name: string, value: EventValue | undefined): Record<string, number> {
  return value !== undefined && /^\d+$/.test(String(value)) ? { [name]: Number(value) } : {}
}

/** Whether an event's `*rals` reserves or debits, so that its CDR is about what was granted. */
function movesUsage({ arguments: { Flags: flags } }: SessionCall): boolean {
  return (flags as readonly string[]).some((flag) => /^\*rals:\*(?:authorize|initiate|update)/.test(flag))
}

function rawUsage({ MaxUsage: usage }: EventFields): EventValue | undefined {
  return typeof usage === 'object' && usage !== null ? (usage as EventFields)['*raw'] : undefined
}

function parseOpen(text: string): OpenSession {
  const [tenant = '', originId = '', originHost = ''] = JSON.parse(text) as string[]
  return { tenant, originId, originHost }
}
