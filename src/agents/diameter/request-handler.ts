import type { Cdr } from '../../cdrs/cdr.ts'
import type { EventFields } from '../../core/event.ts'
import type { ZonedTime } from '../../core/time.ts'
import type { RequestProcessor } from '../../mapping/request-processor.ts'
import { MappingError } from '../../mapping/value.ts'
import { beginAnswer, echoProxyInfo, readdressed } from '../../protocol/diameter/answers.ts'
import type { RawAvp } from '../../protocol/diameter/avp.ts'
import type { LocalCapabilities } from '../../protocol/diameter/capabilities.ts'
import type { Dictionary } from '../../protocol/diameter/dictionary.ts'
import { Avp, type DiameterMessage } from '../../protocol/diameter/message.ts'
import { MessageWriter } from '../../protocol/diameter/writer.ts'
import type { SessionNotice } from '../../sessions/notices.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { Unit } from '../../store/unit-of-work.ts'
import { messageContext, type PipelineHost, runProcessors } from '../pipeline.ts'
import { RemoteCalls, type RemoteSessions } from '../remote-calls.ts'
import { type AgentNotice, SessionCalls } from '../session-calls.ts'
import {
  endedPeerSessionKind,
  findEnded,
  isAnswered,
  liveKey,
  type PeerSession,
  peerSessionKind,
  type RetentionBuckets,
} from './peer-session.ts'
import type { ReplyEncoder } from './reply-encoder.ts'
import { requestVars } from './request-vars.ts'
import type { NoticeMapping, UsedRequest } from './session-notices.ts'

/** How requests are read and answers are written, and who is called. */
export type DiameterMapping = {
  dictionary: Dictionary
  processors: readonly RequestProcessor<DiameterMessage, RawAvp>[]
  encoder: ReplyEncoder
  notices: NoticeMapping
  /** Undefined: the sessions of this process. */
  remote: RemoteSessions | undefined
}

export type HandlerSettings = {
  local: LocalCapabilities
  defaultTenant: string
  nodeId: string
}

export type HandlerServices = PipelineHost<DiameterMessage, RawAvp> & {
  sessions: Sessions
  buckets: RetentionBuckets
  /** Whether sessions are connected with those who are to be told of an event. */
  canTell: (wanted: SessionNotice) => boolean
}

/** What was made of a request. repeated: it is the answer to an earlier request, which may not be durable yet. */
export type Outcome = {
  answer: Buffer
  repeated: boolean
  cdrs: readonly Cdr[]
  /** Events that thresholds and statistics are told of. */
  told: readonly AgentNotice[]
  /** What notices of the sessions that it leaves open are made with; undefined: it has asked nothing of sessions. */
  used: UsedRequest | undefined
}

/** The client that sessions of this agent belong to. */
export const DIAMETER_CLIENT = '*diameter_agent'

type Calls = SessionCalls | RemoteCalls<DiameterMessage, RawAvp>

/** A request whose calls leave the process: what must stay the same while it waits and is run again. */
export type RemoteTurn = { now: ZonedTime; calls: RemoteCalls<DiameterMessage, RawAvp> | undefined }

/** Answers requests by their templates, each as a unit of work. Of one configuration. Reference 07, 1.3. */
export class RequestHandler {
  readonly mapping: DiameterMapping
  readonly #settings: HandlerSettings
  readonly #services: HandlerServices
  readonly #writer = new MessageWriter(4096)
  /** What `*vars` holds for every request, by application and command. */
  readonly #vars = new Map<string, EventFields>()

  constructor(settings: HandlerSettings, mapping: DiameterMapping, services: HandlerServices) {
    this.#settings = settings
    this.mapping = mapping
    this.#services = services
  }

  /**
   * One run of a request in a unit. peer: its address. now: the same on each run. turn: of a request whose calls leave the process; it throws Later until
   * they are answered. Throws MappingError: the templates have no answer.
   */
  handle(unit: Unit, message: DiameterMessage, peer: string, now: ZonedTime, turn: RemoteTurn | undefined): Outcome {
    const { buckets } = this.#services
    const { sessionId } = message
    const key = liveKey(sessionId)
    const live = unit.get(peerSessionKind, key)
    const keys = () => buckets.keys(`answer/${sessionId}`, Number(now.ns / 1_000_000n))
    const known = live ?? findEnded(unit, keys().looked)
    const repeated = known !== undefined && isAnswered(message, known) ? known : undefined
    if (repeated !== undefined && repeated.answer.length > 0)
      return { answer: readdressed(repeated.answer, message), repeated: true, cdrs: [], told: [], used: undefined }
    const calls = this.#calls(unit, message, live ?? repeated, repeated, turn)
    const context = messageContext<DiameterMessage, RawAvp>(message, {
      vars: { ...this.#varsOf(message), RemoteHost: peer },
      tenant: this.#settings.defaultTenant,
      now,
    })
    if (!runProcessors(this.mapping.processors, context, calls, this.#services))
      throw new MappingError('no request processor matches')
    calls.endAbandoned()
    const writer = beginAnswer(this.#writer, message)
    this.mapping.encoder.encode(context.rep.entries, writer)
    echoProxyInfo(writer, message)
    const answer = writer.finish()
    let used: UsedRequest | undefined
    if (calls.isUsed) {
      const record = recordOf(message, answer, calls, repeated)
      const isLast = record.requestType === 3 || record.requestType === 4
      used = { vars: context.vars, open: record.cgrIds }
      if (live !== undefined && isLast) unit.delete(peerSessionKind, key)
      if (isLast) unit.put(endedPeerSessionKind, keys().written, record)
      else unit.put(peerSessionKind, key, record)
    }
    return { answer, repeated: false, cdrs: calls.cdrs, told: calls.notices, used }
  }

  /** held: the Diameter session so far. repeated: the same request, when it came before without an answer that lasts. */
  #calls(
    unit: Unit,
    message: DiameterMessage,
    held: PeerSession | undefined,
    repeated: PeerSession | undefined,
    turn: RemoteTurn | undefined,
  ): Calls {
    const open = held?.cgrIds ?? []
    const { remote } = this.mapping
    if (turn === undefined || remote === undefined)
      return new SessionCalls(unit, this.#services.sessions, open, this.#services.canTell, DIAMETER_CLIENT)
    turn.calls ??= new RemoteCalls(remote, identityOf(message, repeated), turn.now)
    turn.calls.begin(open)
    return turn.calls
  }

  #varsOf({ applicationId, commandCode }: DiameterMessage): EventFields {
    const key = `${applicationId}/${commandCode}`
    let vars = this.#vars.get(key)
    if (vars === undefined) {
      vars = requestVars(this.#settings, this.mapping.dictionary, applicationId, commandCode)
      this.#vars.set(key, vars)
    }
    return vars
  }
}

/**
 * What a request is known by, also when it comes again after a crash: its session, type and number, and the End-to-End id that it
 * first came with. RFC 6733, 3; RFC 8506, 6.5; reference 10, D2.
 */
function identityOf(message: DiameterMessage, repeated: PeerSession | undefined): string {
  const type = message.unsigned32(Avp.CC_REQUEST_TYPE) ?? 0
  const number = message.unsigned32(Avp.CC_REQUEST_NUMBER) ?? 0
  return `diameter/${message.sessionId}/${type}/${number}/${repeated?.endToEndId ?? message.endToEndId}`
}

/** What is known of the Diameter session after a request. Without an answer that lasts the next repeat is asked anew. */
function recordOf(
  message: DiameterMessage,
  answer: Buffer,
  calls: Calls,
  repeated: PeerSession | undefined,
): PeerSession {
  const requestType = message.unsigned32(Avp.CC_REQUEST_TYPE) ?? 0
  const isLast = requestType === 3 || requestType === 4
  const isOpen = calls instanceof RemoteCalls && calls.isRepeatable
  return {
    requestType,
    requestNumber: message.unsigned32(Avp.CC_REQUEST_NUMBER) ?? 0,
    endToEndId: repeated?.endToEndId ?? message.endToEndId,
    answer: isOpen ? NO_ANSWER : answer,
    cgrIds: isLast && !isOpen ? [] : calls.open,
  }
}

const NO_ANSWER = Buffer.alloc(0)
