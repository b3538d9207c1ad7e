import { formatTime } from '../../core/time.ts'
import type { CdrTextField } from '../cdr-store.ts'
import { CDR_TEXT_COLUMNS } from '../sql/cdr-columns.ts'
import { type CdrLayout, places } from '../sql/cdr-conditions.ts'
import type { SqlDialect } from '../sql/sql-dialect.ts'

const column = (field: CdrTextField) => CDR_TEXT_COLUMNS[field]
const timestamp = (ns: bigint) => formatTime({ ns: ns - mod(ns, 1_000n), zone: 'UTC' })

const layout: CdrLayout = {
  orders: {
    OrderID: 'id',
    AnswerTime: `COALESCE(answer_time, '-infinity')`,
    SetupTime: 'setup_time',
    Usage: 'usage',
    Cost: 'COALESCE(cost, -1)',
  },
  orderId: 'id',
  setup: 'setup_time',
  answer: 'answer_time',
  created: 'created_at',
  usage: 'usage',
  noLimit: null,
  time: timestamp,
  createdTime: timestamp,
  textIn: (field, texts) => ({ sql: `${column(field)} IN (${places(texts.length)})`, values: texts }),
  destinationBegins: (prefix) => ({
    sql: 'left(destination, length(?::text)) = ?::text',
    values: [prefix, prefix],
  }),
  cost: (operator, decimal) => ({ sql: `COALESCE(cost, -1) ${operator} ?::numeric`, values: [decimal] }),
  extraField: (name, value) =>
    value === undefined
      ? { sql: 'extra_fields -> ?::text IS NOT NULL', values: [name] }
      : { sql: `COALESCE(extra_fields ->> ?::text = ?::text, false)`, values: [name, value] },
}

/** PostgreSQL. Times of events and of rows are instants there. Reference 10, A9. */
export const postgresDialect: SqlDialect = {
  types: {
    number: 'SERIAL PRIMARY KEY',
    datetime: 'TIMESTAMP WITH TIME ZONE',
    moment: 'TIMESTAMP WITH TIME ZONE',
    json: 'JSONB',
    largeJson: 'JSONB',
    cost: 'NUMERIC(30,10)',
    text: 'TEXT',
    'plan key': `VARCHAR(128) NOT NULL DEFAULT ''`,
    'plan text': `TEXT NOT NULL DEFAULT ''`,
    'plan decimal': 'NUMERIC NOT NULL DEFAULT 0',
    'plan integer': 'INTEGER NOT NULL DEFAULT 0',
    'plan boolean': 'BOOLEAN NOT NULL DEFAULT FALSE',
  },
  tableOptions: '',
  columnsQuery: `
    SELECT table_name, column_name, data_type, character_maximum_length, numeric_scale, datetime_precision,
      CASE WHEN is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' THEN '1' ELSE '0' END, ''
    FROM information_schema.columns WHERE table_schema = current_schema()`,
  cdrs: layout,
  keepsZeros: false,
  quoted: (name) => `"${name}"`,
  exact: (expression) => `(${expression}) COLLATE "C"`,
  joined: (expressions) => expressions.join(` || ':' || `),
  contains: (expression) => `position(?::text IN ${expression}) > 0`,
  text: (name) => `${name}::text`,
  timeText: microseconds,
  timeOf: (text) => (text === null ? undefined : BigInt(text) * 1_000n),
  time: timestamp,
  writtenAt: microseconds,
  written: (us) => timestamp(us * 1_000n),
}

function microseconds(name: string): string {
  return `(extract(epoch FROM ${name}) * 1000000)::bigint`
}

function mod(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by
}
