import { Decimal } from '../core/decimal.ts'
import type { EventFields, EventValue } from '../core/event.ts'
import { cgrIdOf, fieldText, fieldUsage } from '../core/event-values.ts'
import { JsonWriter } from '../core/json-writer.ts'
import { formatTime, parseTime, type ZonedTime } from '../core/time.ts'
import type { EventCost } from '../rating/event-cost.ts'
import { parseEventCost, writeEventCost } from '../rating/event-cost-record.ts'

/** A call data record: what is billed. Reference 05, 8. */
export type Cdr = {
  cgrId: string
  runId: string
  originHost: string
  source: string
  originId: string
  toR: string
  requestType: string
  tenant: string
  category: string
  account: string
  subject: string
  destination: string
  setupTime: ZonedTime
  answerTime: ZonedTime
  /** ns for `*voice`, else plain units. */
  usage: bigint
  /** Every field of the event that has no place of its own, as text. */
  extraFields: Readonly<Record<string, string>>
  extraInfo: string
  costSource: string
  /** -1: not rated, or rating failed (extraInfo says why). */
  cost: Decimal
  costDetails: EventCost | undefined
  /** The event came with its cost. */
  preRated?: true
  /** Goes to the writers alone, not to the CDR store. */
  unstored?: true
  /** Takes the place of the CDR of the same session and run in the CDR store. */
  replaces?: true
  /** No CDR but what a session has paid, for those who read costs of sessions in a database; it is `unstored`, and no exporter gets it. */
  isSessionCost?: true
  /** Exporters that it goes to; undefined: those of every CDR. */
  exportTo?: readonly string[]
  /** Who is told of it; it is not kept. Undefined: another engine makes it, or it was made before. */
  notice?: CdrNotice
}

/** Who is told of a CDR when it has been made; undefined: as the configuration says. apiOpts: of its event; causes: thresholds whose actions made it. */
export type CdrNotice = {
  apiOpts: EventFields
  toThresholds?: boolean | undefined
  toStats?: boolean | undefined
  causes?: readonly string[]
}

export type CdrDefaults = {
  tenant: string
  category: string
  requestType: string
  timeZone: string
  /** Whether CDRs go to the CDR store. */
  isStored: boolean
  /** Whether the CDR store is told of costs that sessions leave. */
  tellsSessionCosts: boolean
}

/** What is done to an event that is to become a CDR. Reference 05, 9.3. */
export type CdrSwitches = {
  /** Attributes change it first. */
  isAttributed: boolean
  isForked: boolean
  isRated: boolean
  isStored: boolean
  isExported: boolean
  /** What its CDR has cost before is given back. */
  isRefunded: boolean
  /** Takes the place of its CDR. */
  isRerated: boolean
  /** It may have a CDR. */
  isReprocessed: boolean
  /** Thresholds and statistics are told of it; undefined: as the configuration says. */
  toThresholds?: boolean | undefined
  toStats?: boolean | undefined
}

/** Whether an event may have its CDR already. */
export function looksBack({
  isRefunded,
  isRerated,
  isReprocessed,
}: Pick<CdrSwitches, 'isRefunded' | 'isRerated' | 'isReprocessed'>): boolean {
  return isRefunded || isRerated || isReprocessed
}

/** Fields of an event that a CDR has a place for. Reference 05, 8. */
export const CDR_FIELDS: ReadonlySet<string> = new Set([
  'CGRID',
  'RunID',
  'OrderID',
  'OriginHost',
  'Source',
  'OriginID',
  'ToR',
  'RequestType',
  'Tenant',
  'Category',
  'Account',
  'Subject',
  'Destination',
  'SetupTime',
  'AnswerTime',
  'Usage',
  'Cost',
  'CostDetails',
  'CostSource',
  'ExtraInfo',
  'PreRated',
  'Partial',
])
/** Fields of a request that say nothing about the whole event. */
const SESSION_FIELDS = new Set(['LastUsed', 'TotalUsage', 'InitialOriginID'])

export const NOT_RATED = Decimal.of(-1n)

/** The CDR of an event, not rated yet. Throws InvalidText for a usage that is none. Reference 05, 8 "Event -> CDR". */
export function cdrOf(event: EventFields, tenant: string, defaults: CdrDefaults, now: ZonedTime): Cdr {
  const account = fieldText(event, 'Account')
  const time = (name: string) => parseTime(fieldText(event, name), defaults.timeZone, now)
  return {
    cgrId: cgrIdOf(event),
    runId: fieldText(event, 'RunID') || '*default',
    originHost: fieldText(event, 'OriginHost'),
    source: fieldText(event, 'Source'),
    originId: fieldText(event, 'OriginID'),
    toR: fieldText(event, 'ToR') || '*voice',
    requestType: fieldText(event, 'RequestType') || defaults.requestType,
    tenant: fieldText(event, 'Tenant') || tenant,
    category: fieldText(event, 'Category') || defaults.category,
    account,
    subject: fieldText(event, 'Subject') || account,
    destination: fieldText(event, 'Destination'),
    setupTime: time('SetupTime'),
    answerTime: time('AnswerTime'),
    usage: fieldUsage(event, 'Usage') ?? 0n,
    extraFields: extraFieldsOf(event),
    extraInfo: fieldText(event, 'ExtraInfo'),
    costSource: fieldText(event, 'CostSource'),
    cost: costOf(event),
    costDetails: undefined,
    ...(fieldText(event, 'PreRated') === 'true' ? { preRated: true } : {}),
    ...(defaults.isStored ? {} : { unstored: true }),
  }
}

function costOf(event: EventFields): Decimal {
  const text = fieldText(event, 'Cost')
  return text === '' ? NOT_RATED : Decimal.parse(text)
}

/** Every field that has no place of its own, as text. */
export function extraFieldsOf(event: EventFields): Record<string, string> {
  const extraFields: Record<string, string> = {}
  for (const name of Object.keys(event)) {
    if (!CDR_FIELDS.has(name) && !SESSION_FIELDS.has(name)) extraFields[name] = fieldText(event, name)
  }
  return extraFields
}

/** What tells one CDR from another: the same event and run make a CDR once. */
export function cdrKey({ cgrId, runId }: { cgrId: string; runId: string }): string {
  return `${cgrId}:${runId}`
}

type StoredCdr = Omit<Cdr, 'notice' | 'setupTime' | 'answerTime' | 'usage' | 'cost' | 'costDetails'> & {
  setupTime: [string, string]
  answerTime: [string, string]
  usage: string
  cost: string
  costDetails: unknown
}

/** Writes the stored form of a CDR. `decodeCdr` reads it back. */
export function writeCdr({ costDetails, notice: _, ...cdr }: Cdr, writer: JsonWriter): void {
  const time = ({ ns, zone }: ZonedTime): [string, string] => [String(ns), zone]
  const text = JSON.stringify({
    ...cdr,
    setupTime: time(cdr.setupTime),
    answerTime: time(cdr.answerTime),
    usage: String(cdr.usage),
    cost: cdr.cost.toString(),
  } satisfies Omit<StoredCdr, 'costDetails'>)
  writer.json(text.slice(0, -1)).raw(',"costDetails":')
  if (costDetails === undefined) writer.raw('null')
  else writeEventCost(writer, costDetails, cdr)
  writer.raw('}')
}

const writer = new JsonWriter()

/** The stored form of a CDR as a text. */
export function encodeCdr(cdr: Cdr): string {
  writeCdr(cdr, writer.reset())
  return writer.finish().toString()
}

export function decodeCdr(text: string): Cdr {
  const stored = JSON.parse(text) as StoredCdr
  const time = ([ns, zone]: [string, string]): ZonedTime => ({ ns: BigInt(ns), zone })
  return {
    ...stored,
    setupTime: time(stored.setupTime),
    answerTime: time(stored.answerTime),
    usage: BigInt(stored.usage),
    cost: Decimal.parse(stored.cost),
    costDetails: stored.costDetails === null ? undefined : parseEventCost(stored.costDetails, stored),
  }
}

/** The CDR as an event, for templates and filters of writers. Reference 05, 8 "CDR -> event". */
export function eventOfCdr(cdr: Cdr): EventFields {
  return {
    ...cdr.extraFields,
    CGRID: cdr.cgrId,
    RunID: cdr.runId,
    OriginHost: cdr.originHost,
    Source: cdr.source,
    OriginID: cdr.originId,
    ToR: cdr.toR,
    RequestType: cdr.requestType,
    Tenant: cdr.tenant,
    Category: cdr.category,
    Account: cdr.account,
    Subject: cdr.subject,
    Destination: cdr.destination,
    SetupTime: formatTime(cdr.setupTime),
    AnswerTime: formatTime(cdr.answerTime),
    Usage: cdr.usage,
    ExtraInfo: cdr.extraInfo,
    CostSource: cdr.costSource,
    Cost: cdr.cost,
  }
}

/** All that a CDR says, as an event, with names in order. costDetails: what clients read for its details. Reference 05, 8. */
export function wholeEventOfCdr(cdr: Cdr, costDetails: EventValue): EventFields {
  const whole: EventFields = {
    ...eventOfCdr(cdr),
    OrderID: 0,
    Partial: false,
    PreRated: cdr.preRated === true,
    CostDetails: costDetails,
  }
  return inOrder(whole)
}

/** The fields by name. */
export function inOrder<F extends Readonly<Record<string, unknown>>>(fields: F): F {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))) as F
}
