import {
  CDR_TEXT_FIELDS,
  type CdrMatch,
  type CdrOrder,
  type CdrQuery,
  type CdrRange,
  type CdrTextField,
} from '../cdr-store.ts'

export type Bound = string | number | bigint | null
export type Condition = { readonly sql: string; readonly values: readonly Bound[] }

/** How a store keeps CDRs: expressions of its columns, and conditions that servers write in their own ways. */
export interface CdrLayout {
  readonly orders: Readonly<Record<CdrOrder, string>>
  /** Where rows are numbered. */
  readonly orderId: string
  readonly setup: string
  readonly answer: string
  readonly created: string
  readonly usage: string
  /** A LIMIT that keeps nothing out. */
  readonly noLimit: Bound
  /** What is bound for a time, in ns since the epoch. */
  time(ns: bigint): Bound
  /** What is bound for the time at which a row was written. */
  createdTime(ns: bigint): Bound
  /** The text is one of these, letter by letter. */
  textIn(field: CdrTextField, texts: readonly string[]): Condition
  destinationBegins(prefix: string): Condition
  /** operator: `=`, `>=` or `<`. */
  cost(operator: string, decimal: string): Condition
  /** value undefined: the field is there. */
  extraField(name: string, value: string | undefined): Condition
}

/** The WHERE, ORDER BY and LIMIT of a query; `?` is the place of a value. */
export function conditionsOf(
  query: CdrQuery,
  layout: CdrLayout,
): { where: string; rest: string; values: Bound[]; page: Bound[] } {
  const conditions = [
    ...matches(query.is ?? {}, layout),
    ...matches(query.isNot ?? {}, layout).map(({ sql, values }): Condition => ({ sql: `NOT (${sql})`, values })),
    ...range(
      layout.setup,
      timesOf(query.setup, (ns) => layout.time(ns)),
    ),
    ...range(
      layout.answer,
      timesOf(query.answer, (ns) => layout.time(ns)),
    ),
    ...range(
      layout.created,
      timesOf(query.created, (ns) => layout.createdTime(ns)),
    ),
    ...range(layout.usage, query.usage),
    ...range(layout.orderId, query.orderId),
    ...costRange(query.cost, layout),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
  const direction = query.isDescending === true ? ' DESC' : ''
  const order = layout.orders[query.orderBy ?? 'OrderID']
  return {
    where,
    rest: `ORDER BY ${order}${direction}, ${layout.orderId}${direction} LIMIT ? OFFSET ?`,
    values: conditions.flatMap(({ values }) => values),
    page: [query.limit ?? layout.noLimit, query.offset ?? 0],
  }
}

function matches({ destinationPrefixes = [], costs = [], extraFields = {}, ...texts }: CdrMatch, layout: CdrLayout) {
  const conditions: Condition[] = []
  for (const field of CDR_TEXT_FIELDS) {
    const wanted = texts[field]
    if (wanted !== undefined && wanted.length > 0) conditions.push(layout.textIn(field, wanted))
  }
  conditions.push(...anyOf(destinationPrefixes.map((prefix) => layout.destinationBegins(prefix))))
  conditions.push(...anyOf(costs.map((cost) => layout.cost('=', cost))))
  for (const [name, value] of Object.entries(extraFields))
    conditions.push(layout.extraField(name, value === '*exists' ? undefined : value))
  return conditions
}

function anyOf(alternatives: readonly Condition[]): Condition[] {
  if (alternatives.length === 0) return []
  const sql = `(${alternatives.map((each) => each.sql).join(' OR ')})`
  return [{ sql, values: alternatives.flatMap(({ values }) => values) }]
}

function timesOf({ from, until }: CdrRange<bigint> = {}, bound: (ns: bigint) => Bound): CdrRange<Bound> {
  return { from: from === undefined ? from : bound(from), until: until === undefined ? until : bound(until) }
}

function range(column: string, { from, until }: CdrRange<Bound> = {}): Condition[] {
  const conditions: Condition[] = []
  if (from !== undefined) conditions.push({ sql: `${column} >= ?`, values: [from] })
  if (until !== undefined) conditions.push({ sql: `${column} < ?`, values: [until] })
  return conditions
}

function costRange({ from, until }: CdrRange<string> = {}, layout: CdrLayout): Condition[] {
  return [
    ...(from === undefined ? [] : [layout.cost('>=', from)]),
    ...(until === undefined ? [] : [layout.cost('<', until)]),
  ]
}

/** `?, ?, ?` */
export function places(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ')
}
