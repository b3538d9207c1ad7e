import type { Cdr } from '../cdrs/cdr.ts'
import type { Records, Unit } from '../store/unit-of-work.ts'
import type { CallerFields, ClientCalls, PeerToDisconnect, SessionName } from './client-calls.ts'
import { Deadlines } from './deadlines.ts'
import { lastGranted } from './debit-loop.ts'
import { isCharged, type Session } from './session.ts'
import type { Ended, Sessions } from './sessions.ts'

export type SessionLifeSettings = {
  /** Tries to have a client end a session without credit before it is ended here. */
  terminateAttempts: number
  /** A grant that is not longer warns the client; 0n: none does. */
  lowBalance: bigint
  /** ms between two comparisons with what clients say; 0: none. */
  syncIntervalMs: number
  /** How long a client may take to say which sessions it has. */
  syncTimeoutMs: number
  /** Usage below which a session that its client does not know is charged at random on top; 0n: nothing. */
  staleExtraUsage: bigint
}

export type SessionLifeDependencies = {
  records: Records
  sessions: Sessions
  clients: ClientCalls
  /** Every session that is charged here now. */
  active: () => Promise<readonly Session[]>
  /** CDRs are durable. */
  cdrsMade: (cdrs: readonly Cdr[]) => void
  log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** How often debits that are due are looked for. */
const TURN_MS = 10
const TIMEOUT_MS = 1_000
/** How long a session whose debit could not be stored waits for the next try. */
const RETRY_MS = 1_000
/** The same for one whose time is up and that could not be ended. */
const UNENDED_MS = 30_000

/**
 * What happens to sessions without a request: debits that are due, the end of credit, timeouts, and ends by an operator, each one
 * unit of work; clients are told afterwards. Deadlines lie in the sessions, so that a restart goes on with them.
 * Reference 05, 6.7, 6.11 to 6.15.
 */
export class SessionLife {
  #settings: SessionLifeSettings
  readonly #dependencies: SessionLifeDependencies
  readonly #timeouts = new Deadlines(Date.now(), TIMEOUT_MS)
  readonly #turns = new Deadlines(Date.now(), TURN_MS)
  /** Sessions whose client is being asked to end them. */
  readonly #ending = new Set<string>()
  #isClosed = false
  #timeoutTicker: NodeJS.Timeout | undefined
  #turnTicker: NodeJS.Timeout | undefined
  #syncTicker: NodeJS.Timeout | undefined

  constructor(settings: SessionLifeSettings, dependencies: SessionLifeDependencies) {
    this.#settings = settings
    this.#dependencies = dependencies
  }

  /** Starts its clock. Sessions that the store holds are handed to `changed` before. */
  start(): void {
    this.#timeoutTicker = setInterval(() => this.#timeOut(), TIMEOUT_MS)
    this.#startSync()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timeoutTicker)
    clearInterval(this.#turnTicker)
    clearInterval(this.#syncTicker)
  }

  configure(settings: SessionLifeSettings): void {
    const isOther = settings.syncIntervalMs !== this.#settings.syncIntervalMs
    this.#settings = settings
    if (isOther && this.#timeoutTicker !== undefined) this.#startSync()
  }

  /** A session has changed for good: its deadlines are those that it says. */
  changed(cgrId: string, before: Session | undefined, after: Session | undefined): void {
    const isLive = after !== undefined && isCharged(after)
    if (isLive && after.deadlineMs !== undefined) this.#timeouts.set(cgrId, after.deadlineMs)
    else if (before?.deadlineMs !== undefined) this.#timeouts.clear(cgrId)
    if (!isLive || after.loop === undefined) {
      if (before?.loop !== undefined) this.#turns.clear(cgrId)
      return
    }
    if (before !== undefined && before.loop === after.loop) return
    this.#turns.set(cgrId, after.loop.atMs)
    this.#turnTicker ??= setInterval(() => this.#takeTurns(), TURN_MS)
    if (after.loop.cause === 'INSUFFICIENT_CREDIT' && before?.loop?.cause !== after.loop.cause) this.#warn(after)
  }

  /** Ends sessions at what was granted so far and makes their CDRs, then has their clients end them; whether all are ended. */
  async disconnect(cgrIds: Iterable<string>, caller: CallerFields): Promise<boolean> {
    const ended = await Promise.allSettled(Array.from(cgrIds, (cgrId) => this.#end(cgrId, caller)))
    return ended.every(({ status }) => status === 'fulfilled')
  }

  /** Has the clients of sessions change them; whether all have. */
  async alter(sessions: readonly Session[], caller: CallerFields): Promise<boolean> {
    const { clients } = this.#dependencies
    const altered = await Promise.allSettled(sessions.map((session) => clients.alter(session, caller)))
    return altered.every(({ status }) => status === 'fulfilled')
  }

  /** Has every client disconnect a peer; whether all have. */
  disconnectPeer(peer: PeerToDisconnect): Promise<boolean> {
    return this.#dependencies.clients.disconnectPeer(peer)
  }

  /**
   * Ends the sessions that their client does not know. One that fails, or cannot say, ends nothing; sessions of a connection that
   * is lost are ended when all clients that can say do, and none of them knows them. Reference 05, 6.15.
   */
  async sync(): Promise<void> {
    const { clients, active } = this.#dependencies
    const sessions = (await active()).filter(({ clientId }) => clientId !== '')
    const named = await clients.activeSessions(this.#settings.syncTimeoutMs)
    const answers = [...named.values()].filter((names) => names !== 'cannot')
    const isWhole = answers.length > 0 && !answers.includes('failed')
    const known = new Set(answers.flatMap((names) => (typeof names === 'string' ? [] : names.map(nameText))))
    const stale = sessions.filter(({ clientId, originId, originHost }) => {
      const names = named.get(clientId)
      const canTell = names === undefined ? isWhole : typeof names !== 'string'
      return canTell && !known.has(nameText({ originHost, originId }))
    })
    await Promise.allSettled(
      stale.map(({ cgrId }) => this.#end(cgrId, causeOf('FORCED_DISCONNECT'), this.#randomExtra())),
    )
  }

  #startSync(): void {
    clearInterval(this.#syncTicker)
    const { syncIntervalMs } = this.#settings
    if (syncIntervalMs <= 0) return
    this.#syncTicker = setInterval(() => {
      this.sync().catch((cause: unknown) =>
        this.#failed('sessions could not be compared with their clients', '', cause),
      )
    }, syncIntervalMs)
  }

  #randomExtra(): bigint {
    return BigInt(Math.floor(Math.random() * Number(this.#settings.staleExtraUsage)))
  }

  #timeOut(): void {
    for (const cgrId of this.#timeouts.take(Date.now())) {
      this.#finish((unit, sessions) => sessions.expire(unit, cgrId), causeOf('SESSION_TIMEOUT')).catch(
        (cause: unknown) => {
          this.#failed('a session could not be ended', cgrId, cause)
          // Who charges it may be away.
          this.#timeouts.set(cgrId, Date.now() + UNENDED_MS)
        },
      )
    }
  }

  #takeTurns(): void {
    for (const cgrId of this.#turns.take(Date.now()))
      this.#takeTurn(cgrId).catch((cause: unknown) => {
        this.#failed('a session could not be debited', cgrId, cause)
        this.#turns.set(cgrId, Date.now() + RETRY_MS)
      })
    if (this.#turns.size > 0) return
    clearInterval(this.#turnTicker)
    this.#turnTicker = undefined
  }

  async #takeTurn(cgrId: string): Promise<void> {
    const { records, sessions } = this.#dependencies
    const atEnd = await records.run((unit) => sessions.takeTurn(unit, cgrId))
    if (atEnd?.loop === undefined || this.#ending.has(cgrId)) return
    this.#ending.add(cgrId)
    try {
      const isTold = await this.#hasClientEnd(atEnd, atEnd.loop.cause)
      if (isTold) await records.run((unit) => sessions.stopTurns(unit, cgrId))
      else if (!this.#isClosed) await this.#end(cgrId, causeOf('FORCED_DISCONNECT'))
    } finally {
      this.#ending.delete(cgrId)
    }
  }

  /** Asks the client again and again, with pauses of 1, 1, 2, 3, 5... ms; one that cannot be called is not asked. */
  async #hasClientEnd(session: Session, cause: string): Promise<boolean> {
    const { clients } = this.#dependencies
    let [pause, next] = [1, 1]
    for (let left = this.#settings.terminateAttempts; left > 0 && clients.reaches(session); left--) {
      try {
        await clients.disconnect(session, causeOf(cause))
        return true
      } catch {
        if (this.#isClosed) return false
        await passed(pause)
        ;[pause, next] = [next, pause + next]
      }
    }
    return false
  }

  #end(cgrId: string, caller: CallerFields, extra = 0n): Promise<void> {
    return this.#finish((unit, sessions) => sessions.disconnect(unit, cgrId, extra), caller)
  }

  /** Ends a session in a unit, then tells its client, whose answer is not waited for. */
  async #finish(end: (unit: Unit, sessions: Sessions) => Ended | undefined, caller: CallerFields): Promise<void> {
    const { records, sessions, clients, cdrsMade } = this.#dependencies
    const ended = await records.run((unit) => end(unit, sessions))
    if (ended === undefined) return
    cdrsMade(ended.cdrs)
    const { session } = ended
    if (!clients.reaches(session)) return
    clients
      .disconnect(session, caller)
      .catch((cause: unknown) => this.#failed('a client did not disconnect its session', session.cgrId, cause))
  }

  #warn(session: Session): void {
    const { lowBalance } = this.#settings
    const { clients, log } = this.#dependencies
    if (lowBalance <= 0n) return
    if (lowBalance >= session.debitInterval) {
      log('warn', 'sessions.min_dur_low_balance is not below the debit interval: nobody is warned', {
        cgrId: session.cgrId,
      })
    } else if (lastGranted(session) <= lowBalance && clients.reaches(session))
      clients
        .warn(session)
        .catch((cause: unknown) => this.#failed('a client was not warned of its low balance', session.cgrId, cause))
  }

  #failed(what: string, cgrId: string, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause)
    this.#dependencies.log('warn', what, { cgrId, cause: text })
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function causeOf(cause: string): CallerFields {
  return { event: { DisconnectCause: cause }, apiOpts: null }
}

function nameText({ originHost, originId }: SessionName): string {
  return JSON.stringify([originHost, originId])
}
