import { creditsOfEventCost } from '../accounting/refund.ts'
import { Decimal } from '../core/decimal.ts'
import type { ChargingEvent, EventFields } from '../core/event.ts'
import { fieldText } from '../core/event-values.ts'
import { isZeroTime, type ZonedTime } from '../core/time.ts'
import type { CallCost } from '../rating/call-cost.ts'
import { type EventCost, eventCostOf, eventCostUsage } from '../rating/event-cost.ts'
import type { ChargerSource } from '../services/chargers.ts'
import type { Charging, Descriptor } from '../services/charging.ts'
import { type MakeAccount, withAccount } from '../services/dynaprepaid.ts'
import { SessionRefused } from '../services/errors.ts'
import type { RecordKind, Unit } from '../store/unit-of-work.ts'
import { type Cdr, type CdrDefaults, type CdrSwitches, cdrKey, cdrOf, looksBack, NOT_RATED } from './cdr.ts'
import type { CdrRun, MadeCdrs } from './made-cdrs.ts'
import { outboxKind } from './outbox.ts'
import type { SessionCdrs } from './session-cdrs.ts'
import { dropSessionCost, keepSessionCost, originPrefix, type SessionCost, sessionCostOf } from './session-cost.ts'

/** Marks a CDR as made, for as long as duplicates of it are refused. Reference 05, 9.1.3. */
export const cdrMarkKind: RecordKind<true> = {
  table: 'answer',
  isTransient: true,
  write: (_, writer) => writer.raw('true'),
  decode: () => true,
}

/** Modes whose CDR takes money; the old names are those of earlier versions. Reference 05, 5 and 9.4. */
const DEBITED = new Set([
  '*prepaid',
  '*postpaid',
  '*pseudoprepaid',
  '*dynaprepaid',
  '*directdebit',
  'prepaid',
  'postpaid',
  'pseudoprepaid',
])
/** Modes whose sessions may have paid already. Reference 05, 9.4.2. */
const PAID_BY_SESSIONS = new Set(['*prepaid', 'prepaid'])

/** What a session has found out about one run. */
export type SettledRun = {
  event: EventFields
  /** Of the request that began the session. */
  apiOpts: EventFields
  tenant: string
  cost: EventCost | undefined
  usage: bigint
  rateNow: boolean
}

/** An event that is to become a CDR. details: what it says that was paid for it already. */
export type CdrEvent = {
  event: EventFields
  tenant: string
  apiOpts: EventFields
  details?: EventCost | undefined
}

/** What was done to an event. cdr: as it was made, or would be made. */
export type ProcessedCdr = {
  event: EventFields
  cdr: Cdr
  isRated: boolean
  isRefunded: boolean
}

/** An event on its way. made: its CDR from before. isNew: it has none, also none that is not stored. details: what is paid for it. */
type Work = ProcessedCdr & { made: Cdr | undefined; isNew: boolean; details: EventCost | undefined }

type Steps = Omit<CdrSwitches, 'isAttributed' | 'isForked'>

/** What is done to an event of which nothing else is known. */
const PLAIN = { isExported: true, isRefunded: false, isRerated: false, isReprocessed: false, isRated: true }

/** Turns ended events into CDRs: rates what was not paid yet, refuses duplicates, writes the outbox. Reference 05, 9.1. */
export class CdrPipeline implements SessionCdrs {
  #charging: Charging
  #makeAccount: MakeAccount | undefined
  #defaults: CdrDefaults
  readonly #now: () => ZonedTime
  readonly #markKey: (key: string) => { written: string; looked: readonly string[] }
  readonly #newId: (key: string) => string

  /**
   * markKey: where the mark of a CDR is written, and where it may have been written before (retention buckets).
   * newId: the next id of the outbox.
   */
  constructor(
    charging: Charging,
    defaults: CdrDefaults,
    now: () => ZonedTime,
    markKey: (key: string) => { written: string; looked: readonly string[] },
    newId: (key: string) => string,
    makeAccount?: MakeAccount,
  ) {
    this.#charging = charging
    this.#defaults = defaults
    this.#now = now
    this.#markKey = markKey
    this.#newId = newId
    this.#makeAccount = makeAccount
  }

  /** From the next event on. charging: who charges; makeAccount: of `*dynaprepaid` events; undefined: no scheduler_conns. */
  configure(defaults: CdrDefaults, charging: Charging, makeAccount: MakeAccount | undefined): void {
    this.#defaults = defaults
    this.#charging = charging
    this.#makeAccount = makeAccount
  }

  /** The CDR of one run of an ended session. Throws SessionRefused('EXISTS') when it has been made before. */
  ofRun(unit: Unit, { event, tenant, cost, usage, rateNow, apiOpts }: SettledRun): Cdr {
    const cdr = { ...cdrOf(event, tenant, this.#defaults, this.#now()), usage, notice: { apiOpts } }
    if (this.isMade(unit, cdr)) throw new SessionRefused('EXISTS')
    if (cost !== undefined) {
      return this.#write(unit, { ...cdr, cost: this.#charging.total(cost), costDetails: cost, costSource: '*sessions' })
    }
    return this.#write(unit, rateNow ? this.#charge(unit, cdr) : cdr)
  }

  /** The CDRs of an event that no session has seen: rated and, where its mode wants it, debited here. */
  ofEvent(unit: Unit, event: ChargingEvent, chargers: ChargerSource | undefined): Cdr[] {
    const { isStored } = this.#defaults
    const runs = chargers?.runsOf(event) ?? [event]
    return runs.flatMap((run) =>
      this.process(unit, [{ event: run.event, tenant: run.tenant, apiOpts: run.apiOpts }], {
        ...PLAIN,
        isStored,
      }).map(({ cdr }) => cdr),
    )
  }

  keepCost(unit: Unit, cost: SessionCost): void {
    this.keepSessionCost(unit, cost)
  }

  /**
   * Does to events what the switches say, each step for all of them before the next. made: CDRs that were made before. Money
   * for a CDR that was made moves only when it is refunded or rated again, and then the CDR is written anew: what it has cost is
   * given back once. Of several events for one CDR the last counts then. Throws SessionRefused, InvalidText, NotLoaded.
   * Reference 05, 9.1 and 9.4.
   */
  process(unit: Unit, events: readonly CdrEvent[], switches: Steps, made?: MadeCdrs): ProcessedCdr[] {
    let works = events.map((event) => this.#begin(unit, event, switches, made))
    if (looksBack(switches)) works = [...new Map(works.map((work) => [cdrKey(work.cdr), work])).values()]
    if (switches.isRefunded) works = works.map((work) => this.#refund(unit, work))
    if (switches.isRated) works = works.flatMap((work) => this.#rate(unit, work, switches, made))
    return works.map((work) => ({ ...work, cdr: this.#keep(unit, work, switches) }))
  }

  /** Whether the CDR of a run was made, as far back as duplicates are refused. */
  isMade(unit: Unit, run: CdrRun): boolean {
    return this.#markKey(cdrKey(run)).looked.some((place) => unit.get(cdrMarkKind, place) === true)
  }

  /** Keeps what a session's run has paid, as `made` gives it, until its CDR comes. False: there is a cost already, which stays. */
  keepSessionCost(unit: Unit, cost: SessionCost, made: () => SessionCost = () => cost): boolean {
    const kept = keepSessionCost(unit, cost, made)
    if (kept === undefined) return false
    if (this.#defaults.tellsSessionCosts) {
      const { details, cgrId, runId, originHost, originId, costSource, usage } = kept
      const event = cdrOf({}, '', this.#defaults, this.#now())
      const paid = { cgrId, runId, originHost, originId, costSource, usage, costDetails: details }
      const cdr: Cdr = { ...event, ...paid, cost: this.#charging.total(details), isSessionCost: true }
      unit.put(outboxKind, this.#newId(cdrKey(kept)), { ...cdr, unstored: true, exportTo: [] })
    }
    return true
  }

  /** From now on the CDR of that run is made. */
  mark(unit: Unit, run: CdrRun): void {
    unit.put(cdrMarkKind, this.#markKey(cdrKey(run)).written, true)
  }

  #begin(
    unit: Unit,
    { event, tenant, apiOpts, details }: CdrEvent,
    switches: Steps,
    before: MadeCdrs | undefined,
  ): Work {
    const { isStored, isRefunded, isRerated, toThresholds, toStats } = switches
    const read = cdrOf(event, tenant, { ...this.#defaults, isStored }, this.#now())
    const cdr: Cdr = { ...read, notice: { apiOpts, toThresholds, toStats } }
    const isMarked = this.isMade(unit, cdr)
    if (isMarked && !looksBack(switches)) throw new SessionRefused('EXISTS')
    this.mark(unit, cdr)
    if (cdr.requestType === '*directdebit' && (fieldText(event, 'Cost') === '' || cdr.cost.isNegative))
      throw new SessionRefused('MANDATORY_IE_MISSING: [Cost]')
    const made = looksBack(switches) ? before?.of(cdr) : undefined
    if (made !== undefined && made.tenant !== cdr.tenant) throw new SessionRefused('EXISTS')
    if (made === undefined && details !== undefined) refuseOthers(details, cdr.tenant)
    if (isRefunded && made === undefined && details === undefined) throw new SessionRefused('PARTIALLY_EXECUTED')
    const paid = made === undefined ? details : made.costDetails
    const isDropped = isRerated && !isRefunded
    return {
      event,
      cdr: { ...cdr, costDetails: isDropped ? undefined : paid },
      made,
      isNew: made === undefined && !isMarked,
      details: isDropped ? undefined : paid,
      isRated: false,
      isRefunded: false,
    }
  }

  /** Gives back what the event, or its CDR, has cost. Reference 05, 9.1.5. */
  #refund(unit: Unit, work: Work): Work {
    const { cdr, made, details } = work
    if (details === undefined || !DEBITED.has((made ?? cdr).requestType)) return work
    this.#charging.refund(unit, cdr, details)
    const unpaid = { ...cdr, cost: cdr.requestType === '*directdebit' ? cdr.cost : NOT_RATED, costDetails: undefined }
    return { ...work, cdr: { ...unpaid, costSource: '' }, details: undefined, isRefunded: true }
  }

  /** Reference 05, 9.4.1 to 9.4.3. */
  #rate(unit: Unit, work: Work, { isRefunded, isRerated }: Steps, made?: MadeCdrs): Work[] {
    const { cdr } = work
    if (cdr.requestType === '*none') return [work]
    const rated = { ...work, isRated: true, cdr: { ...cdr, extraInfo: '' } }
    if (!DEBITED.has(cdr.requestType)) return [{ ...rated, cdr: this.#charge(unit, rated.cdr) }]
    const { details } = work
    if (details !== undefined && cdr.usage <= eventCostUsage(details)) {
      return [{ ...rated, cdr: { ...rated.cdr, cost: this.#charging.total(details), costDetails: details } }]
    }
    const { isNew } = work
    if (!isNew && !isRerated && !isRefunded) throw new SessionRefused('EXISTS')
    if (details !== undefined) this.#charging.refund(unit, cdr, details)
    else if (isNew && !isRerated && PAID_BY_SESSIONS.has(cdr.requestType)) {
      const costs = this.#sessionCosts(unit, work, made)
      if (costs.length > 0) return costs.map((cost, i) => this.#ofSessionCost(unit, rated, cost, i > 0))
    }
    return [{ ...rated, cdr: this.#charge(unit, rated.cdr) }]
  }

  /** Costs that sessions have left for a CDR. Reference 05, 9.5. */
  #sessionCosts(unit: Unit, { cdr, event }: Work, made: MadeCdrs | undefined): SessionCost[] {
    if (cdr.usage === 0n && event['LastUsed'] === undefined) return []
    const begin = cdr.extraFields['OriginIDPrefix'] ?? ''
    if (begin === '' || made === undefined) {
      const cost = sessionCostOf(unit, cdr)
      return cost === undefined || cost.originHost !== cdr.originHost ? [] : [cost]
    }
    return made
      .costRuns(originPrefix(cdr.runId, cdr.originHost, begin))
      .map((run) => sessionCostOf(unit, run))
      .filter((cost) => cost !== undefined)
  }

  /** isOwn: one of several costs, whose CDR is told from the first by its own session. */
  #ofSessionCost(unit: Unit, work: Work, cost: SessionCost, isOwn: boolean): Work {
    const { costSource, details, originId } = cost
    const named = { ...work.cdr, originId, cgrId: isOwn ? cost.cgrId : work.cdr.cgrId }
    if (isOwn && this.isMade(unit, named)) throw new SessionRefused('EXISTS')
    const cdr = { ...named, usage: named.usage === 0n ? cost.usage : named.usage }
    if (cdr.usage === cost.usage) {
      return { ...work, cdr: { ...cdr, cost: this.#charging.total(details), costDetails: details, costSource } }
    }
    refuseOthers(details, cdr.tenant)
    this.#charging.refund(unit, cdr, details)
    dropSessionCost(unit, cost)
    const charged = this.#charge(unit, cdr)
    return { ...work, cdr: charged.costDetails === undefined ? charged : { ...charged, costSource: 'CDRs' } }
  }

  /** Reference 05, 9.1.7 and 9.1.8. */
  #keep(unit: Unit, work: Work, { isStored, isExported, isRerated }: Steps): Cdr {
    const { made } = work
    const { unstored: _, ...cdr }: Cdr = isExported ? work.cdr : { ...work.cdr, exportTo: [] }
    if (isRerated || (made !== undefined && work.isRefunded)) return this.#write(unit, { ...cdr, replaces: true })
    if (isStored && made !== undefined) throw new SessionRefused('EXISTS')
    if (isStored) return this.#write(unit, cdr)
    const unstored: Cdr = { ...cdr, unstored: true }
    if (isExported || made === undefined) return this.#write(unit, unstored)
    return unstored
  }

  #write(unit: Unit, cdr: Cdr): Cdr {
    this.mark(unit, cdr)
    unit.put(outboxKind, this.#newId(cdrKey(cdr)), cdr)
    return cdr
  }

  /** A rating error is no failure: the CDR keeps its text and Cost -1. Reference 05, 9.4. */
  #charge(unit: Unit, cdr: Cdr): Cdr {
    const usage = cdr.usage < 0n ? 0n : cdr.usage
    const descriptor = descriptorOf(cdr, usage)
    try {
      const callCost = this.#costOf(unit, cdr, descriptor, usage)
      const details = eventCostOf(callCost, cdr.cgrId, cdr.runId)
      return { ...cdr, usage, cost: callCost.cost, costDetails: details, costSource: '*cdrs', extraInfo: '' }
    } catch (cause) {
      if (!(cause instanceof SessionRefused)) throw cause
      return { ...cdr, usage, cost: NOT_RATED, costDetails: undefined, extraInfo: cause.message }
    }
  }

  #costOf(unit: Unit, { requestType, cost }: Cdr, descriptor: Descriptor, usage: bigint): CallCost {
    if (requestType === '*directdebit')
      return unit.attempt(() => this.#charging.directDebit(unit, descriptor, usage, cost))
    if (!DEBITED.has(requestType)) return this.#charging.rate(descriptor, usage)
    return withAccount(unit, { requestType, ...descriptor }, this.#makeAccount, () =>
      unit.attempt(() => this.#charging.debit(unit, descriptor, usage, true)),
    )
  }
}

/** What clients say was paid gives nothing to accounts of other tenants. Throws SessionRefused. */
function refuseOthers(details: EventCost, tenant: string): void {
  const isOwn = creditsOfEventCost(details).every(({ accountId }) => accountId.startsWith(`${tenant}:`))
  if (!isOwn) throw new SessionRefused('PARTIALLY_EXECUTED')
}

function descriptorOf(cdr: Cdr, usage: bigint): Descriptor {
  return {
    tenant: cdr.tenant,
    category: cdr.category,
    account: cdr.account,
    subject: cdr.subject,
    destination: cdr.destination,
    toR: cdr.toR,
    balanceFactorId: cdr.extraFields['BalanceFactorID'] ?? '',
    timeStart: isZeroTime(cdr.answerTime) ? cdr.setupTime : cdr.answerTime,
    loopIndex: 0,
    durationIndex: usage,
    maxCostSoFar: Decimal.ZERO,
    forceDuration: false,
    run: { cgrId: cdr.cgrId, runId: cdr.runId },
  }
}
