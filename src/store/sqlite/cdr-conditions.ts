import {
  CDR_TEXT_FIELDS,
  type CdrMatch,
  type CdrOrder,
  type CdrQuery,
  type CdrRange,
  type CdrTextField,
} from '../cdr-store.ts'

type Parameter = string | number | bigint
type Condition = { sql: string; values: readonly Parameter[] }

const inRecord = (path: string) => `json_extract(record, '$.${path}')`
const whole = (path: string) => `CAST(${inRecord(path)} AS INTEGER)`

const COLUMNS: Readonly<Record<CdrTextField, string>> = {
  cgrId: 'cgrid',
  runId: 'run_id',
  originId: 'origin_id',
  originHost: inRecord('originHost'),
  source: inRecord('source'),
  toR: 'tor',
  requestType: 'request_type',
  tenant: 'tenant',
  category: inRecord('category'),
  account: 'account',
  subject: inRecord('subject'),
}
const DESTINATION = inRecord('destination')
const SETUP = whole('setupTime[0]')
const USAGE = whole('usage')
/** A CDR's id begins with the microsecond in which it was made. */
const CREATED = 'CAST(substr(id, 1, 16) AS INTEGER) * 1000'

const ORDERS: Readonly<Record<CdrOrder, string>> = {
  OrderID: 'order_id',
  AnswerTime: 'answer_ns',
  SetupTime: SETUP,
  Usage: USAGE,
  Cost: 'CAST(cost AS REAL)',
}

/** The WHERE, ORDER BY and LIMIT of a query. `decimal_compare` is a function of the table. */
export function conditionsOf(query: CdrQuery): { where: string; rest: string; values: Parameter[]; page: Parameter[] } {
  const conditions = [
    ...matches(query.is ?? {}),
    ...matches(query.isNot ?? {}).map(({ sql, values }): Condition => ({ sql: `NOT (${sql})`, values })),
    ...range(SETUP, query.setup),
    ...range('answer_ns', query.answer),
    ...range(CREATED, query.created),
    ...range(USAGE, query.usage),
    ...range('order_id', query.orderId),
    ...costRange(query.cost),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
  const direction = query.isDescending === true ? ' DESC' : ''
  return {
    where,
    rest: `ORDER BY ${ORDERS[query.orderBy ?? 'OrderID']}${direction}, order_id${direction} LIMIT ? OFFSET ?`,
    values: conditions.flatMap(({ values }) => values),
    page: [query.limit ?? -1, query.offset ?? 0],
  }
}

function matches({ destinationPrefixes, costs, extraFields, ...texts }: CdrMatch): Condition[] {
  const conditions: Condition[] = []
  for (const field of CDR_TEXT_FIELDS) {
    const wanted = texts[field]
    if (wanted === undefined || wanted.length === 0) continue
    conditions.push({ sql: `${COLUMNS[field]} IN (${wanted.map(() => '?').join(', ')})`, values: wanted })
  }
  if (destinationPrefixes !== undefined && destinationPrefixes.length > 0)
    conditions.push({
      sql: `(${destinationPrefixes.map(() => `substr(${DESTINATION}, 1, length(?)) = ?`).join(' OR ')})`,
      values: destinationPrefixes.flatMap((prefix) => [prefix, prefix]),
    })
  if (costs !== undefined && costs.length > 0)
    conditions.push({
      sql: `(${costs.map(() => 'decimal_compare(cost, ?) = 0').join(' OR ')})`,
      values: costs,
    })
  for (const [name, value] of Object.entries(extraFields ?? {})) {
    const any = value === '*exists'
    conditions.push({
      sql: `EXISTS (SELECT 1 FROM json_each(record, '$.extraFields') WHERE key = ?${any ? '' : ' AND value = ?'})`,
      values: any ? [name] : [name, value],
    })
  }
  return conditions
}

function range(column: string, { from, until }: CdrRange<bigint | number> = {}): Condition[] {
  const conditions: Condition[] = []
  if (from !== undefined) conditions.push({ sql: `${column} >= ?`, values: [from] })
  if (until !== undefined) conditions.push({ sql: `${column} < ?`, values: [until] })
  return conditions
}

function costRange({ from, until }: CdrRange<string> = {}): Condition[] {
  const conditions: Condition[] = []
  if (from !== undefined) conditions.push({ sql: 'decimal_compare(cost, ?) >= 0', values: [from] })
  if (until !== undefined) conditions.push({ sql: 'decimal_compare(cost, ?) < 0', values: [until] })
  return conditions
}
