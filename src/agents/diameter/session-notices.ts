import { TollgateError } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { fieldText } from '../../core/event-values.ts'
import type { ZonedTime } from '../../core/time.ts'
import { type MappingContext, OrderedEntries } from '../../mapping/context.ts'
import type { FieldPlan } from '../../mapping/field-plan.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import { Avp, Command, CommandFlag, DiameterMessage } from '../../protocol/diameter/message.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'
import { messageContext } from '../pipeline.ts'
import type { Connection } from './connection.ts'
import type { ReplyEncoder } from './reply-encoder.ts'

type Plan = FieldPlan<DiameterMessage, RawAvp>

/** What is sent to peers when a session is to end or to change. Reference 07, 2.8. */
export type NoticeMapping = {
  /** `*none`, `*asr`, `*rar`; others are refused when a session ends. */
  forcedDisconnect: string
  /** Abort-Session-Request; undefined: none can be sent. */
  abort: Plan | undefined
  /** Re-Auth-Request; undefined: none can be sent. */
  reAuth: Plan | undefined
}

/**
 * A request that has asked something of sessions. open: what it leaves open; CGRIDs of sessions here, `[tenant, OriginID,
 * OriginHost]` of those of another process.
 */
export type UsedRequest = { vars: EventFields; open: readonly string[] }

/** The last request of a Diameter session: what a notice is made from, and where it goes. */
type LastRequest = {
  message: DiameterMessage
  connection: Connection
  vars: EventFields
  names: readonly string[]
}

export type NoticeDependencies = {
  mapping: () => { notices: NoticeMapping; encoder: ReplyEncoder }
  /** Peers that are connected now. */
  connections: () => Iterable<Connection>
  defaultTenant: () => string
  now: () => ZonedTime
}

/** Sessions whose last request is kept; those that have been silent longest are forgotten. */
const MOST_SESSIONS = 200_000
/** How long a peer may take to answer a Re-Auth-Request, and a Disconnect-Peer-Request. */
const RAA_TIMEOUT_MS = 1_000
const DPA_TIMEOUT_MS = 10_000
/** REBOOTING, BUSY, DO_NOT_WANT_TO_TALK_TO_YOU. RFC 6733, 5.4.3. */
const LAST_DISCONNECT_CAUSE = 2
const SUCCESS = new Set([2001, 2002])

/**
 * What sessions call of the Diameter agent (`AgentV1`): a session that ends or changes becomes an ASR or RAR to the peer that its
 * last request came from. Reference 07, 1.10 and 2.8.
 */
export class SessionNotices {
  readonly #dependencies: NoticeDependencies
  readonly #requests = new Map<string, LastRequest>()
  /** Session-Id by the names of its sessions: rating groups have sessions of their own. */
  readonly #sessionIds = new Map<string, string>()
  readonly #writer = new MessageWriter(1024)

  constructor(dependencies: NoticeDependencies) {
    this.#dependencies = dependencies
  }

  /** Keeps a request that leaves sessions open; without any its session is forgotten. Nothing is kept when no notice can be sent. */
  heard(message: DiameterMessage, connection: Connection, { vars, open }: UsedRequest): void {
    const { abort, reAuth } = this.#dependencies.mapping().notices
    if (this.#requests.size === 0 && abort === undefined && reAuth === undefined) return
    const { sessionId } = message
    this.#forget(sessionId)
    if (open.length === 0 || (abort === undefined && reAuth === undefined)) return
    // The octets are a view of what the socket gave.
    const kept = new DiameterMessage(Buffer.from(message.bytes))
    const names = open.map(nameOf)
    this.#requests.set(sessionId, { message: kept, connection, vars, names })
    for (const name of names) this.#sessionIds.set(name, sessionId)
    const [oldest = ''] = this.#requests.keys()
    if (this.#requests.size > MOST_SESSIONS) this.#forget(oldest)
  }

  /** Answers a call of sessions; it throws what they see. */
  async call(method: string, argument: unknown): Promise<unknown> {
    switch (method) {
      case 'AgentV1.DisconnectSession':
        return this.#disconnect(eventOf(argument))
      case 'AgentV1.AlterSession':
        return this.#reAuthorise(eventOf(argument))
      case 'AgentV1.DisconnectPeer':
        return this.#disconnectPeer(argument as EventFields)
      default:
        throw refusal('NOT_IMPLEMENTED')
    }
  }

  #disconnect(event: NoticeEvent): string | Promise<string> {
    const { forcedDisconnect, abort } = this.#dependencies.mapping().notices
    switch (forcedDisconnect) {
      case '*none':
        return 'OK'
      case '*rar':
        return this.#reAuthorise(event)
      case '*asr': {
        const last = this.#lastRequest(event, abort)
        // Its answer changes nothing: the peer ends the session with its own last request.
        last.connection.send((id) => this.#build(Command.ABORT_SESSION, last, id, event))
        return 'OK'
      }
      default:
        throw refusal(`Unsupported request type <${forcedDisconnect}>`)
    }
  }

  async #reAuthorise(event: NoticeEvent): Promise<string> {
    const last = this.#lastRequest(event, this.#dependencies.mapping().notices.reAuth)
    const answer = await last.connection.ask((id) => this.#build(Command.RE_AUTH, last, id, event), RAA_TIMEOUT_MS)
    if (answer === undefined) throw refusal('TIMED_OUT')
    checkResult(answer)
    return 'OK'
  }

  async #disconnectPeer(peer: EventFields): Promise<string> {
    const cause = Number(fieldText(peer, 'DisconnectCause'))
    if (!(cause >= 0 && cause <= LAST_DISCONNECT_CAUSE)) throw refusal('WRONG_DISCONNECT_CAUSE')
    const [remote, host, realm] = ['RemoteAddr', 'OriginHost', 'OriginRealm'].map((name) => fieldText(peer, name))
    const connection = this.#find((each) =>
      remote !== '' ? each.remote === remote : each.peer.originHost === host && each.peer.originRealm === realm,
    )
    if (connection === undefined) throw refusal('NOT_FOUND')
    const answer = await connection.disconnect(cause, DPA_TIMEOUT_MS)
    if (answer === undefined) throw refusal('TIMED_OUT')
    checkResult(answer)
    return 'OK'
  }

  /** The request to answer an event with, and an open connection of its peer. */
  #lastRequest({ fields }: NoticeEvent, plan: Plan | undefined): LastRequest & { plan: Plan } {
    const [cgrId = '', originId = '', originHost = ''] = ['CGRID', 'OriginID', 'OriginHost'].map((name) =>
      fieldText(fields, name),
    )
    const sessionId =
      this.#sessionIds.get(cgrId) ?? this.#sessionIds.get(JSON.stringify([originId, originHost])) ?? originId
    const last = this.#requests.get(sessionId)
    if (last === undefined || plan === undefined) throw refusal('MANDATORY_IE_MISSING')
    if (last.connection.isOpen) return { ...last, plan }
    const connection = this.#find(({ peer }) => peer.originHost === last.connection.peer.originHost)
    if (connection === undefined) throw refusal('SERVER_ERROR')
    return { ...last, connection, plan }
  }

  #find(isIt: (connection: Connection) => boolean): Connection | undefined {
    for (const connection of this.#dependencies.connections())
      if (connection.isOpen && isIt(connection)) return connection
    return undefined
  }

  /** Throws SERVER_ERROR when the template cannot make it. */
  #build(
    commandCode: number,
    { message, vars, plan }: LastRequest & { plan: Plan },
    id: number,
    { fields, apiOpts }: NoticeEvent,
  ): Buffer {
    const { now, mapping, defaultTenant } = this.#dependencies
    const built = new OrderedEntries()
    const context: MappingContext<DiameterMessage, RawAvp> = {
      ...messageContext<DiameterMessage, RawAvp>(message, { vars: { ...vars }, tenant: defaultTenant(), now: now() }),
      request: fields,
      opts: apiOpts,
      built: { '*diamreq': built },
    }
    try {
      plan(context)
      this.#writer.begin({
        flags: CommandFlag.REQUEST | CommandFlag.PROXIABLE,
        commandCode,
        applicationId: message.applicationId,
        hopByHopId: id,
        endToEndId: id,
      })
      mapping().encoder.encode(built.entries, this.#writer)
      return this.#writer.finish()
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause
      throw new TollgateError('SERVER_ERROR', `SERVER_ERROR: ${cause.message}`, { cause })
    }
  }

  #forget(sessionId: string): void {
    for (const name of this.#requests.get(sessionId)?.names ?? []) this.#sessionIds.delete(name)
    this.#requests.delete(sessionId)
  }
}

type NoticeEvent = { fields: EventFields; apiOpts: EventFields }

/** What a session is looked up by: its CGRID, or its OriginID and OriginHost. */
function nameOf(open: string): string {
  return open.startsWith('[') ? JSON.stringify((JSON.parse(open) as string[]).slice(1)) : open
}

function eventOf(argument: unknown): NoticeEvent {
  const { Event: fields, APIOpts: apiOpts } = (argument ?? {}) as {
    Event?: EventFields | null
    APIOpts?: EventFields | null
  }
  return { fields: fields ?? {}, apiOpts: apiOpts ?? {} }
}

function checkResult(answer: DiameterMessage): void {
  const code = answer.unsigned32(Avp.RESULT_CODE)
  if (code === undefined) throw refusal('Missing AVP')
  if (!SUCCESS.has(code)) throw refusal(`Wrong result code: <${code}>`)
}

function refusal(text: string): TollgateError {
  return new TollgateError(text, text)
}
