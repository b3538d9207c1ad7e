import type { CdrTextField } from '../cdr-store.ts'
import type { SqlCells, SqlValue } from './sql-database.ts'
import type { ColumnKind, SqlDialect } from './sql-dialect.ts'
import type { SqlTable } from './sql-tables.ts'

/** A CDR by the columns of table `cdrs`. Reference 05, 8; 10, A9. */
export type CdrColumns = Readonly<Record<CdrTextField | 'destination' | 'costSource' | 'extraInfo', string>> & {
  /** ns since the epoch. */
  readonly setupNs: bigint
  /** undefined: it was never answered. */
  readonly answerNs: bigint | undefined
  /** ns for `*voice`, else plain units. */
  readonly usage: bigint
  /** JSON. */
  readonly extraFields: string
  /** JSON of an EventCost, `null` for none. */
  readonly costDetails: string
  /** An exact decimal. */
  readonly cost: string
}

/** A CDR to be stored. */
export type CdrToStore = CdrColumns & {
  /** When it was made, in microseconds since the epoch: no other CDR has the same. What comes again under it is the same CDR. */
  readonly madeUs: bigint
  /** Takes the place of the CDR of the same session and run, and its order id. */
  readonly replaces: boolean
}

export type FoundColumns = CdrColumns & { readonly orderId: number }

/** Columns of the fields that are compared as text. */
export const CDR_TEXT_COLUMNS: Readonly<Record<CdrTextField, string>> = {
  cgrId: 'cgrid',
  runId: 'run_id',
  originId: 'origin_id',
  originHost: 'origin_host',
  source: 'source',
  toR: 'tor',
  requestType: 'request_type',
  tenant: 'tenant',
  category: 'category',
  account: 'account',
  subject: 'subject',
}

type Column = {
  readonly name: string
  /** A type of all servers, or a kind. */
  readonly type: string | { readonly kind: ColumnKind; readonly isNull?: boolean }
  /** What it is read by. */
  read?(dialect: SqlDialect, quoted: string): string
  value(cdr: CdrToStore, dialect: SqlDialect, digits: number): SqlValue
}

const text = (name: string, length: number, value: (cdr: CdrToStore) => string): Column => ({
  name,
  type: `VARCHAR(${length})`,
  value,
})

/** Columns of `cdrs` but its number, in the order of CGRateS. */
export const CDR_COLUMNS: readonly Column[] = [
  text('cgrid', 40, ({ cgrId }) => cgrId),
  text('run_id', 64, ({ runId }) => runId),
  text('origin_host', 64, ({ originHost }) => originHost),
  text('source', 64, ({ source }) => source),
  text('origin_id', 128, ({ originId }) => originId),
  text('tor', 16, ({ toR }) => toR),
  text('request_type', 24, ({ requestType }) => requestType),
  text('tenant', 64, ({ tenant }) => tenant),
  text('category', 64, ({ category }) => category),
  text('account', 128, ({ account }) => account),
  text('subject', 128, ({ subject }) => subject),
  text('destination', 128, ({ destination }) => destination),
  {
    name: 'setup_time',
    type: { kind: 'datetime' },
    read: (dialect, name) => dialect.timeText(name),
    value: ({ setupNs }, dialect, digits) => dialect.time(setupNs, digits),
  },
  {
    name: 'answer_time',
    type: { kind: 'datetime', isNull: true },
    read: (dialect, name) => dialect.timeText(name),
    value: ({ answerNs }, dialect, digits) => (answerNs === undefined ? null : dialect.time(answerNs, digits)),
  },
  { name: 'usage', type: 'BIGINT', value: ({ usage }) => String(usage) },
  {
    name: 'extra_fields',
    type: { kind: 'json' },
    read: (dialect, name) => dialect.text(name),
    value: ({ extraFields }) => extraFields,
  },
  text('cost_source', 64, ({ costSource }) => costSource),
  { name: 'cost', type: { kind: 'cost' }, value: ({ cost }) => cost },
  {
    name: 'cost_details',
    type: { kind: 'largeJson', isNull: true },
    read: (dialect, name) => dialect.text(name),
    value: ({ costDetails }) => costDetails,
  },
  { name: 'extra_info', type: { kind: 'text', isNull: true }, value: ({ extraInfo }) => extraInfo },
  ...['created_at', 'updated_at'].map(
    (name): Column => ({
      name,
      type: { kind: 'moment', isNull: true },
      value: ({ madeUs }, dialect) => dialect.written(madeUs),
    }),
  ),
]

/** Table `cdrs` as it is made where there is none. */
export const CDR_TABLE: SqlTable = {
  name: 'cdrs',
  number: 'id',
  columns: [
    ...CDR_COLUMNS.map(({ name, type }) => ({
      name,
      type: typeof type === 'string' ? type : type.kind,
      isNull: typeof type !== 'string' && type.isNull === true,
    })),
    { name: 'deleted_at', type: 'moment', isNull: true },
  ],
  // CGRateS has (cgrid, run_id) alone: a session of the same OriginID may come again, and its CDR is another one.
  unique: ['cgrid', 'run_id', 'origin_id', 'created_at'],
  indexes: [['tenant', 'account'], ['origin_id'], ['deleted_at']],
}

/** What CDRs are read by: the number first. */
export function selectedColumns(dialect: SqlDialect): string {
  const columns = CDR_COLUMNS.slice(0, -2).map(({ name, read }) => {
    const quoted = dialect.quoted(name)
    return read?.(dialect, quoted) ?? quoted
  })
  return ['id', ...columns].join(', ')
}

/** The CDR of a row that was read by `selectedColumns`. */
export function cdrOfRow(cells: SqlCells, dialect: SqlDialect): FoundColumns {
  const [id, ...values] = cells
  const at = (name: string) => values[CDR_COLUMNS.findIndex((column) => column.name === name)] ?? null
  const textAt = (name: string) => at(name) ?? ''
  return {
    orderId: Number(id),
    cgrId: textAt('cgrid'),
    runId: textAt('run_id'),
    originHost: textAt('origin_host'),
    source: textAt('source'),
    originId: textAt('origin_id'),
    toR: textAt('tor'),
    requestType: textAt('request_type'),
    tenant: textAt('tenant'),
    category: textAt('category'),
    account: textAt('account'),
    subject: textAt('subject'),
    destination: textAt('destination'),
    setupNs: dialect.timeOf(at('setup_time')) ?? 0n,
    answerNs: dialect.timeOf(at('answer_time')),
    usage: BigInt(textAt('usage') || '0'),
    extraFields: textAt('extra_fields') || '{}',
    costSource: textAt('cost_source'),
    cost: at('cost') ?? '-1',
    costDetails: textAt('cost_details') || 'null',
    extraInfo: textAt('extra_info'),
  }
}
