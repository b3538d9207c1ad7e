import type { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Cdr } from '../../cdrs/cdr.ts'
import type { ZonedTime } from '../../core/time.ts'
import { MappingError } from '../../mapping/value.ts'
import { errorAnswer } from '../../protocol/diameter/answers.ts'
import type { LocalCapabilities } from '../../protocol/diameter/capabilities.ts'
import type { AvpDefinition, Dictionary } from '../../protocol/diameter/dictionary.ts'
import { Avp, Command, DiameterMessage } from '../../protocol/diameter/message.ts'
import { missingAvp, type ValidationOptions, validateRequest } from '../../protocol/diameter/validate.ts'
import type { Executed, Records } from '../../store/unit-of-work.ts'
import type { AgentNotice } from '../session-calls.ts'
import { Connection } from './connection.ts'
import { Listeners } from './listeners.ts'
import {
  type DiameterMapping,
  type HandlerServices,
  type Outcome,
  type RemoteTurn,
  RequestHandler,
} from './request-handler.ts'
import { SessionNotices } from './session-notices.ts'

export type DiameterAgentSettings = {
  local: LocalCapabilities
  listeners: readonly { host: string; port: number }[]
  cerTimeoutMs: number
  watchdogMs: number
  /** Requests that peers of CGRateS get away with are refused. Reference 07, 2.11. */
  strict: boolean
  /** Requests of one connection that may wait for their answer; 0: no bound. Beyond it 3004 is answered. */
  maxInFlight: number
  defaultTenant: string
  nodeId: string
}

export type DiameterAgentDependencies = HandlerServices & {
  records: Records
  /**
   * cores.caps, which requests share with the calls of RPC. enter: a promise: the request has its turn when it resolves; throws when
   * there is no room. Reference 10, B10.
   */
  caps: { enter(): undefined | Promise<void>; leave(): void }
  /** Told of each request: its CC-Request-Type, 0 for other requests and those that are refused unread. */
  received: (requestType: number) => void
  /** Told once per request: Result-Code of the answer and ns since it came. */
  observe: (resultCode: number, latencyNs: bigint) => void
  /** Told after the commit: CDRs that were made, and events that others are to be told of. */
  committed: (cdrs: readonly Cdr[], told: readonly AgentNotice[]) => void
  /** One line per connection event and per error cause. */
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
  now: () => ZonedTime
}

/** A request that waits for its commit: its octets, for what was read of them takes far more memory. */
type Waiting = { connection: Connection; bytes: Buffer; sessionId: string; startedNs: bigint; hasTurn: boolean }

/** Auth-Application-Id of credit control. RFC 8506, 3. */
const CREDIT_CONTROL = 4

/** Serves credit control over Diameter: one CCR is one unit of work, and its answer leaves after the commit. Reference 07. */
export class DiameterAgent {
  #settings: DiameterAgentSettings
  #validation: ValidationOptions
  readonly #dependencies: DiameterAgentDependencies
  #handler: RequestHandler
  readonly #listeners = new Listeners((socket) => this.#accept(socket))
  readonly #connections = new Set<Connection>()
  /** What a credit-control request cannot be answered without. */
  #required: readonly AvpDefinition[]
  /** Commits under way by Session-Id: the answer to a repeated request waits for the commit of the first. */
  readonly #pending = new Map<string, Promise<void>>()
  /** Requests under way whose calls leave the process, the last of each Session-Id: the next waits for it. */
  readonly #turns = new Map<string, Promise<void>>()
  /** What sessions call of this agent. */
  readonly notices: SessionNotices

  constructor(settings: DiameterAgentSettings, mapping: DiameterMapping, dependencies: DiameterAgentDependencies) {
    this.#settings = settings
    this.#validation = { ...settings.local, strict: settings.strict }
    this.#dependencies = dependencies
    this.#handler = new RequestHandler(settings, mapping, dependencies)
    this.#required = requiredOf(mapping.dictionary)
    this.notices = new SessionNotices({
      mapping: () => this.#handler.mapping,
      connections: () => this.#connections,
      defaultTenant: () => this.#settings.defaultTenant,
      now: dependencies.now,
    })
  }

  /**
   * Serves by other settings and another mapping from the next request on. Peers stay connected, unless what they were told in
   * the capabilities exchange has changed: then they are asked to come back. Listeners that are no longer named are closed;
   * `listen` has opened the new ones before.
   */
  configure(settings: DiameterAgentSettings, mapping: DiameterMapping): void {
    const isOther = !isDeepStrictEqual(connectionSettings(this.#settings), connectionSettings(settings))
    this.#settings = settings
    this.#validation = { ...settings.local, strict: settings.strict }
    this.#handler = new RequestHandler(settings, mapping, this.#dependencies)
    this.#required = requiredOf(mapping.dictionary)
    this.#listeners.keep(settings.listeners)
    if (isOther) for (const connection of this.#connections) connection.drain()
  }

  get openConnections(): number {
    let open = 0
    for (const connection of this.#connections) if (connection.isOpen) open++
    return open
  }

  /** Requests that are not answered yet. */
  get requestsInFlight(): number {
    let waiting = 0
    for (const connection of this.#connections) waiting += connection.inFlight
    return waiting
  }

  /**
   * Opens those listeners that are not open; resolves to the addresses that are listened on. Rejects with ListenFailure, and
   * leaves open what was open before.
   */
  listen(listeners = this.#settings.listeners): Promise<string[]> {
    return this.#listeners.open(listeners)
  }

  /** Stops accepting, answers what is under way and closes. */
  async close(): Promise<void> {
    const closed = this.#listeners.close()
    for (const connection of this.#connections) connection.drain()
    await closed
  }

  #accept(socket: Socket): void {
    const { local, cerTimeoutMs, watchdogMs } = this.#settings
    const { log } = this.#dependencies
    const { dictionary } = this.#handler.mapping
    const connection = new Connection(
      socket,
      { local, dictionary, cerTimeoutMs, watchdogMs },
      {
        request: (message) => this.#receive(message, connection),
        opened: ({ remote, peer }) => log('info', 'diameter peer connected', { remote, ...peer }),
        closed: ({ remote, peer }, reason) => {
          this.#connections.delete(connection)
          log('info', 'diameter peer disconnected', { remote, ...peer, reason })
        },
      },
    )
    this.#connections.add(connection)
  }

  #receive(message: DiameterMessage, connection: Connection): void {
    const { bytes, sessionId } = message
    const request: Waiting = { connection, bytes, sessionId, startedNs: process.hrtime.bigint(), hasTurn: false }
    const refused = this.#refuse(message, connection)
    this.#dependencies.received(refused === undefined ? (message.unsigned32(Avp.CC_REQUEST_TYPE) ?? 0) : 0)
    if (refused !== undefined) {
      this.#reply(request, refused)
      return
    }
    let turn: undefined | Promise<void>
    try {
      turn = this.#dependencies.caps.enter()
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : ''
      this.#reply(request, errorAnswer(message, 3004, this.#settings.local, text))
      return
    }
    request.hasTurn = true
    if (turn === undefined) this.#start(message, request)
    else void turn.then(() => this.#start(message, request))
  }

  #start(message: DiameterMessage, request: Waiting): void {
    if (this.#handler.mapping.remote === undefined) {
      this.#execute(message, request, undefined)
      return
    }
    this.#inTurn(request.sessionId, () =>
      this.#execute(message, request, { now: this.#dependencies.now(), calls: undefined }),
    )
  }

  #reply({ connection, startedNs, hasTurn }: Waiting, answer: Buffer): void {
    connection.answer(answer)
    if (hasTurn) this.#dependencies.caps.leave()
    this.#dependencies.observe(resultCodeOf(answer), process.hrtime.bigint() - startedNs)
  }

  /** Runs a request and answers it; the promise of the answer when it takes time. */
  #execute(message: DiameterMessage, request: Waiting, turn: RemoteTurn | undefined): Promise<void> | undefined {
    const handler = this.#handler
    const { connection } = request
    const answer = ({ result, durable }: Executed<Outcome>) => {
      if (result.used !== undefined) this.notices.heard(message, connection, result.used)
      return this.#answerAfter(request, result, durable)
    }
    const now = turn?.now ?? this.#dependencies.now()
    try {
      const executed = this.#dependencies.records.execute((unit) =>
        handler.handle(unit, message, connection.remote, now, turn),
      )
      if (!(executed instanceof Promise)) return answer(executed)
      return executed.then(answer).catch((cause) => this.#fail(request, cause))
    } catch (cause) {
      this.#fail(request, cause)
      return undefined
    }
  }

  /** One request of a Diameter session after the other: a repeat that comes while the first waits gets the answer of the first. */
  #inTurn(sessionId: string, work: () => Promise<void> | undefined): void {
    const before = this.#turns.get(sessionId) ?? Promise.resolve()
    const turn = before.then(work).finally(() => {
      if (this.#turns.get(sessionId) === turn) this.#turns.delete(sessionId)
    })
    this.#turns.set(sessionId, turn)
  }

  #answerAfter(request: Waiting, outcome: Outcome, durable: Promise<void> | undefined): Promise<void> | undefined {
    const { sessionId } = request
    const commit = durable ?? (outcome.repeated ? this.#pending.get(sessionId) : undefined)
    if (commit === undefined) {
      this.#reply(request, outcome.answer)
      return undefined
    }
    if (durable !== undefined) this.#pending.set(sessionId, durable)
    return commit.then(
      () => {
        if (this.#pending.get(sessionId) === commit) this.#pending.delete(sessionId)
        this.#reply(request, outcome.answer)
        if (durable !== undefined) this.#dependencies.committed(outcome.cdrs, outcome.told)
      },
      (cause) => {
        this.#pending.delete(sessionId)
        this.#fail(request, cause)
      },
    )
  }

  /** The answer to a request that is not even looked at, undefined when it is sound. */
  #refuse(message: DiameterMessage, connection: Connection): Buffer | undefined {
    const { local, maxInFlight } = this.#settings
    if (maxInFlight > 0 && connection.inFlight > maxInFlight)
      return errorAnswer(message, 3004, local, 'too many requests are waiting')
    const fault = validateRequest(message, this.#handler.mapping.dictionary, this.#validation)
    if (fault !== undefined) return errorAnswer(message, fault.resultCode, local, fault.message, fault.failedAvp)
    if (message.commandCode !== Command.CREDIT_CONTROL) return undefined
    for (const definition of this.#required) {
      const avp = message.find(definition.code, definition.vendorId)
      if (avp === undefined || avp.dataEnd === avp.dataStart)
        return errorAnswer(message, 5005, local, `AVP ${definition.name} is missing`, missingAvp(definition))
    }
    return undefined
  }

  /** Nothing was charged: the unit is gone. */
  #fail(request: Waiting, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause)
    this.#dependencies.log(cause instanceof MappingError ? 'warn' : 'error', 'diameter request failed', {
      cause: text,
      ...(cause instanceof MappingError ? {} : { stack: cause instanceof Error ? cause.stack : '' }),
    })
    const message = new DiameterMessage(request.bytes)
    this.#reply(request, errorAnswer(message, 5012, this.#settings.local, cause instanceof MappingError ? text : ''))
  }
}

function requiredOf(dictionary: Dictionary): AvpDefinition[] {
  return ['Session-Id', 'CC-Request-Type', 'CC-Request-Number']
    .map((name) => dictionary.byName(CREDIT_CONTROL, name))
    .filter((definition) => definition !== undefined)
}

/** What a connection takes from the settings when it is accepted. */
function connectionSettings({ local, cerTimeoutMs, watchdogMs }: DiameterAgentSettings) {
  return { local, cerTimeoutMs, watchdogMs }
}

function resultCodeOf(answer: Buffer): number {
  for (let at = 20; at + 12 <= answer.length; ) {
    if (answer.readUInt32BE(at) === Avp.RESULT_CODE) return answer.readUInt32BE(at + 8)
    const length = answer.readUIntBE(at + 5, 3)
    at += length + (-length & 3)
  }
  return 0
}
