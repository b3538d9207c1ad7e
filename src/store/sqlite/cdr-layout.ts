import type { CdrTextField } from '../cdr-store.ts'
import { type CdrLayout, places } from '../sql/cdr-conditions.ts'

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
const SETUP = whole('setupTime[0]')
const USAGE = whole('usage')

/** CDRs in SQLite: some columns, the rest in the JSON text of the record. `decimal_compare` is a function of the table. */
export const sqliteLayout: CdrLayout = {
  orders: {
    OrderID: 'order_id',
    AnswerTime: 'answer_ns',
    SetupTime: SETUP,
    Usage: USAGE,
    Cost: 'CAST(cost AS REAL)',
  },
  orderId: 'order_id',
  setup: SETUP,
  // A CDR that was never answered has no answer time that could lie in a range.
  answer: 'nullif(answer_ns, 0)',
  // A CDR's id begins with the microsecond in which it was made.
  created: 'CAST(substr(id, 1, 16) AS INTEGER) * 1000',
  usage: USAGE,
  noLimit: -1,
  time: (ns) => ns,
  createdTime: (ns) => ns,
  textIn: (field, texts) => ({ sql: `${COLUMNS[field]} IN (${places(texts.length)})`, values: texts }),
  destinationBegins: (prefix) => ({
    sql: `substr(${inRecord('destination')}, 1, length(?)) = ?`,
    values: [prefix, prefix],
  }),
  cost: (operator, decimal) => ({ sql: `decimal_compare(cost, ?) ${operator} 0`, values: [decimal] }),
  extraField: (name, value) => ({
    sql: `EXISTS (SELECT 1 FROM json_each(record, '$.extraFields') WHERE key = ?${value === undefined ? '' : ' AND value = ?'})`,
    values: value === undefined ? [name] : [name, value],
  }),
}
