import type { Cdr, CdrSwitches } from '../cdrs/cdr.ts'
import type { MadeCdrs } from '../cdrs/made-cdrs.ts'
import type { CdrEvent, CdrPipeline, ProcessedCdr } from '../cdrs/pipeline.ts'
import type { SessionCdrs } from '../cdrs/session-cdrs.ts'
import { Decimal } from '../core/decimal.ts'
import { InvalidText } from '../core/errors.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import { fieldText, fieldUsage, originHash } from '../core/event-values.ts'
import { addNs, isZeroTime, parseTime, ZERO_TIME, type ZonedTime } from '../core/time.ts'
import type { CallCost } from '../rating/call-cost.ts'
import {
  type EventCost,
  eventCostOf,
  eventCostUsage,
  mergeEventCost,
  trimEventCost,
  withSummary,
} from '../rating/event-cost.ts'
import { type AttributeCaller, type Attributed, AttributesRefused, attributed } from '../services/attributes/caller.ts'
import type { ChargerRun, ChargerSource } from '../services/chargers.ts'
import type { Charging, Descriptor } from '../services/charging.ts'
import { type Charged, type MakeAccount, withAccount } from '../services/dynaprepaid.ts'
import { PlainRefusal, SessionRefused } from '../services/errors.ts'
import type { ResourceCaller } from '../services/resources/caller.ts'
import type { Unit } from '../store/unit-of-work.ts'
import { debitsItself, debitTurn } from './debit-loop.ts'
import { OriginHashes } from './origin-hashes.ts'
import { activated } from './passive.ts'
import { endsPaused, isChargeable, takeLastPause, takePause, withPause } from './pause.ts'
import {
  EMPTY_QUOTA,
  finalUsage,
  fromTotalUsage,
  grantCharged,
  grantFromReserve,
  grantPaused,
  grantUncharged,
  type Quota,
  reportUsed,
} from './quota.ts'
import { isPrepaid, isRatedAtEnd, type Run, type Session, type TimeoutCharge } from './session.ts'
import { sessionKind } from './session-record.ts'
import { SessionResources } from './session-resources.ts'
import { nextTimeout, type TimeoutSettings } from './timeout.ts'

export type SessionSettings = {
  /** Usage asked for when the event has none, by ToR and `*any`. */
  defaultUsage: Readonly<Record<string, bigint>>
  defaultCategory: string
  /** Zone of times that name none. */
  timeZone: string
  /** Run fields that updates, terminates and CDR events may change. */
  alterableFields: readonly string[]
  timeout: TimeoutSettings
  /** Keeps what an ended session has paid, for a CDR that comes over another way. Reference 05, 6.17. */
  storesCosts: boolean
  /** How much prepaid runs are debited at a time without being asked; 0n: not at all. */
  debitInterval: bigint
  /** rals_conns: what costs are asked for. */
  isRated: boolean
}

/** How a call charges, and who makes it. */
export type CallOptions = {
  /** Refuse instead of granting less than asked. */
  forceDuration: boolean
  /** Connection of a client that can be called back. */
  clientId?: string
}

export type SessionDependencies = {
  charging: Charging
  /** Undefined: no chargers_conns. */
  chargers: (() => ChargerSource) | undefined
  /** Undefined: no cdrs_conns. */
  cdrs: SessionCdrs | undefined
  /** Undefined: no attributes_conns. */
  attributes: AttributeCaller | undefined
  /** Undefined: no resources_conns. */
  resources: ResourceCaller | undefined
  /** Of the events of CDRsV1, whatever sessions are connected with: their CDRs, `cdrs.chargers_conns` and `cdrs.attributes_conns`. */
  events: {
    readonly cdrs: CdrPipeline
    readonly chargers: (() => ChargerSource) | undefined
    readonly attributes: AttributeCaller | undefined
  }
  /** Makes accounts of `*dynaprepaid` runs; undefined: no scheduler_conns. */
  makeAccount: MakeAccount | undefined
  now: () => ZonedTime
  /** A number in [0, 1). */
  random: () => number
  warn: (message: string, fields: Record<string, unknown>) => void
}

/** Answer of a call that grants usage: ns or plain units; -1n: no limit, it debits by itself. */
export type Granted = { maxUsage: bigint; cgrId: string }

/** A session that was ended, as it was settled, and its CDRs. */
export type Ended = { session: Session; cdrs: readonly Cdr[] }

/** A call of sessions in a unit of work: its result, and the CDRs that it has made. */
export type SessionCall<R> = (unit: Unit, sessions: Sessions) => { result: R; cdrs?: readonly Cdr[] }

/** An event that is to become CDRs. details: what it says that was paid for it already. */
export type PaidEvent = { event: ChargingEvent; details?: EventCost | undefined }

/** Of a session that ends at what it was granted. */
const NO_CHARGE: TimeoutCharge = { extra: 0n, lastUsed: undefined, total: undefined }

const FIXED_FIELDS = new Set(['CGRID', 'OriginHost', 'OriginID', 'Usage'])

/**
 * Sessions: reserve and debit credit while an event lives, settle the difference at its end. Every call is one synchronous
 * part of a unit of work; when it throws, the caller undoes the part. Reference 05, 6 and 7.
 */
export class Sessions {
  #settings: SessionSettings
  #dependencies: SessionDependencies
  readonly #hashes = new OriginHashes()
  /** Units that sessions have in use. */
  resources: SessionResources

  constructor(settings: SessionSettings, dependencies: SessionDependencies) {
    this.#settings = settings
    this.#dependencies = dependencies
    this.resources = new SessionResources(dependencies.resources, dependencies.warn)
  }

  /** Other settings from the next call on; sessions that live stay as they are. */
  configure(settings: SessionSettings, dependencies: SessionDependencies): void {
    this.#settings = settings
    this.#dependencies = dependencies
    this.resources = new SessionResources(dependencies.resources, dependencies.warn)
  }

  /** Whether there is a session of an event, an ended one that waits for its CDR among them. */
  isKnown(unit: Unit, event: ChargingEvent): boolean {
    return unit.get(sessionKind, this.#hashes.cgrIdOf(event.event)) !== undefined
  }

  /**
   * The event as attributes make it; undefined: no profile matches. ids: profiles to use; none: those that match. Throws SessionRefused.
   * Reference 05, 7.
   */
  attributed(event: ChargingEvent, ids: readonly string[]): Attributed | undefined {
    this.checkConnected({ attributes: true })
    const { attributes } = this.#dependencies
    return (
      attributes &&
      refusedAs('ATTRIBUTES_ERROR:', () => attributed(attributes, event, '*sessions', ids.length === 0 ? null : ids))
    )
  }

  /** The event of each run, as chargers make it. Throws SessionRefused. */
  forked(event: ChargingEvent): { runId: string; event: ChargingEvent }[] {
    return this.#chargerRuns(event).map(({ runId, tenant, event: fields, apiOpts }) => ({
      runId,
      event: { ...event, tenant, event: fields, apiOpts },
    }))
  }

  /** Longest usage that every run can pay for; nothing is debited. Reference 05, 6.2. */
  authorize(unit: Unit, event: ChargingEvent): bigint {
    const requested = this.#requested(event.event)
    const session = this.#build(event, { forceDuration: false })
    return this.#smallest(session.runs, requested, (run) => {
      if (!isPrepaid(run.requestType) && run.requestType !== '*pseudoprepaid') return requested
      const { charging, makeAccount } = this.#dependencies
      const max = withAccount(unit, chargedOf(run), makeAccount, () =>
        charging.maxUsage(unit, run.descriptor, requested),
      )
      return max > requested ? requested : max
    })
  }

  /** Opens a session and reserves its first usage. Throws SessionRefused('EXISTS') for one that is open. Reference 05, 7.2. */
  initiate(unit: Unit, event: ChargingEvent, options: CallOptions): Granted {
    if (unit.get(sessionKind, this.#hashes.cgrIdOf(event.event)) !== undefined) throw new SessionRefused('EXISTS')
    // What was used of an earlier grant cannot belong to a session that begins (reference 05, 12 row 36).
    const { LastUsed: _, ...fields } = event.event
    const session = this.#begin(unit, { ...event, event: fields }, options)
    if (!debitsItself(session)) return this.#update(unit, session, fields, event.apiOpts)
    unit.put(sessionKind, session.cgrId, this.#debitTurn(unit, session))
    return { maxUsage: -1n, cgrId: session.cgrId }
  }

  /** Settles the last grant and reserves the next; opens a session that is not known. Reference 05, 7.3. */
  update(unit: Unit, event: ChargingEvent, options: CallOptions): Granted {
    const found = this.#find(unit, event)
    if (found === undefined) {
      const begun = this.#begin(unit, event, options)
      return this.#update(unit, debitsItself(begun) ? this.#debitTurn(unit, begun) : begun, event.event, event.apiOpts)
    }
    const { clientId = '' } = options
    const eventStart = mergeStart(found.eventStart, event.event)
    const session = this.#alter(
      {
        ...found,
        eventStart,
        clientId: clientId || found.clientId,
        isChargeable: isChargeable(event.apiOpts),
      },
      event.event,
    )
    return this.#update(unit, session, event.event, event.apiOpts)
  }

  /** Ends a session; it waits, closed, for its CDR. An unknown one is charged at once as one event. Reference 05, 7.4. */
  terminate(unit: Unit, event: ChargingEvent, options: CallOptions): { cgrId: string } {
    const { event: fields } = event
    if (fieldText(fields, 'OriginID') === '') throw new SessionRefused('MANDATORY_IE_MISSING: [OriginID]')
    const cgrId = this.#hashes.cgrIdOf(fields)
    const lastUsed = lenientUsage(fields, 'LastUsed')
    const found = this.#find(unit, event)
    if (found !== undefined) {
      const usage = lenientUsage(fields, 'Usage')
      const session = { ...this.#alter(found, fields), isChargeable: isChargeable(event.apiOpts) }
      this.#end(unit, session, usage, lastUsed, fieldText(fields, 'AnswerTime'))
      return { cgrId: found.cgrId }
    }
    // A closed session was ended by an earlier try of the same request: there is nothing left to charge.
    if (unit.get(sessionKind, cgrId) !== undefined) return { cgrId }
    const { LastUsed: _, ...told } = fields
    const once = { ...told, Usage: plainly(() => fieldUsage(fields, 'Usage')) ?? lastUsed ?? 0n }
    if (this.#dependencies.chargers === undefined) throw new SessionRefused('RALS_ERROR:ChargerS is disabled')
    const session = this.#begin(unit, { ...event, event: once }, options)
    plainly(() => this.#update(unit, { ...session, debitInterval: 0n }, once, event.apiOpts))
    const updated = this.#open(unit, cgrId)
    if (updated !== undefined) this.#end(unit, updated, undefined, undefined, '')
    return { cgrId }
  }

  /** Charges one event at once. Reference 05, 6.19. */
  message(unit: Unit, event: ChargingEvent, options: CallOptions): Granted {
    const session = this.#begin(unit, event, options)
    const granted = this.#update(unit, { ...session, debitInterval: 0n }, event.event, event.apiOpts)
    const open = this.#open(unit, session.cgrId)
    if (open !== undefined) this.#end(unit, open, granted.maxUsage < 0n ? undefined : granted.maxUsage, undefined, '')
    return granted
  }

  /** Makes the CDRs of a closed session, or of an event that no session has seen. Reference 05, 7.6. */
  processCdr(unit: Unit, event: ChargingEvent): Cdr[] {
    const { cdrs, chargers, events } = this.#dependencies
    if (cdrs === undefined) throw new SessionRefused('MANDATORY_IE_MISSING: [connIDs]')
    const cgrId = this.#hashes.cgrIdOf(event.event)
    const session = unit.get(sessionKind, cgrId) ?? this.#find(unit, event)
    if (session === undefined) {
      const fields: EventFields = {
        ...event.event,
        CGRID: cgrId,
        Source: fieldText(event.event, 'Source') || '*sessions',
      }
      const told = { ...event, event: fields }
      // Those of another engine change it themselves.
      const isOwn = cdrs === events.cdrs
      return partly(() => cdrs.ofEvent(unit, isOwn ? changedForCdrs(events.attributes, told) : told, chargers?.()))
    }
    if (session.closedAtMs === undefined) throw new SessionRefused('PARTIALLY_EXECUTED')
    const { runs } = this.#alter(session, event.event)
    unit.delete(sessionKind, session.cgrId)
    return runs.map(({ event: fields, quota, cost, requestType }) =>
      cdrs.ofRun(unit, {
        event: fields,
        apiOpts: session.optsStart,
        tenant: session.tenant,
        cost,
        usage: quota.total,
        rateNow: isRatedAtEnd(requestType),
      }),
    )
  }

  /** Makes the CDRs of events, whatever sessions may live. switches: what is done to them; made: CDRs from before. Reference 05, 9. */
  processEvents(unit: Unit, events: readonly PaidEvent[], switches: CdrSwitches, made: MadeCdrs): ProcessedCdr[] {
    const { cdrs } = this.#dependencies.events
    const runs = events.flatMap(({ event, details }) => partly(() => this.#runsOf(event, details, switches)))
    return cdrs.process(unit, runs, switches, made)
  }

  /** What was paid for an event counts for its own run alone. */
  #runsOf(event: ChargingEvent, details: EventCost | undefined, { isForked, isAttributed }: CdrSwitches): CdrEvent[] {
    const { attributes } = this.#dependencies.events
    if (isAttributed && attributes === undefined) throw new SessionRefused('PARTIALLY_EXECUTED')
    const changed = isAttributed ? changedForCdrs(attributes, event) : event
    const fields: EventFields = { ...changed.event, CGRID: this.#hashes.cgrIdOf(changed.event) }
    if (!isForked) return [{ event: fields, tenant: changed.tenant, apiOpts: changed.apiOpts, details }]
    const runs = this.#forks({ ...changed, event: fields })
    if (runs.length === 0) throw new SessionRefused('PARTIALLY_EXECUTED')
    return runs.map((run) => ({
      event: run.event,
      tenant: run.tenant,
      apiOpts: run.apiOpts,
      details: details?.runId === run.runId ? details : undefined,
    }))
  }

  /** Whatever chargers refuse, CDRs tell in one way. Reference 05, 9.1.2. */
  #forks(event: ChargingEvent): ChargerRun[] {
    try {
      return this.#dependencies.events.chargers?.().runsOf(event) ?? []
    } catch (cause) {
      throw cause instanceof SessionRefused ? new SessionRefused('PARTIALLY_EXECUTED') : cause
    }
  }

  /** Ends a session that its peer has left: nothing of the last grant was used beyond what it told. */
  abandon(unit: Unit, cgrId: string, withCdr: boolean): Cdr[] {
    const session = this.#open(unit, cgrId)
    if (session === undefined) return []
    this.#end(unit, session, undefined, 0n, '')
    this.resources.ended(session)
    return withCdr ? this.processCdr(unit, eventOf(session)) : []
  }

  /** Ends a session whose time is up, and makes its CDR; undefined: it lives on. Reference 05, 6.11 and 6.12. */
  expire(unit: Unit, cgrId: string): Ended | undefined {
    const session = this.#open(unit, cgrId)
    if (session?.deadlineMs === undefined || session.deadlineMs > this.#nowMs()) return undefined
    return this.#endWithExtra(unit, session, session.atTimeout ?? NO_CHARGE)
  }

  /**
   * Ends a session at what was granted so far, and makes its CDR; undefined: there is none. extra: what prepaid runs are charged
   * on top. Reference 05, 6.12.
   */
  disconnect(unit: Unit, cgrId: string, extra = 0n): Ended | undefined {
    const session = this.#open(unit, cgrId)
    return session && this.#endWithExtra(unit, session, { ...NO_CHARGE, extra })
  }

  /** What a session does now without being asked: its next debit, or its end. Reference 05, 6.7. */
  takeTurn(unit: Unit, cgrId: string): Session | undefined {
    const session = this.#open(unit, cgrId)
    if (session?.loop === undefined || session.loop.atMs > this.#nowMs()) return undefined
    if (session.loop.cause !== '') return session
    unit.put(sessionKind, cgrId, this.#debitTurn(unit, session))
    return undefined
  }

  /** The client has been told to end a session: it waits for that. */
  stopTurns(unit: Unit, cgrId: string): void {
    const session = this.#open(unit, cgrId)
    if (session?.loop !== undefined) unit.put(sessionKind, cgrId, { ...session, loop: undefined })
  }

  #debitTurn(unit: Unit, session: Session): Session {
    return debitTurn(session, this.#nowMs(), (run, requested) =>
      unit.attempt(() => this.#debit(unit, session, run, requested, undefined)),
    )
  }

  #nowMs(): number {
    return Number(this.#dependencies.now().ns / 1_000_000n)
  }

  #endWithExtra(unit: Unit, session: Session, { extra, lastUsed, total }: TimeoutCharge): Ended {
    const runs =
      extra > 0n ? session.runs.map((run) => this.#extend(unit, session, run, extra, lastUsed)) : session.runs
    this.#end(unit, { ...session, runs }, total, extra > 0n ? undefined : lastUsed, '')
    const ended = unit.get(sessionKind, session.cgrId) ?? session
    const cdrs = this.#dependencies.cdrs === undefined ? [] : this.processCdr(unit, eventOf(ended))
    this.resources.ended(session)
    return { session: ended, cdrs }
  }

  /** A run that nobody asks for any more, and that is charged all the same; what is refused then is not. Reference 05, 6.12. */
  #extend(unit: Unit, session: Session, run: Run, extra: bigint, used: bigint | undefined): Run {
    if (!isPrepaid(run.requestType)) return { ...run, quota: grantUncharged(reportUsed(run.quota, used), extra) }
    try {
      return unit.attempt(() => this.#debit(unit, session, run, extra, used))
    } catch (cause) {
      if (!(cause instanceof SessionRefused || cause instanceof InvalidText)) throw cause
      const { cgrId } = session
      this.#dependencies.warn('a session ends without its extra usage', { cgrId, run: run.runId, cause: cause.message })
      return { ...run, quota: reportUsed(run.quota, used) }
    }
  }

  /** What cannot be done to an event because nothing is connected that does it. Throws SessionRefused. Reference 05, 7.7. */
  checkConnected(wanted: { attributes?: boolean; chargers?: boolean; cdrs?: boolean }): void {
    const { attributes, chargers, cdrs } = this.#dependencies
    if (wanted.attributes && attributes === undefined)
      throw new SessionRefused('ATTRIBUTES_ERROR:NOT_CONNECTED: AttributeS')
    if (wanted.chargers && chargers === undefined)
      throw new SessionRefused('CHARGERS_ERROR:MANDATORY_IE_MISSING: [connIDs]')
    if (wanted.cdrs && cdrs === undefined) throw new SessionRefused('NOT_CONNECTED: CDRs')
  }

  /** What an event costs as one charge, without an account. Throws SessionRefused. Reference 05, 7.8. */
  price(event: ChargingEvent): EventCost {
    if (!this.#settings.isRated) throw new SessionRefused('MANDATORY_IE_MISSING: [connIDs]')
    const { event: fields } = event
    const usage = fieldUsage(fields, 'Usage') ?? 0n
    const { descriptor } = this.#newRun({ runId: '', event: fields }, fields, event.tenant, false)
    const callCost = this.#dependencies.charging.rate({ ...descriptor, durationIndex: usage }, usage)
    return eventCostOf(callCost, event.id, '')
  }

  /** The session while it is charged here. */
  #open(unit: Unit, cgrId: string): Session | undefined {
    const session = unit.get(sessionKind, cgrId)
    return session?.closedAtMs === undefined && session?.isPassive === false ? session : undefined
  }

  /** The same; a copy of another engine's is charged here from now on. Reference 05, 6.10. */
  #taken(unit: Unit, cgrId: string): Session | undefined {
    const session = unit.get(sessionKind, cgrId)
    if (session === undefined || session.closedAtMs !== undefined) return undefined
    return session.isPassive ? activated(session, this.#nowMs()) : session
  }

  /** Finds the session of an event, under its former OriginID too: it is then re-keyed. Reference 05, 6.10. */
  #find(unit: Unit, { event }: ChargingEvent): Session | undefined {
    const cgrId = this.#hashes.cgrIdOf(event)
    const found = this.#taken(unit, cgrId)
    const initial = fieldText(event, 'InitialOriginID')
    if (found !== undefined || initial === '') return found
    const formerId = originHash(initial, fieldText(event, 'OriginHost'))
    const former = this.#taken(unit, formerId)
    if (former === undefined) return undefined
    unit.delete(sessionKind, formerId)
    const originId = fieldText(event, 'OriginID')
    const rename = (fields: EventFields): EventFields => ({ ...fields, CGRID: cgrId, OriginID: originId })
    return {
      ...former,
      cgrId,
      originId,
      eventStart: rename(former.eventStart),
      runs: former.runs.map((run) => ({ ...run, event: rename(run.event), cost: run.cost && { ...run.cost, cgrId } })),
    }
  }

  /**
   * A new session to be charged. One that waits for its CDR, or has got it, is not opened again: what it would be charged
   * would have no CDR.
   */
  #begin(unit: Unit, event: ChargingEvent, options: CallOptions): Session {
    const session = this.#build(event, options)
    const { cgrId } = session
    const isMade = session.runs.some(({ runId }) => this.#dependencies.cdrs?.isMade(unit, { cgrId, runId }) === true)
    if (isMade || unit.get(sessionKind, cgrId) !== undefined) throw new SessionRefused('EXISTS')
    return session
  }

  #build(event: ChargingEvent, { forceDuration, clientId = '' }: CallOptions): Session {
    const fields: EventFields = { ...event.event }
    const cgrId = this.#hashes.cgrIdOf(fields)
    fields['CGRID'] = cgrId
    const runs = this.#chargerRuns({ ...event, event: fields })
    return {
      cgrId,
      tenant: event.tenant,
      originId: fieldText(fields, 'OriginID'),
      originHost: fieldText(fields, 'OriginHost'),
      eventStart: fields,
      optsStart: event.apiOpts,
      runs: runs.map((run) => this.#newRun(run, fields, run.tenant, forceDuration)),
      updatedAtMs: this.#nowMs(),
      deadlineMs: undefined,
      atTimeout: undefined,
      isChargeable: isChargeable(event.apiOpts),
      closedAtMs: undefined,
      clientId,
      debitInterval: fieldUsage(event.apiOpts, '*sessionsDebitInterval') ?? this.#settings.debitInterval,
      loop: undefined,
      isPassive: false,
    }
  }

  #chargerRuns(event: ChargingEvent): ChargerRun[] {
    const { chargers } = this.#dependencies
    if (chargers === undefined) throw new SessionRefused('ChargerS is disabled')
    const runs = refusedAs('CHARGERS_ERROR:SERVER_ERROR: ', () => chargers().runsOf(event))
    if (runs.length === 0) throw new SessionRefused('CHARGERS_ERROR:NOT_FOUND')
    return runs
  }

  #newRun(
    { runId, event }: Pick<ChargerRun, 'runId' | 'event'>,
    start: EventFields,
    tenant: string,
    forceDuration: boolean,
  ): Run {
    const account = fieldText(event, 'Account')
    const answered = this.#time(fieldText(event, 'AnswerTime'))
    const descriptor: Descriptor = {
      tenant,
      category: fieldText(event, 'Category') || this.#settings.defaultCategory,
      account,
      subject: fieldText(event, 'Subject') || account,
      destination: fieldText(event, 'Destination'),
      toR: fieldText(event, 'ToR') || '*voice',
      balanceFactorId: fieldText(event, 'BalanceFactorID'),
      timeStart: isZeroTime(answered) ? this.#time(fieldText(start, 'SetupTime')) : answered,
      loopIndex: 0,
      durationIndex: 0n,
      maxCostSoFar: Decimal.ZERO,
      forceDuration,
    }
    return {
      runId,
      requestType: fieldText(event, 'RequestType'),
      event,
      descriptor,
      quota: EMPTY_QUOTA,
      cost: undefined,
    }
  }

  /** A time that cannot be read counts as missing. Reference 05, 1.4. */
  #time(text: string): ZonedTime {
    try {
      return parseTime(text, this.#settings.timeZone, this.#dependencies.now())
    } catch (cause) {
      if (cause instanceof InvalidText) return ZERO_TIME
      throw cause
    }
  }

  /** Copies the fields that may change after the start into every run. */
  #alter(session: Session, fields: EventFields): Session {
    const { alterableFields } = this.#settings
    const changed = alterableFields.filter((name) => fields[name] !== undefined)
    if (changed.length === 0) return session
    const alter = (event: EventFields): EventFields => {
      const altered = { ...event }
      for (const name of changed) altered[name] = fields[name] ?? ''
      return altered
    }
    return { ...session, runs: session.runs.map((run) => ({ ...run, event: alter(run.event) })) }
  }

  /** Reference 05, 6.4. */
  #update(unit: Unit, session: Session, fields: EventFields, options: EventFields): Granted {
    const nowMs = this.#nowMs()
    const totalUsage = fieldUsage(fields, 'TotalUsage')
    const firstQuota = session.runs[0]?.quota ?? EMPTY_QUOTA
    const { requested, used } =
      totalUsage === undefined
        ? { requested: this.#requested(fields), used: lenientUsage(fields, 'LastUsed') }
        : fromTotalUsage(firstQuota, totalUsage)
    const isAsked = session.debitInterval <= 0n
    const runs = session.runs.map((run) =>
      isAsked || !isPrepaid(run.requestType)
        ? this.#advance(unit, session, run, requested, used)
        : { run, granted: requested },
    )
    const { deadlineMs, atTimeout } = nextTimeout(session, options, this.#settings.timeout, nowMs, this.#dependencies)
    unit.put(sessionKind, session.cgrId, {
      ...session,
      runs: runs.map(({ run }) => run),
      updatedAtMs: nowMs,
      deadlineMs,
      atTimeout,
    })
    const maxUsage = runs.reduce((least, { granted }) => (granted < least ? granted : least), requested)
    return { maxUsage, cgrId: session.cgrId }
  }

  #advance(
    unit: Unit,
    session: Session,
    run: Run,
    requested: bigint,
    used: bigint | undefined,
  ): { run: Run; granted: bigint } {
    if (isPrepaid(run.requestType)) {
      const debited = this.#debit(unit, session, run, requested, used)
      return { run: debited, granted: debited.quota.lastGrant }
    }
    const quota = grantUncharged({ ...reportUsed(run.quota, used), reserve: 0n }, requested)
    if (run.requestType !== '*pseudoprepaid') return { run: { ...run, quota }, granted: requested }
    const max = this.#dependencies.charging.maxUsage(unit, run.descriptor, requested)
    const granted = max < 0n || max > requested ? requested : max
    return {
      run: { ...run, quota: { ...quota, lastGrant: granted, total: quota.total - requested + granted } },
      granted,
    }
  }

  /** Reference 05, 6.3. A failure leaves the run as it was: the unit is undone. */
  #debit(
    unit: Unit,
    { cgrId, isChargeable: isCharged }: Session,
    run: Run,
    requested: bigint,
    used: bigint | undefined,
  ): Run {
    const told = takePause({ ...run, quota: reportUsed(run.quota, used) }, cgrId)
    if (!isCharged) {
      const left = this.#giveBack(unit, told)
      return { ...left, quota: grantPaused(left.quota, requested) }
    }
    const covered = grantFromReserve(told.quota, requested)
    if (covered !== undefined) return { ...told, quota: covered }
    const missing = requested - told.quota.reserve
    const { charging, makeAccount } = this.#dependencies
    const { durationIndex } = told.descriptor
    const next = { ...told.descriptor, durationIndex: durationIndex + missing, run: { cgrId, runId: run.runId } }
    const charged = withAccount(unit, chargedOf(run), makeAccount, () => charging.maxDebit(unit, next, missing))
    const quota = grantCharged(told.quota, requested, charged.ratedUsage)
    return charged.ratedUsage === 0n ? { ...told, quota } : paid(told, cgrId, charged, quota)
  }

  /** What is paid and not used goes back before a pause, in whole increments: if the session ends then, it was not used. */
  #giveBack(unit: Unit, run: Run): Run {
    const { quota, cost, descriptor } = run
    if (cost === undefined || quota.reserve <= 0n || endsPaused(run)) return run
    const { kept, surplus } = trimEventCost(cost, eventCostUsage(cost) - quota.reserve)
    if (surplus === undefined) return run
    const { charging } = this.#dependencies
    const freed = eventCostUsage(surplus)
    return {
      ...run,
      cost: withSummary({ ...kept, startTime: cost.startTime }, charging.refund(unit, descriptor, surplus)),
      quota: { ...quota, reserve: quota.reserve - freed },
      descriptor: {
        ...descriptor,
        timeStart: addNs(descriptor.timeStart, -freed),
        durationIndex: descriptor.durationIndex - freed,
        maxCostSoFar: descriptor.maxCostSoFar.minus(charging.total(surplus)),
      },
    }
  }

  /** Settles every run and closes the session. Reference 05, 6.6. */
  #end(
    unit: Unit,
    session: Session,
    total: bigint | undefined,
    lastUsed: bigint | undefined,
    answerTime: string,
  ): void {
    const runs = session.runs.map((run) => {
      const settled = this.#settle(unit, session, run, finalUsage(run.quota, total, lastUsed))
      return answerTime === '' ? settled : { ...settled, event: { ...settled.event, AnswerTime: answerTime } }
    })
    if (this.#settings.storesCosts) this.#keepCosts(unit, session, runs)
    const closedAtMs = this.#nowMs()
    const ended = { ...session, runs, closedAtMs, deadlineMs: undefined, atTimeout: undefined, loop: undefined }
    unit.put(sessionKind, session.cgrId, ended)
  }

  #keepCosts(unit: Unit, session: Session, runs: readonly Run[]): void {
    const { cgrId, originHost, originId, tenant, optsStart: apiOpts } = session
    const { cdrs, events } = this.#dependencies
    for (const { runId, cost: details, quota } of runs) {
      if (details === undefined) continue
      const kept = { cgrId, runId, originHost, originId, costSource: '*sessions', usage: quota.total, details }
      const keeper: SessionCdrs = cdrs ?? events.cdrs
      keeper.keepCost(unit, kept, { tenant, apiOpts })
    }
  }

  #settle(unit: Unit, { cgrId, isChargeable: isCharged }: Session, run: Run, quota: Quota): Run {
    if (!isPrepaid(run.requestType)) return { ...run, quota }
    const { charging } = this.#dependencies
    let settled = takeLastPause({ ...run, quota }, cgrId)
    const gap = quota.total - (settled.cost === undefined ? 0n : eventCostUsage(settled.cost))
    if (gap > 0n && !isCharged) settled = withPause(settled, cgrId, gap)
    else if (gap > 0n) {
      const { descriptor } = settled
      const { durationIndex } = descriptor
      const next = { ...descriptor, durationIndex: durationIndex + gap, run: { cgrId, runId: run.runId } }
      settled = paid(settled, cgrId, charging.debit(unit, next, gap, false), settled.quota)
    } else if (gap < 0n && settled.cost !== undefined) {
      const { kept, surplus } = trimEventCost(settled.cost, quota.total)
      const summary = surplus === undefined ? null : charging.refund(unit, run.descriptor, surplus)
      settled = { ...settled, cost: withSummary(kept, summary) }
    }
    const cost: EventCost = settled.cost ?? {
      cgrId,
      runId: run.runId,
      startTime: ZERO_TIME,
      charges: [],
      accountSummary: null,
    }
    return { ...settled, cost: charging.round(unit, run.descriptor, cost) }
  }

  /** Usage that an event asks for which does not say how much. */
  defaultUsage(fields: EventFields): bigint {
    return this.#settings.defaultUsage[fieldText(fields, 'ToR') || '*any'] ?? 0n
  }

  #requested(fields: EventFields): bigint {
    return fieldUsage(fields, 'Usage') ?? this.defaultUsage(fields)
  }

  #smallest(runs: readonly Run[], requested: bigint, usageOf: (run: Run) => bigint): bigint {
    let least = requested
    for (const run of runs) {
      const usage = usageOf(run)
      if (usage < least) least = usage
    }
    return least
  }
}

function chargedOf({ requestType, descriptor }: Run): Charged {
  return { requestType, tenant: descriptor.tenant, account: descriptor.account }
}

/** The run after a debit: its cost grown, its descriptor moved on. */
function paid(run: Run, cgrId: string, callCost: CallCost, quota: Quota): Run {
  const { descriptor } = run
  const added = eventCostOf(callCost, cgrId, run.runId)
  return {
    ...run,
    quota,
    cost: run.cost === undefined ? added : mergeEventCost(run.cost, added),
    descriptor: {
      ...descriptor,
      timeStart: addNs(descriptor.timeStart, callCost.ratedUsage),
      durationIndex: descriptor.durationIndex + callCost.ratedUsage,
      loopIndex: descriptor.loopIndex + 1,
      maxCostSoFar: descriptor.maxCostSoFar.plus(callCost.cost),
    },
  }
}

/** The start event with what an update tells anew; the same object when it tells nothing new. */
function mergeStart(start: EventFields, update: EventFields): EventFields {
  let merged = start
  for (const name in update) {
    const value = update[name]
    if (value === undefined || value === merged[name] || FIXED_FIELDS.has(name)) continue
    if (merged === start) merged = { ...start }
    merged[name] = value
  }
  return merged
}

/** What attributes refuse, as clients of sessions see it. */
function refusedAs<R>(prefix: string, work: () => R): R {
  try {
    return work()
  } catch (cause) {
    throw cause instanceof AttributesRefused ? new SessionRefused(prefix + cause.message) : cause
  }
}

/** What attributes refuse to an event that is to become a CDR. Reference 05, 9.1. */
function partly<R>(work: () => R): R {
  try {
    return work()
  } catch (cause) {
    throw cause instanceof AttributesRefused ? new SessionRefused('PARTIALLY_EXECUTED') : cause
  }
}

/** The event as attributes make it before its CDR. */
function changedForCdrs(attributes: AttributeCaller | undefined, event: ChargingEvent): ChargingEvent {
  if (attributes === undefined) return event
  return attributed(attributes, event, '*cdrs', undefined)?.event ?? event
}

/** What is refused of an event without a session is told as it is. Reference 05, 11. */
function plainly<R>(charge: () => R): R {
  try {
    return charge()
  } catch (cause) {
    if (cause instanceof SessionRefused || cause instanceof InvalidText) throw new PlainRefusal(cause.message)
    throw cause
  }
}

/** An unreadable LastUsed is ignored. Reference 05, 11. */
function lenientUsage(fields: EventFields, name: string): bigint | undefined {
  try {
    return fieldUsage(fields, name)
  } catch (cause) {
    if (cause instanceof InvalidText) return undefined
    throw cause
  }
}

function eventOf({ tenant, cgrId, originId, originHost }: Session): ChargingEvent {
  return {
    tenant,
    id: '',
    time: null,
    event: { CGRID: cgrId, OriginID: originId, OriginHost: originHost },
    apiOpts: {},
  }
}
