import type { Config } from '../config/schema.ts'
import type { SessionCopyServices } from '../rpc/methods/session-copies.ts'
import { RpcError } from '../rpc/rpc-error.ts'
import { endedSessionWire, passiveSessionWire } from '../rpc/shapes/passive-session.ts'
import { activate, deactivate, dropCopy, storeCopy } from '../sessions/passive.ts'
import { Replicator } from '../sessions/replicator.ts'
import type { Session } from '../sessions/session.ts'
import type { Records } from '../store/unit-of-work.ts'
import type { RemoteServices } from './remote-services.ts'

const SET_PASSIVE = 'SessionSv1.SetPassiveSession'

export type ReplicationDependencies = {
  remote: RemoteServices
  records: Records
  /** Other engines have the sessions from the store: no copies are sent by themselves. */
  isShared: boolean
  /** Every session that is charged here, or every copy. */
  sessions: (which: 'active' | 'passive') => Promise<readonly Session[]>
  log: (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void
}

/** Sessions and their copies on other engines, over `sessions.replication_conns`. Reference 05, 6.16; 10, B6. */
export class SessionReplication implements SessionCopyServices {
  readonly #dependencies: ReplicationDependencies
  readonly #replicator: Replicator
  /** Connections over which the last copy could not be sent. */
  readonly #failing = new Set<string>()
  #config: Config

  constructor(config: Config, dependencies: ReplicationDependencies) {
    this.#config = config
    this.#dependencies = dependencies
    this.#replicator = new Replicator(
      (id, cgrId, session) => this.#send(id, cgrId, session),
      (id, cause) => this.#failed(id, cause),
    )
    this.#replicator.configure(this.#targets)
  }

  /** Takes other settings. */
  configure(config: Config): void {
    this.#config = config
    this.#replicator.configure(this.#targets)
  }

  close(): void {
    this.#replicator.configure([])
  }

  get #targets(): readonly string[] {
    return this.#dependencies.isShared ? [] : this.#config.sessions.replication_conns
  }

  /** A session has changed for good. */
  changed(cgrId: string, before: Session | undefined, after: Session | undefined): void {
    this.#replicator.changed(cgrId, before, after)
  }

  storeCopy(session: Session): Promise<void> {
    return this.#dependencies.records.run((unit) => storeCopy(unit, session))
  }

  dropCopy(cgrId: string): Promise<boolean> {
    return this.#dependencies.records.run((unit) => dropCopy(unit, cgrId))
  }

  async moveSessions(cgrIds: readonly string[], to: 'active' | 'passive'): Promise<boolean> {
    const { records, sessions } = this.#dependencies
    const all = async () => (await sessions(to === 'active' ? 'passive' : 'active')).map(({ cgrId }) => cgrId)
    const moved = await Promise.all(
      (cgrIds.length > 0 ? cgrIds : await all()).map((cgrId) =>
        records.run((unit) => (to === 'active' ? activate(unit, cgrId, Date.now()) : deactivate(unit, cgrId))),
      ),
    )
    return !moved.includes(false)
  }

  async replicateSessions(cgrId: string, from: 'active' | 'passive', connectionIds: readonly string[]): Promise<void> {
    for (const id of connectionIds)
      if (this.#config.rpc_conns[id] === undefined) throw new RpcError(`connection with id: <${id}> not defined`)
    const sessions = await this.#dependencies.sessions(from)
    const sent = sessions.filter((session) => cgrId === '' || session.cgrId === cgrId)
    // One that is not here has ended, as far as this engine can tell.
    const states: [string, Session | undefined][] =
      cgrId !== '' && sent.length === 0 ? [[cgrId, undefined]] : sent.map((session) => [session.cgrId, session])
    for (const id of connectionIds)
      for (const [name, session] of states)
        await this.#send(id, name, session).catch((cause: unknown) => this.#failed(id, cause))
  }

  async #send(id: string, cgrId: string, session: Session | undefined): Promise<void> {
    const decimals = this.#config.general.rounding_decimals
    const argument = session === undefined ? endedSessionWire(cgrId) : passiveSessionWire(session, decimals)
    try {
      await this.#dependencies.remote.callee([id]).ask(SET_PASSIVE, argument)
    } catch (cause) {
      // The copy of an ended session that is not there is as gone as it should be.
      if (session !== undefined || !(cause instanceof RpcError) || cause.message !== 'NOT_FOUND') throw cause
    }
    if (this.#failing.delete(id))
      this.#dependencies.log('info', 'copies of sessions are sent again', { connection: id })
  }

  /** Told once, until a copy is taken again. */
  #failed(id: string, cause: unknown): void {
    if (this.#failing.has(id)) return
    this.#failing.add(id)
    const text = cause instanceof Error ? cause.message : String(cause)
    this.#dependencies.log('warn', 'a copy of a session could not be sent', { connection: id, cause: text })
  }
}
