import { instantOf, isZeroTime, wallClock, ZERO_TIME } from '../../core/time.ts'
import type { CdrTextField } from '../cdr-store.ts'
import { CDR_TEXT_COLUMNS } from '../sql/cdr-columns.ts'
import { type CdrLayout, places } from '../sql/cdr-conditions.ts'
import type { SqlDialect } from '../sql/sql-dialect.ts'

const NO_TIME = '0000-00-00 00:00:00'
const DATETIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/
const MOST_ROWS = '18446744073709551615'

/**
 * MySQL and MariaDB. Times of events are those of the clock on the wall of a zone, as CGRateS writes them; times of rows are UTC,
 * which is the zone of the connections. Texts are compared by their octets, whatever the collation of a table. Reference 10, A9.
 */
export function mysqlDialect(zone: string): SqlDialect {
  return {
    types: {
      number: 'INT NOT NULL AUTO_INCREMENT PRIMARY KEY',
      datetime: 'DATETIME(6)',
      moment: 'TIMESTAMP(6) NULL DEFAULT NULL',
      json: 'TEXT',
      largeJson: 'MEDIUMTEXT',
      cost: 'DECIMAL(30,10)',
      text: 'TEXT',
      'plan key': `VARCHAR(128) NOT NULL DEFAULT ''`,
      'plan text': 'TEXT',
      'plan decimal': 'DECIMAL(40,20) NOT NULL DEFAULT 0',
      'plan integer': 'INT NOT NULL DEFAULT 0',
      'plan boolean': 'BOOLEAN NOT NULL DEFAULT FALSE',
    },
    tableOptions: ' ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
    columnsQuery: `
      SELECT table_name, column_name, data_type, character_maximum_length, numeric_scale, datetime_precision,
        CASE WHEN is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%' THEN '1' ELSE '0' END,
        character_set_name
      FROM information_schema.columns WHERE table_schema = DATABASE()`,
    cdrs: layoutOf(zone),
    keepsZeros: true,
    quoted,
    exact,
    joined: (expressions) =>
      expressions.length === 1 ? String(expressions[0]) : `CONCAT_WS(':', ${expressions.join(', ')})`,
    contains: (expression) => `LOCATE(CAST(? AS BINARY), ${exact(expression)}) > 0`,
    text: (name) => name,
    timeText: (name) => `CAST(${name} AS CHAR)`,
    timeOf: (text) => (text === null ? undefined : instantOfText(text, zone)),
    time: (ns, digits) => wallText(ns, zone, digits),
    writtenAt: (name) => `CAST(UNIX_TIMESTAMP(${name}) * 1000000 AS SIGNED)`,
    written: (us) => wallText(us * 1_000n, 'UTC', 6),
  }
}

function layoutOf(zone: string): CdrLayout {
  return {
    orders: {
      OrderID: 'id',
      AnswerTime: 'answer_time',
      SetupTime: 'setup_time',
      Usage: '`usage`',
      Cost: 'cost',
    },
    orderId: 'id',
    setup: 'setup_time',
    answer: 'answer_time',
    created: 'created_at',
    usage: '`usage`',
    noLimit: MOST_ROWS,
    time: (ns) => wallText(ns, zone, 6),
    createdTime: (ns) => wallText(ns, 'UTC', 6),
    textIn: (field, texts) => {
      const name = column(field)
      const list = places(texts.length)
      // The first half may use an index, the second one tells letters apart.
      return { sql: `(${name} IN (${list}) AND ${exact(name)} IN (${list}))`, values: [...texts, ...texts] }
    },
    destinationBegins: (prefix) => ({
      sql: 'LEFT(CAST(destination AS BINARY), LENGTH(?)) = CAST(? AS BINARY)',
      values: [prefix, prefix],
    }),
    cost: (operator, decimal) => ({ sql: `cost ${operator} CAST(? AS DECIMAL(65,30))`, values: [decimal] }),
    extraField: (name, value) => {
      const path = `$.${JSON.stringify(name)}`
      // What CGRateS writes has escapes for signs that need none: the text is compared, not the JSON.
      return value === undefined
        ? { sql: `COALESCE(JSON_CONTAINS_PATH(extra_fields, 'one', ?), 0)`, values: [path] }
        : {
            sql: `COALESCE(${exact('JSON_UNQUOTE(JSON_EXTRACT(extra_fields, ?))')} = CAST(? AS BINARY), 0)`,
            values: [path, value],
          }
    },
  }
}

const column = (field: CdrTextField) => CDR_TEXT_COLUMNS[field]

function quoted(name: string): string {
  return `\`${name}\``
}

function exact(expression: string): string {
  return `CAST(${expression} AS BINARY)`
}

/** `2026-01-07 17:00:00.000000` by the clock of the zone, without the digits that a column does not keep. */
function wallText(ns: bigint, zone: string, digits: number): string {
  const time = { ns, zone }
  if (isZeroTime(time)) return NO_TIME
  const { year, month, day, secondOfDay } = wallClock(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = [Math.floor(secondOfDay / 3600), Math.floor(secondOfDay / 60) % 60, secondOfDay % 60].map(two).join(':')
  const nanoseconds = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const fraction = digits === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').slice(0, digits)}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${clock}${fraction}`
}

function instantOfText(text: string, zone: string): bigint {
  const [, year, month, day, hour, minute, second, fraction = ''] = DATETIME.exec(text) ?? []
  if (year === undefined || year === '0000') return ZERO_TIME.ns
  const nanosecond = Number(fraction.padEnd(9, '0'))
  const fields = { year, month, day, hour, minute, second, nanosecond }
  return instantOf(numbers(fields), zone).ns
}

function numbers<K extends string>(fields: Readonly<Record<K, string | number | undefined>>): Record<K, number> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Number(value)])) as Record<K, number>
}
