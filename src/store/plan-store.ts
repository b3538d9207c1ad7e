/**
 * Columns of a table of tariff plans hold texts; integers and flags are such in the database (flags 0 and 1) and texts here
 * (`true`, `false`). Amounts are exact decimal text there too.
 */
export type PlanColumnType = 'text' | 'decimal' | 'integer' | 'boolean'

/** A table of tariff plans. The columns that name the object come first; `tpid` stands before them, an id and `created_at` around. */
export type PlanTable = {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly is: PlanColumnType }[]
  /** How many columns name the object. */
  readonly keys: number
}

/** The cells of a row in the order of the columns of its table. */
export type PlanCells = readonly string[]

/** What happens to a table: the objects of these keys go, rows come. */
export type PlanChange = {
  readonly table: string
  readonly removed: readonly PlanCells[]
  readonly added: readonly PlanCells[]
}

/** Some of the ids of a table: `columns` joined by a colon. */
export type PlanIdQuery = {
  readonly table: string
  readonly columns: readonly string[]
  /** Part of the id; '' is in all. */
  readonly search: string
  readonly limit: number | undefined
  readonly offset: number
}

/** Where tariff plans are kept beside the one in force: rows of tables, by the id of their plan. All reject with StoreFailure. */
export interface PlanStore {
  /** Ids of the plans that have rows, sorted. */
  planIds(): Promise<string[]>
  /** Ids of objects, sorted. */
  objectIds(planId: string, query: PlanIdQuery): Promise<string[]>
  /** Rows in which the named columns have these values, in the order in which they were stored. */
  rows(planId: string, table: string, where: Readonly<Record<string, string>>): Promise<PlanCells[]>
  /** All rows of a plan by table, as they were at one moment. */
  plan(planId: string): Promise<ReadonlyMap<string, PlanCells[]>>
  /** All of it, or nothing; on disk when it resolves. isCleared: everything else of the plan goes before. */
  change(planId: string, changes: readonly PlanChange[], isCleared?: boolean): Promise<void>
  close(): Promise<void>
}
