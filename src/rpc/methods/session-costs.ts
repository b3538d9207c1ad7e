import type { SessionCost } from '../../cdrs/session-cost.ts'
import type { EventCost } from '../../rating/event-cost.ts'
import { eventCostOfWire } from '../../rating/event-cost-reader.ts'
import type { ChargedAccount } from '../../services/charging.ts'
import type { Records, Unit } from '../../store/unit-of-work.ts'
import { type Method, method, OK } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, duration, map, pointer, struct, text, type ValueOf } from '../shape.ts'
import { eventCostShape } from '../shapes/event-cost.ts'

/** What the methods of session costs ask of the engine. */
export interface SessionCostServices {
  records: Pick<Records, 'run'>
  /** Keeps a cost; false: there is one already. */
  keepSessionCost(unit: Unit, cost: SessionCost, made: () => SessionCost): boolean
  responder: { round(unit: Unit, owner: ChargedAccount, cost: EventCost): EventCost }
}

const storeShape = struct('engine.AttrCDRSStoreSMCost', {
  Cost: pointer(
    struct('engine.SMCost', {
      CGRID: text,
      RunID: text,
      OriginHost: text,
      OriginID: text,
      CostSource: text,
      Usage: duration,
      CostDetails: pointer(eventCostShape),
    }),
  ),
  CheckDuplicate: boolean,
  APIOpts: map(any),
  Tenant: text,
})

/** Costs that sessions leave for CDRs which come over another way. Reference 05, 6.17 and 9.2. */
export function sessionCostMethods(services: SessionCostServices): Method[] {
  const store = (name: string, summary: string, made: (unit: Unit, cost: SessionCost) => SessionCost) =>
    method(name, {
      summary,
      params: storeShape,
      reply: OK,
      run: (argument) =>
        services.records.run((unit) => {
          const cost = costOf(argument)
          if (!services.keepSessionCost(unit, cost, () => made(unit, cost)) && argument.CheckDuplicate)
            throw new RpcError('SERVER_ERROR: EXISTS')
          return 'OK'
        }),
    })
  const about = 'Keeps what a session has paid until its CDR comes. Errors: SERVER_ERROR: EXISTS with CheckDuplicate.'
  return [
    store('CDRsV1.StoreSessionCost', about, (_, cost) => cost),
    store(
      'CDRsV2.StoreSessionCost',
      `Rounds the cost as its tariff says; else as that of CDRsV1. ${about}`,
      (unit, cost) => {
        const details = services.responder.round(unit, ownerOf(cost.details), cost.details)
        return { ...cost, details }
      },
    ),
  ]
}

function costOf({ Cost: cost }: ValueOf<typeof storeShape>): SessionCost {
  if (cost === null || cost.CGRID === '') throw new RpcError('mandatory information missing: CGRID')
  const { CostDetails: details } = cost
  if (details === null) throw new RpcError('mandatory information missing: CostDetails')
  return {
    cgrId: cost.CGRID,
    runId: cost.RunID,
    originHost: cost.OriginHost,
    originId: cost.OriginID,
    costSource: cost.CostSource,
    usage: cost.Usage,
    details: eventCostOfWire(details),
  }
}

/** Whose account has paid. */
function ownerOf({ accountSummary }: EventCost): ChargedAccount {
  const event = { category: '', destination: '', toR: '' }
  return { tenant: accountSummary?.tenant ?? '', account: accountSummary?.accountId ?? '', ...event }
}
