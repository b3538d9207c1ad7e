import type { LiveConfig } from '../config/live-config.ts'
import type { RpcDefaults } from '../rpc/methods/defaults.ts'

/** What arguments of methods that are left out mean, by the configuration in force at each call. timeZone: of times that name none. */
export function liveDefaults(version: string, config: LiveConfig, timeZone: () => string): RpcDefaults {
  const general = () => config.loaded.config.general
  return {
    version,
    get timeZone() {
      return timeZone()
    },
    get nodeId() {
      return general().node_id
    },
    get tenant() {
      return general().default_tenant
    },
    get category() {
      return general().default_category
    },
    get roundingDecimals() {
      return general().rounding_decimals
    },
  }
}
