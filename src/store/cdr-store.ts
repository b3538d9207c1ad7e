/** A CDR as SQLite keeps it: columns to filter by, and the whole record as text. */
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
  /** Takes the place of the CDR of the same session and run, and its order id. */
  replaces: boolean
}

/** Fields of a CDR that are compared as text. */
export const CDR_TEXT_FIELDS = [
  'cgrId',
  'runId',
  'originId',
  'originHost',
  'source',
  'toR',
  'requestType',
  'tenant',
  'category',
  'account',
  'subject',
] as const
export type CdrTextField = (typeof CDR_TEXT_FIELDS)[number]

export const CDR_ORDERS = ['OrderID', 'AnswerTime', 'SetupTime', 'Usage', 'Cost'] as const
export type CdrOrder = (typeof CDR_ORDERS)[number]

/** from is inclusive, until exclusive; undefined: no bound. */
export type CdrRange<T> = { from?: T | undefined; until?: T | undefined }

/** What a query lets pass, or keeps out. Values of one list are alternatives; an empty or absent one says nothing. */
export type CdrMatch = Partial<Record<CdrTextField, readonly string[]>> & {
  destinationPrefixes?: readonly string[]
  /** Exact decimals. */
  costs?: readonly string[]
  /** Values by name; `*exists`: any value. All must hold. */
  extraFields?: Readonly<Record<string, string>>
}

/** All parts hold. Times are ns since the epoch. Reference 05, 9.7. */
export type CdrQuery = {
  is?: CdrMatch
  isNot?: CdrMatch
  setup?: CdrRange<bigint>
  answer?: CdrRange<bigint>
  created?: CdrRange<bigint>
  usage?: CdrRange<bigint>
  orderId?: CdrRange<number>
  /** Exact decimals. */
  cost?: CdrRange<string>
  orderBy?: CdrOrder
  isDescending?: boolean
  limit?: number | undefined
  offset?: number | undefined
}

export type FoundCdr = { orderId: number; record: string }

/** Where CDRs lie for queries: rows of one kind go in, of another come out. What waits for a disk does not hold up the event loop. */
export interface CdrStore<Row, Found> {
  /** Stores a batch whole or not at all; it is on disk when this resolves. Rejects with StoreFailure. */
  write(rows: readonly Row[]): Promise<void>
  /** CDRs in the order that is asked for, else that in which they were stored. Rejects with StoreFailure. */
  find(query: CdrQuery): Promise<Found[]>
  /** Deletes CDRs for good; how many. Rejects with StoreFailure. */
  remove(query: CdrQuery): Promise<number>
  close(): Promise<void>
}
