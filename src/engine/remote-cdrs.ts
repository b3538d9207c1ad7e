import { type Cdr, type CdrDefaults, cdrOf } from '../cdrs/cdr.ts'
import type { CdrRun } from '../cdrs/made-cdrs.ts'
import type { CdrPipeline, SettledRun } from '../cdrs/pipeline.ts'
import type { SessionCdrs } from '../cdrs/session-cdrs.ts'
import type { SessionCost } from '../cdrs/session-cost.ts'
import type { ChargingEvent, EventFields, EventValue } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { formatTime, type ZonedTime } from '../core/time.ts'
import type { EventCost } from '../rating/event-cost.ts'
import { eventCostWire } from '../rating/event-cost-wire.ts'
import { SessionRefused } from '../services/errors.ts'
import type { Unit } from '../store/unit-of-work.ts'
import type { OutgoingCalls } from './outgoing-calls.ts'

export type RemoteCdrsParts = {
  calls: OutgoingCalls
  /** Marks CDRs as made. */
  marks: Pick<CdrPipeline, 'isMade' | 'mark'>
  defaults: CdrDefaults
  now: () => ZonedTime
  newId: () => string
  /** general.rounding_decimals */
  decimals: number
}

const USE = 'sessions.cdrs_conns'

/**
 * CDRs of sessions that another engine makes (`sessions.cdrs_conns`): the commit that ends a session has the call that sends them.
 * Reference 05, 7.6.
 */
export class RemoteCdrs implements SessionCdrs {
  readonly #parts: RemoteCdrsParts

  constructor(parts: RemoteCdrsParts) {
    this.#parts = parts
  }

  isMade(unit: Unit, run: CdrRun): boolean {
    return this.#parts.marks.isMade(unit, run)
  }

  ofRun(unit: Unit, { event, apiOpts, tenant, cost, usage, rateNow }: SettledRun): Cdr {
    const flags = ['*chargers:false', '*attributes:false', ...(rateNow ? ['*rals:true'] : [])]
    const paid = cost === undefined ? {} : this.#paid(cost)
    const cdr = this.#cdr(unit, event, tenant)
    const { newId } = this.#parts
    this.#send(unit, flags, { tenant, id: newId(), time: null, event: { ...event, Usage: usage, ...paid }, apiOpts })
    return { ...cdr, usage }
  }

  /** The other engine forks it. */
  ofEvent(unit: Unit, event: ChargingEvent): Cdr[] {
    const cdr = this.#cdr(unit, event.event, event.tenant)
    this.#send(unit, ['*rals'], event)
    return [cdr]
  }

  keepCost(
    unit: Unit,
    { usage, details, ...cost }: SessionCost,
    { tenant, apiOpts }: Pick<ChargingEvent, 'tenant' | 'apiOpts'>,
  ): void {
    this.#parts.calls.put(unit, USE, 'CDRsV1.StoreSessionCost', {
      Cost: {
        CGRID: cost.cgrId,
        RunID: cost.runId,
        OriginHost: cost.originHost,
        OriginID: cost.originId,
        CostSource: cost.costSource,
        Usage: usage,
        CostDetails: eventCostWire(details, this.#parts.decimals),
      },
      CheckDuplicate: true,
      APIOpts: apiOpts,
      Tenant: tenant,
    })
  }

  /** What stands for the CDR here. Throws SessionRefused('EXISTS'). */
  #cdr(unit: Unit, event: EventFields, tenant: string): Cdr {
    const { marks, defaults, now } = this.#parts
    const cdr = cdrOf(event, tenant, defaults, now())
    if (marks.isMade(unit, cdr)) throw new SessionRefused('EXISTS')
    marks.mark(unit, cdr)
    return cdr
  }

  #paid(cost: EventCost): EventFields {
    const wire = eventCostWire(cost, this.#parts.decimals)
    return {
      Cost: wire['Cost'] as EventValue,
      CostDetails: eventJson(wire as EventValue),
      CostSource: '*sessions',
    }
  }

  #send(unit: Unit, flags: readonly string[], { tenant, id, time, event, apiOpts }: ChargingEvent): void {
    this.#parts.calls.put(unit, USE, 'CDRsV1.ProcessEvent', {
      Flags: flags,
      Tenant: tenant,
      ID: id,
      Time: time === null ? null : formatTime({ ns: time, zone: 'UTC' }),
      Event: event,
      APIOpts: apiOpts,
    })
  }
}
