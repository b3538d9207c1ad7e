import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import type { JsonWriter } from '../core/json-writer.ts'
import { parseEventCost, writeEventCost } from '../rating/event-cost-record.ts'
import type { Descriptor } from '../services/charging.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import type { Run, Session, TimeoutCharge } from './session.ts'

type StoredDescriptor = [
  tenant: string,
  category: string,
  account: string,
  subject: string,
  destination: string,
  toR: string,
  balanceFactorId: string,
  timeStartNs: string,
  zone: string,
  loopIndex: number,
  durationIndex: string,
  maxCostSoFar: string,
  forceDuration: boolean,
]
type StoredRun = [
  event: EventFields,
  rest: [
    runId: string,
    requestType: string,
    descriptor: StoredDescriptor,
    quota: [reserve: string, lastGrant: string, total: string, paused?: string],
    cost: unknown,
  ],
]
type StoredSession = [
  rest: [
    cgrId: string,
    tenant: string,
    originId: string,
    originHost: string,
    updatedAtMs: number,
    deadlineMs: number | null,
    closedAtMs: number | null,
    clientId?: string,
    debitInterval?: string,
    loop?: [atMs: number, cause: string] | null,
    isPassive?: 0 | 1,
    atTimeout?: [extra: string, lastUsed: string | null, total: string | null] | null,
    isChargeable?: 0 | 1,
  ],
  /** The start event, as it differs from the event of the first run: nearly all of it is there too. */
  eventStart: [changed: EventFields, missing: string[]] | EventFields,
  optsStart: EventFields,
  ...runs: StoredRun[],
]

/**
 * The text of events that were written before: those of runs stay the same from charge to charge. The start event does not,
 * and weak entries that die young are dear to collect.
 */
const texts = new WeakMap<EventFields, Buffer>()

function writeMemoised(writer: JsonWriter, event: EventFields): void {
  let text = texts.get(event)
  if (text === undefined) {
    text = Buffer.from(eventJson(event))
    texts.set(event, text)
  }
  writer.octets(text)
}

const NO_FIELDS: EventFields = {}

/** `withDifference` puts it together again. */
function writeDifference(writer: JsonWriter, event: EventFields, base: EventFields): void {
  writeFields(writer.raw('['), event, base)
  let separator = ',['
  for (const name in base) {
    if (base[name] === undefined || event[name] !== undefined) continue
    writer.raw(separator).text(name)
    separator = ','
  }
  writer.raw(separator === ',[' ? ',[]]' : ']]')
}

function withDifference(base: EventFields, difference: StoredSession[1]): EventFields {
  // Records of an earlier version have all of it.
  if (!Array.isArray(difference)) return difference
  const [changed, missing] = difference
  const event = { ...base, ...changed }
  for (const name of missing) delete event[name]
  return event
}

/** As `eventJson`, for the few types that nearly all fields have; what is the same in `base` is left out. */
function writeFields(writer: JsonWriter, event: EventFields, base = NO_FIELDS): void {
  let separator = '{'
  for (const name in event) {
    const value = event[name]
    if (value === undefined || value === base[name]) continue
    writer.raw(separator).text(name).raw(':')
    separator = ','
    if (typeof value === 'string') writer.text(value)
    else if (typeof value === 'bigint') writer.integer(value)
    else writer.json(eventJson(value))
  }
  writer.raw(separator === '{' ? '{}' : '}')
}

/** Sessions in the data store, by CGRID. A session is written at every charge: its text is put together by hand. */
export const sessionKind: RecordKind<Session> = {
  table: 'session',
  write(session, writer) {
    const { cgrId, tenant, originId, originHost, updatedAtMs, deadlineMs, closedAtMs } = session
    const { clientId, debitInterval, loop, isPassive, atTimeout, isChargeable, eventStart, optsStart, runs } = session
    writer.raw('[[').text(cgrId).raw(',').text(tenant).raw(',').text(originId).raw(',').text(originHost).raw(',')
    writer
      .integer(updatedAtMs)
      .raw(',')
      .raw(String(deadlineMs ?? null))
      .raw(',')
      .raw(String(closedAtMs ?? null))
      .raw(',')
      .text(clientId)
      .raw(',')
      .quotedInteger(debitInterval)
    if (loop === undefined) writer.raw(',null')
    else writer.raw(',[').raw(String(loop.atMs)).raw(',').text(loop.cause).raw(']')
    writer.raw(isPassive ? ',1' : ',0')
    if (atTimeout !== undefined || !isChargeable) writeSeldom(writer, session)
    writer.raw('],')
    writeDifference(writer, eventStart, runs[0]?.event ?? NO_FIELDS)
    writer.raw(',')
    writeFields(writer, optsStart)
    for (const run of runs) {
      writer.raw(',[')
      writeMemoised(writer, run.event)
      writer.raw(',')
      writeRun(writer, run, cgrId)
      writer.raw(']')
    }
    writer.raw(']')
  },
  decode(text) {
    const [rest, difference, optsStart, ...runs] = JSON.parse(text) as StoredSession
    const [cgrId, tenant, originId, originHost, updatedAtMs, deadlineMs, closedAtMs, ...own] = rest
    const [clientId = '', debitInterval = '0', loop = null, isPassive = 0, atTimeout = null, isChargeable = 1] = own
    return {
      cgrId,
      tenant,
      originId,
      originHost,
      eventStart: withDifference(runs[0]?.[0] ?? NO_FIELDS, difference),
      optsStart,
      runs: runs.map((run) => decodeRun(run, cgrId)),
      updatedAtMs,
      deadlineMs: deadlineMs ?? undefined,
      atTimeout: atTimeout === null ? undefined : decodeTimeout(atTimeout),
      isChargeable: isChargeable === 1,
      closedAtMs: closedAtMs ?? undefined,
      clientId,
      debitInterval: BigInt(debitInterval),
      loop: loop === null ? undefined : { atMs: loop[0], cause: loop[1] },
      isPassive: isPassive === 1,
    }
  },
}

/** What nearly no session has. */
function writeSeldom(writer: JsonWriter, { atTimeout, isChargeable }: Session): void {
  if (atTimeout === undefined) writer.raw(',null')
  else {
    const { extra, lastUsed, total } = atTimeout
    writer.raw(',[').quotedInteger(extra)
    for (const usage of [lastUsed, total])
      if (usage === undefined) writer.raw(',null')
      else writer.raw(',').quotedInteger(usage)
    writer.raw(']')
  }
  writer.raw(isChargeable ? ',1' : ',0')
}

function decodeTimeout([extra, lastUsed, total]: [string, string | null, string | null]): TimeoutCharge {
  return {
    extra: BigInt(extra),
    lastUsed: lastUsed === null ? undefined : BigInt(lastUsed),
    total: total === null ? undefined : BigInt(total),
  }
}

const DEADLINES = /^\[\[(?:"(?:[^"\\]|\\.)*",){4}\d+,(null|\d+),(null|\d+)(?:,"(?:[^"\\]|\\.)*","-?\d+",(null|\[))?/

/** Whether something is due for a session without a request, by the text of its record: reading it whole takes far longer. */
export function isDueLater(text: string): boolean {
  const [, deadline = 'null', closed, loop = 'null'] = DEADLINES.exec(text) ?? []
  return closed === 'null' && (deadline !== 'null' || loop !== 'null')
}

function writeRun(writer: JsonWriter, { runId, requestType, descriptor, quota, cost }: Run, cgrId: string): void {
  const { tenant, category, account, subject, destination, toR, balanceFactorId, timeStart } = descriptor
  writer.raw('[').text(runId).raw(',').text(requestType).raw(',[').text(tenant).raw(',').text(category).raw(',')
  writer.text(account).raw(',').text(subject).raw(',').text(destination).raw(',').text(toR).raw(',')
  writer.text(balanceFactorId).raw(',').quotedInteger(timeStart.ns).raw(',').text(timeStart.zone).raw(',')
  writer.integer(descriptor.loopIndex).raw(',').quotedInteger(descriptor.durationIndex).raw(',')
  writer.quotedDecimal(descriptor.maxCostSoFar).raw(descriptor.forceDuration ? ',true],[' : ',false],[')
  writer.quotedInteger(quota.reserve).raw(',').quotedInteger(quota.lastGrant).raw(',').quotedInteger(quota.total)
  if (quota.paused !== 0n) writer.raw(',').quotedInteger(quota.paused)
  writer.raw('],')
  if (cost === undefined) writer.raw('null]')
  else {
    writeEventCost(writer, cost, { cgrId, runId })
    writer.raw(']')
  }
}

function decodeRun([event, [runId, requestType, descriptor, quota, cost]]: StoredRun, cgrId: string): Run {
  return {
    runId,
    requestType,
    event,
    descriptor: decodeDescriptor(descriptor),
    quota: {
      reserve: BigInt(quota[0]),
      lastGrant: BigInt(quota[1]),
      total: BigInt(quota[2]),
      paused: BigInt(quota[3] ?? 0),
    },
    cost: cost === null ? undefined : parseEventCost(cost, { cgrId, runId }),
  }
}

function decodeDescriptor([
  tenant,
  category,
  account,
  subject,
  destination,
  toR,
  balanceFactorId,
  timeStartNs,
  zone,
  loopIndex,
  durationIndex,
  maxCostSoFar,
  forceDuration,
]: StoredDescriptor): Descriptor {
  return {
    tenant,
    category,
    account,
    subject,
    destination,
    toR,
    balanceFactorId,
    timeStart: { ns: BigInt(timeStartNs), zone },
    loopIndex,
    durationIndex: BigInt(durationIndex),
    maxCostSoFar: Decimal.parse(maxCostSoFar),
    forceDuration,
  }
}
