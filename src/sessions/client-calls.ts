import type { EventFields } from '../core/event.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import type { Session } from './session.ts'

/** Somebody who opens sessions and can be called back: an agent, here or behind a bidirectional connection. */
export interface SessionClient {
  readonly id: string
  /** Throws what the client answers, or why it does not. */
  call(method: string, argument: unknown, timeoutMs: number): Promise<unknown>
}

/** The clients that can be called now. */
export interface SessionClients {
  get(id: string): SessionClient | undefined
  all(): readonly SessionClient[]
}

export type ClientCallSettings = {
  /** Version of the protocol towards clients: 0, 1 or 2. Reference 05, 6.13. */
  protocol: number
  replyTimeoutMs: number
}

/** What the caller of a control method adds to what clients are told. */
export type CallerFields = { event: EventFields; apiOpts: EventFields | null }

/** One session of a client, as it names it. */
export type SessionName = { originHost: string; originId: string }

/** What a client says of its sessions: their names, or why it does not. */
export type NamedSessions = readonly SessionName[] | 'failed' | 'cannot'

/** A peer that a client is to disconnect. Reference 07, 2.8. */
export type PeerToDisconnect = {
  OriginHost: string
  OriginRealm: string
  RemoteAddr: string
  DisconnectCause: number
}

/** What sessions call of their clients. Reference 05, 6.13. */
export class ClientCalls {
  #settings: ClientCallSettings
  readonly #clients: SessionClients
  readonly #now: () => ZonedTime
  readonly #newUuid: () => string

  constructor(settings: ClientCallSettings, clients: SessionClients, now: () => ZonedTime, newUuid: () => string) {
    this.#settings = settings
    this.#clients = clients
    this.#now = now
    this.#newUuid = newUuid
  }

  configure(settings: ClientCallSettings): void {
    this.#settings = settings
  }

  /** Whether the client of a session can be called now. */
  reaches({ clientId }: Session): boolean {
    return this.#clients.get(clientId) !== undefined
  }

  /**
   * Asks the client of a session to end it. The event is its start event with the usage so far, under what the caller says.
   * A client that does not know the call has nothing to end. Throws what the client answers.
   */
  async disconnect(session: Session, { event, apiOpts }: CallerFields): Promise<void> {
    const { protocol } = this.#settings
    const fields: EventFields = { ...session.eventStart, Usage: session.runs[0]?.quota.total ?? 0n, ...event }
    if (protocol >= 2) {
      await this.#call(session, 'AgentV1.DisconnectSession', this.#event(fields, apiOpts)).catch(unlessNotImplemented)
      return
    }
    const { DisconnectCause: reason = '', ...start } = fields
    const service = protocol >= 1 ? 'SessionSv1' : 'SMGClientV1'
    const argument = { EventStart: sorted(start), Reason: reason }
    await this.#call(session, `${service}.DisconnectSession`, argument).catch(unlessNotImplemented)
  }

  /** Tells the client of a session to change it. Throws what the client answers. */
  async alter(session: Session, { event, apiOpts }: CallerFields): Promise<void> {
    await this.#call(session, 'AgentV1.AlterSession', this.#event({ ...session.eventStart, ...event }, apiOpts))
  }

  /** Warns the client of a session that its credit ends. Throws what the client answers. */
  async warn(session: Session): Promise<void> {
    await this.#call(session, 'AgentV1.WarnDisconnect', sorted(session.eventStart)).catch(unlessNotImplemented)
  }

  /** Has every client disconnect a peer; whether all have. */
  async disconnectPeer(peer: PeerToDisconnect): Promise<boolean> {
    const { replyTimeoutMs } = this.#settings
    const outcomes = await Promise.allSettled(
      this.#clients.all().map((client) => client.call('AgentV1.DisconnectPeer', peer, replyTimeoutMs)),
    )
    return outcomes.every(({ status }) => status === 'fulfilled')
  }

  /** The sessions that each client has now, by its id. */
  async activeSessions(timeoutMs: number): Promise<ReadonlyMap<string, NamedSessions>> {
    const method = this.#settings.protocol >= 2 ? 'AgentV1.GetActiveSessionIDs' : 'SessionSv1.GetActiveSessionIDs'
    const named = await Promise.all(
      this.#clients.all().map(async (client): Promise<[string, NamedSessions]> => {
        try {
          return [client.id, namesOf(await client.call(method, '', timeoutMs))]
        } catch (cause) {
          return [client.id, NO_NAMES[messageOf(cause)] ?? 'failed']
        }
      }),
    )
    return new Map(named)
  }

  #call({ clientId }: Session, method: string, argument: unknown): Promise<unknown> {
    const client = this.#clients.get(clientId)
    return client === undefined
      ? Promise.reject(new Error(`calling ${method} requires bidirectional JSON connection, connID: <${clientId}>`))
      : client.call(method, argument, this.#settings.replyTimeoutMs)
  }

  #event(fields: EventFields, apiOpts: EventFields | null) {
    return {
      Tenant: '',
      ID: this.#newUuid(),
      Time: formatTime({ ns: this.#now().ns, zone: 'UTC' }),
      Event: sorted(fields),
      APIOpts: apiOpts,
    }
  }
}

/** Errors that say something of the sessions of a client. */
const NO_NAMES: Readonly<Record<string, NamedSessions>> = { NO_ACTIVE_SESSION: [], NOT_IMPLEMENTED: 'cannot' }

/** Fields in the order in which the reference prints them. */
function sorted(fields: EventFields): EventFields {
  const ordered: EventFields = {}
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name]
    if (value !== undefined) ordered[name] = value
  }
  return ordered
}

/** An answer that is no list of sessions says nothing. */
function namesOf(answer: unknown): NamedSessions {
  if (!Array.isArray(answer)) return 'failed'
  return answer.map((name: { OriginHost?: unknown; OriginID?: unknown }) => ({
    originHost: String(name?.OriginHost ?? ''),
    originId: String(name?.OriginID ?? ''),
  }))
}

function unlessNotImplemented(cause: unknown): void {
  if (messageOf(cause) !== 'NOT_IMPLEMENTED') throw cause
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
