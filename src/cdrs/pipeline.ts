import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { isZeroTime, type ZonedTime } from '../core/time.ts'
import { type EventCost, eventCostOf } from '../rating/event-cost.ts'
import type { Charging, Descriptor } from '../services/charging.ts'
import { SessionRefused } from '../services/errors.ts'
import type { RecordKind, Unit } from '../store/unit-of-work.ts'
import { type Cdr, type CdrDefaults, type CdrSwitches, cdrKey, cdrOf, outboxKind } from './cdr.ts'

/** Marks a CDR as made, for as long as duplicates of it are refused. Reference 05, 9.1.3. */
export const cdrMarkKind: RecordKind<true> = {
  table: 'answer',
  isTransient: true,
  encode: () => 'true',
  decode: () => true,
}

/** Modes whose CDR takes money; the old names are those of earlier versions. Reference 05, 5 and 9.4. */
const DEBITED = new Set([
  '*prepaid',
  '*postpaid',
  '*pseudoprepaid',
  '*dynaprepaid',
  'prepaid',
  'postpaid',
  'pseudoprepaid',
])

/** What a session has found out about one run. */
export type SettledRun = {
  event: EventFields
  tenant: string
  cost: EventCost | undefined
  usage: bigint
  rateNow: boolean
}

/** Turns ended events into CDRs: rates what was not paid yet, refuses duplicates, writes the outbox. Reference 05, 9.1. */
export class CdrPipeline {
  readonly #charging: Charging
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
  ) {
    this.#charging = charging
    this.#defaults = defaults
    this.#now = now
    this.#markKey = markKey
    this.#newId = newId
  }

  /** Other defaults from the next event on. */
  configure(defaults: CdrDefaults): void {
    this.#defaults = defaults
  }

  /** The CDR of one run of an ended session. Throws SessionRefused('EXISTS') when it has been made before. */
  ofRun(unit: Unit, { event, tenant, cost, usage, rateNow }: SettledRun): Cdr {
    const cdr = { ...cdrOf(event, tenant, this.#defaults, this.#now()), usage }
    if (cost !== undefined) {
      return this.#keep(unit, { ...cdr, cost: this.#charging.total(cost), costDetails: cost, costSource: '*sessions' })
    }
    return this.#keep(unit, rateNow ? this.#rate(unit, cdr) : cdr)
  }

  /** The CDR of an event that no session has seen: rated and, where its mode wants it, debited here, unless `isRated` is false. */
  ofEvent(
    unit: Unit,
    event: EventFields,
    tenant: string,
    { isRated = true, isStored = this.#defaults.isStored }: Partial<CdrSwitches> = {},
  ): Cdr {
    const cdr = cdrOf(event, tenant, { ...this.#defaults, isStored }, this.#now())
    return this.#keep(unit, cdr.requestType === '*none' || !isRated ? cdr : this.#rate(unit, cdr))
  }

  /** Whether the CDR of a run was made, as far back as duplicates are refused. */
  isMade(unit: Unit, run: { cgrId: string; runId: string }): boolean {
    return this.#markKey(cdrKey(run)).looked.some((place) => unit.get(cdrMarkKind, place) === true)
  }

  #keep(unit: Unit, cdr: Cdr): Cdr {
    const key = cdrKey(cdr)
    if (this.isMade(unit, cdr)) throw new SessionRefused('EXISTS')
    unit.put(cdrMarkKind, this.#markKey(key).written, true)
    unit.put(outboxKind, this.#newId(key), cdr)
    return cdr
  }

  /** A rating error is no failure: the CDR keeps its text and Cost -1. Reference 05, 9.4. */
  #rate(unit: Unit, cdr: Cdr): Cdr {
    const usage = cdr.usage < 0n ? 0n : cdr.usage
    const descriptor = descriptorOf(cdr, usage)
    try {
      if (cdr.requestType === '*directdebit') throw new SessionRefused('NOT_IMPLEMENTED')
      const callCost = DEBITED.has(cdr.requestType)
        ? unit.attempt(() => this.#charging.debit(unit, descriptor, usage, true))
        : this.#charging.rate(descriptor, usage)
      const details = eventCostOf(callCost, cdr.cgrId, cdr.runId)
      return { ...cdr, usage, cost: callCost.cost, costDetails: details, costSource: '*cdrs', extraInfo: '' }
    } catch (cause) {
      if (!(cause instanceof SessionRefused)) throw cause
      return { ...cdr, usage, extraInfo: cause.message }
    }
  }
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
  }
}
