import { Decimal } from '../../core/decimal.ts'
import { parseDuration } from '../../core/duration.ts'
import { InvalidText } from '../../core/errors.ts'
import { parseTime, ZERO_TIME } from '../../core/time.ts'
import { CDR_ORDERS, type CdrMatch, type CdrOrder, type CdrQuery, type CdrRange } from '../../store/cdr-store.ts'
import { RpcError } from '../rpc-error.ts'
import {
  any,
  boolean,
  decimal,
  embedded,
  integer,
  integer64,
  list,
  map,
  pointer,
  struct,
  text,
  type ValueOf,
} from '../shape.ts'

const matchFields = {
  CGRIDs: list(text),
  RunIDs: list(text),
  OriginIDs: list(text),
  OriginHosts: list(text),
  Sources: list(text),
  ToRs: list(text),
  RequestTypes: list(text),
  Tenants: list(text),
  Categories: list(text),
  Accounts: list(text),
  Subjects: list(text),
  DestinationPrefixes: list(text),
  Costs: list(decimal),
  ExtraFields: map(text),
}
type MatchName = keyof typeof matchFields

const notFields = Object.fromEntries(Object.entries(matchFields).map(([name, shape]) => [`Not${name}`, shape])) as {
  [N in MatchName as `Not${N}`]: (typeof matchFields)[N]
}

/** Keys that CDRs are found by; all are optional. Reference 05, 9.7. */
export const cdrFilterShape = struct('utils.RPCCDRsFilter', {
  ...matchFields,
  ...notFields,
  SetupTimeStart: text,
  SetupTimeEnd: text,
  AnswerTimeStart: text,
  AnswerTimeEnd: text,
  CreatedAtStart: text,
  CreatedAtEnd: text,
  UpdatedAtStart: text,
  UpdatedAtEnd: text,
  MinUsage: text,
  MaxUsage: text,
  OrderBy: text,
  ExtraArgs: struct('utils.ExtraArgs', {
    OrderIDStart: pointer(integer64),
    OrderIDEnd: pointer(integer64),
    MinCost: pointer(decimal),
    MaxCost: pointer(decimal),
  }),
  Limit: pointer(integer),
  Offset: pointer(integer),
})

export const cdrFilterWithOptionsShape = struct('utils.RPCCDRsFilterWithAPIOpts', {
  RPCCDRsFilter: embedded(cdrFilterShape),
  APIOpts: map(any),
  Tenant: text,
})

/** The filter of earlier versions. Reference 05, 9.7. */
export const oldCdrFilterShape = struct('utils.AttrGetCdrs', {
  CgrIds: list(text),
  MediationRunIds: list(text),
  TORs: list(text),
  CdrHosts: list(text),
  CdrSources: list(text),
  ReqTypes: list(text),
  Tenants: list(text),
  Categories: list(text),
  Accounts: list(text),
  Subjects: list(text),
  DestinationPrefixes: list(text),
  RatedAccounts: list(text),
  RatedSubjects: list(text),
  OrderIdStart: pointer(integer64),
  OrderIdEnd: pointer(integer64),
  TimeStart: text,
  TimeEnd: text,
  SkipErrors: boolean,
  SkipRated: boolean,
  OrderBy: text,
  Limit: pointer(integer),
  Offset: pointer(integer),
})

/** As `cdrQuery`, of the filter of earlier versions. Throws RpcError. */
export function oldCdrQuery(old: ValueOf<typeof oldCdrFilterShape>, timeZone: string): CdrQuery {
  const { Tenants, Categories, Accounts, Subjects, DestinationPrefixes, OrderBy, Limit, Offset } = old
  const filter = {
    ...cdrFilterShape.zero(),
    ...{ Tenants, Categories, Accounts, Subjects, DestinationPrefixes, OrderBy, Limit, Offset },
    CGRIDs: old.CgrIds,
    RunIDs: old.MediationRunIds,
    ToRs: old.TORs,
    OriginHosts: old.CdrHosts,
    Sources: old.CdrSources,
    RequestTypes: old.ReqTypes,
    AnswerTimeStart: old.TimeStart,
    AnswerTimeEnd: old.TimeEnd,
    ExtraArgs: {
      OrderIDStart: old.OrderIdStart,
      OrderIDEnd: old.OrderIdEnd,
      MinCost: old.SkipErrors ? Decimal.ZERO : null,
      MaxCost: old.SkipRated ? NOT_RATED : null,
    },
  }
  return cdrQuery(filter, timeZone, '')
}

/**
 * timeZone: of times that name none. before: what stands before the text of an order that is none. Throws RpcError for a time,
 * usage or order that is none.
 */
export function cdrQuery(
  filter: ValueOf<typeof cdrFilterShape>,
  timeZone: string,
  before = 'SERVER_ERROR: ',
): CdrQuery {
  const time = (literal: string) =>
    literal === '' ? undefined : readable(() => parseTime(literal, timeZone, { ...ZERO_TIME, ns: nowNs() }).ns)
  const usage = (literal: string) => (literal === '' ? undefined : readable(() => parseDuration(literal)))
  const { ExtraArgs: extra } = filter
  const created = { from: time(filter.CreatedAtStart), until: time(filter.CreatedAtEnd) }
  const updated = { from: time(filter.UpdatedAtStart), until: time(filter.UpdatedAtEnd) }
  const [order = '', direction] = filter.OrderBy.split(';')
  if (order !== '' && !CDR_ORDERS.some((each) => each === order))
    throw new RpcError(`${before}Invalid value : ${order}`)
  return {
    is: matchOf(filter, ''),
    isNot: matchOf(filter, 'Not'),
    setup: { from: time(filter.SetupTimeStart), until: time(filter.SetupTimeEnd) },
    answer: { from: time(filter.AnswerTimeStart), until: time(filter.AnswerTimeEnd) },
    // A CDR is written once: it was updated when it was made.
    created: { from: later(created.from, updated.from), until: earlier(created.until, updated.until) },
    usage: { from: usage(filter.MinUsage), until: usage(filter.MaxUsage) },
    orderId: { from: extra.OrderIDStart ?? undefined, until: extra.OrderIDEnd ?? undefined },
    ...costOf(extra.MinCost, extra.MaxCost),
    ...(order === '' ? {} : { orderBy: order as CdrOrder }),
    isDescending: direction === 'desc',
    limit: filter.Limit ?? undefined,
    offset: filter.Offset ?? undefined,
  }
}

function matchOf(filter: ValueOf<typeof cdrFilterShape>, prefix: '' | 'Not'): CdrMatch {
  const of = <N extends MatchName>(name: N) => filter[`${prefix}${name}` as N]
  return {
    cgrId: of('CGRIDs'),
    runId: of('RunIDs'),
    originId: of('OriginIDs'),
    originHost: of('OriginHosts'),
    source: of('Sources'),
    toR: of('ToRs'),
    requestType: of('RequestTypes'),
    tenant: of('Tenants'),
    category: of('Categories'),
    account: of('Accounts'),
    subject: of('Subjects'),
    destinationPrefixes: of('DestinationPrefixes'),
    costs: of('Costs').map(String),
    extraFields: of('ExtraFields'),
  }
}

const NOT_RATED = Decimal.of(-1n)

/** MaxCost -1 is no bound: beside MinCost it means all that are rated, alone those that are not. Reference 05, 9.7. */
function costOf(min: Decimal | null, max: Decimal | null): { cost?: CdrRange<string> } {
  if (max?.equals(NOT_RATED) === true) return { cost: min === null ? { until: '0' } : { from: String(min) } }
  return { cost: { from: min === null ? undefined : String(min), until: max === null ? undefined : String(max) } }
}

function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a
}

function earlier(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

function readable<R>(read: () => R): R {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof InvalidText) throw new RpcError(`SERVER_ERROR: ${cause.message}`)
    throw cause
  }
}
