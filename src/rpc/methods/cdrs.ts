import type { Cdr } from '../../cdrs/cdr.ts'
import type { CdrQuery } from '../../store/cdr-store.ts'
import { type Method, method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { integer, list, pointer, struct, text } from '../shape.ts'
import { cdrShape, cdrWire } from '../shapes/cdr.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of CDRs ask of the engine. */
export interface CdrServices {
  findCdrs(query: CdrQuery): Promise<{ orderId: number; cdr: Cdr }[]>
}

/** CDRs that were made. Reference 01, 9.3; 05. */
export function cdrMethods(services: CdrServices, defaults: RpcDefaults): Method[] {
  return [
    method('CDRsV1.GetCDRs', {
      summary: 'CDRs in the order in which they were stored. Errors: SERVER_ERROR: NOT_FOUND.',
      params: struct('utils.RPCCDRsFilterWithAPIOpts', {
        CGRIDs: list(text),
        RunIDs: list(text),
        OriginIDs: list(text),
        ToRs: list(text),
        RequestTypes: list(text),
        Tenants: list(text),
        Accounts: list(text),
        Limit: pointer(integer),
        Offset: pointer(integer),
      }),
      reply: list(cdrShape),
      async run(filter) {
        const found = await services.findCdrs({
          cgrIds: filter.CGRIDs,
          runIds: filter.RunIDs,
          originIds: filter.OriginIDs,
          toRs: filter.ToRs,
          requestTypes: filter.RequestTypes,
          tenants: filter.Tenants,
          accounts: filter.Accounts,
          limit: filter.Limit ?? undefined,
          offset: filter.Offset ?? undefined,
        })
        if (found.length === 0) throw new RpcError('SERVER_ERROR: NOT_FOUND')
        return found.map(({ orderId, cdr }) => cdrWire(orderId, cdr, defaults.roundingDecimals))
      },
    }),
  ]
}
