import type { Method } from '../method.ts'
import { RpcError } from '../rpc-error.ts'

/** What methods ask that need another service. */
export interface ConnectedServices {
  /** Whether the methods of a service answer now. */
  serves(service: string): boolean
}

/** Methods of APIerS that ask RALs. Reference 01, 9.6. */
const ASK_RALS = new Set(
  ['GetCost', 'GetDataCost', 'GetAccountCost', 'GetMaxUsage', 'DebitUsage', 'DebitUsageWithOptions'].map(
    (name) => `APIerSv1.${name}`,
  ),
)

/** The methods, of which those that need RALs answer NOT_CONNECTED while it is off. */
export function whenConnected(methods: readonly Method[], services: ConnectedServices): Method[] {
  return methods.map((each) => {
    if (!ASK_RALS.has(each.name)) return each
    const { run } = each
    return {
      ...each,
      run(argument, caller) {
        if (!services.serves('RALsV1')) throw new RpcError('NOT_CONNECTED: RALs')
        return run(argument, caller)
      },
    }
  })
}
