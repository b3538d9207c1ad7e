/** A CDR as the query store keeps it: columns to filter by, and the whole record as text. */
export type CdrRow = {
  /** The CDR's own id: what comes again under it is the same CDR. */
  id: string
  cgrId: string
  runId: string
  tenant: string
  account: string
  originId: string
  requestType: string
  toR: string
  answerNs: bigint
  cost: string
  record: string
}

/** Values of one filter are alternatives, filters all hold; an empty or absent one lets everything pass. */
export type CdrQuery = {
  cgrIds?: readonly string[]
  runIds?: readonly string[]
  tenants?: readonly string[]
  accounts?: readonly string[]
  originIds?: readonly string[]
  requestTypes?: readonly string[]
  toRs?: readonly string[]
  limit?: number | undefined
  offset?: number | undefined
}

export type FoundCdr = { orderId: number; record: string }

/** Where CDRs lie for queries. Nothing of it runs on the event loop of the charging path. */
export interface CdrStore {
  /** Stores a batch whole or not at all; it is on disk when this resolves. Rejects with StoreFailure. */
  write(rows: readonly CdrRow[]): Promise<void>
  /** CDRs in the order in which they were stored. Rejects with StoreFailure. */
  find(query: CdrQuery): Promise<FoundCdr[]>
  close(): Promise<void>
}
