/** What arguments that are left out mean, and how amounts are shown. */
export type RpcDefaults = {
  /** general.default_tenant */
  tenant: string
  /** That of the program. */
  version: string
  /** general.node_id, or the random one of this start */
  nodeId: string
  /** general.default_category */
  category: string
  /** Zone of times that name none. */
  timeZone: string
  /** general.rounding_decimals */
  roundingDecimals: number
}
