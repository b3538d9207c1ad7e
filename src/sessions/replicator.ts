import { isCharged, type Session } from './session.ts'

/** Sends a session to another engine; undefined: it is not charged any more. Throws what the engine answers. */
export type SendCopy = (connectionId: string, cgrId: string, session: Session | undefined) => Promise<void>

/** Sessions that are on their way over one connection at a time. */
const MOST_IN_FLIGHT = 64

/**
 * Sends sessions to the engines that keep copies of them, after they are durable: nobody waits for it. Of a session that changes
 * faster than it can be sent only the last state goes out; states of one session never overtake each other. Reference 05, 6.16.
 */
export class Replicator {
  readonly #send: SendCopy
  readonly #failed: (connectionId: string, cause: unknown) => void
  #targets = new Map<string, Target>()

  /** failed: told what could not be sent; the next change of the session is sent all the same. */
  constructor(send: SendCopy, failed: (connectionId: string, cause: unknown) => void) {
    this.#send = send
    this.#failed = failed
  }

  /** Sends to these connections from now on. */
  configure(connectionIds: readonly string[]): void {
    const kept = new Map<string, Target>()
    for (const id of connectionIds) kept.set(id, this.#targets.get(id) ?? this.#target(id))
    this.#targets = kept
  }

  /** A session has changed for good. */
  changed(cgrId: string, before: Session | undefined, after: Session | undefined): void {
    if (this.#targets.size === 0) return
    const isCharging = after !== undefined && isCharged(after)
    // A session that another engine charges now is that engine's to send.
    if (!isCharging && (after?.isPassive === true || before === undefined || !isCharged(before))) return
    for (const target of this.#targets.values()) target.add(cgrId, isCharging ? after : undefined)
  }

  #target(id: string): Target {
    return new Target(
      (cgrId, session) => this.#send(id, cgrId, session),
      (cause) => this.#failed(id, cause),
    )
  }
}

/** What waits to be sent over one connection. */
class Target {
  readonly #send: (cgrId: string, session: Session | undefined) => Promise<void>
  readonly #failed: (cause: unknown) => void
  readonly #waiting = new Map<string, Session | undefined>()
  readonly #inFlight = new Set<string>()

  constructor(send: (cgrId: string, session: Session | undefined) => Promise<void>, failed: (cause: unknown) => void) {
    this.#send = send
    this.#failed = failed
  }

  add(cgrId: string, session: Session | undefined): void {
    this.#waiting.set(cgrId, session)
    if (!this.#inFlight.has(cgrId) && this.#inFlight.size < MOST_IN_FLIGHT) this.#start(cgrId)
  }

  #start(cgrId: string): void {
    const session = this.#waiting.get(cgrId)
    this.#waiting.delete(cgrId)
    this.#inFlight.add(cgrId)
    this.#send(cgrId, session)
      .catch(this.#failed)
      .finally(() => {
        this.#inFlight.delete(cgrId)
        for (const next of this.#waiting.keys()) {
          if (this.#inFlight.size >= MOST_IN_FLIGHT) return
          if (!this.#inFlight.has(next)) this.#start(next)
        }
      })
  }
}
