import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { JsonWriter } from '../core/json-writer.ts'
import { parseEventCost, writeEventCost } from '../rating/event-cost-record.ts'
import type { Descriptor } from '../services/charging.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import type { Run, Session } from './session.ts'

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
    quota: [reserve: string, lastGrant: string, total: string],
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
  ],
  eventStart: EventFields,
  optsStart: EventFields,
  ...runs: StoredRun[],
]

/** The text of events that were written before: most of a session stays the same from charge to charge. */
const texts = new WeakMap<EventFields, string>()

function eventText(event: EventFields): string {
  let text = texts.get(event)
  if (text === undefined) {
    text = fieldsText(event)
    texts.set(event, text)
  }
  return text
}

/** As `eventJson`, for the few types that nearly all fields have. */
function fieldsText(event: EventFields): string {
  eventWriter.begin()
  let separator = '{'
  for (const name in event) {
    const value = event[name]
    if (value === undefined) continue
    eventWriter.raw(separator).text(name).raw(':')
    separator = ','
    if (typeof value === 'string') eventWriter.text(value)
    else if (typeof value === 'bigint') eventWriter.integer(value)
    else eventWriter.json(eventJson(value))
  }
  return eventWriter.raw(separator === '{' ? '{}' : '}').finish()
}

const eventWriter = new JsonWriter()
const writer = new JsonWriter()

/** Sessions in the data store, by CGRID. A session is written at every charge: its text is put together by hand. */
export const sessionKind: RecordKind<Session> = {
  table: 'session',
  encode({ cgrId, tenant, originId, originHost, updatedAtMs, deadlineMs, closedAtMs, eventStart, optsStart, runs }) {
    writer
      .begin()
      .raw('[[')
      .text(cgrId)
      .raw(',')
      .text(tenant)
      .raw(',')
      .text(originId)
      .raw(',')
      .text(originHost)
      .raw(',')
    writer
      .integer(updatedAtMs)
      .raw(',')
      .raw(String(deadlineMs ?? null))
      .raw(',')
      .raw(String(closedAtMs ?? null))
    writer.raw('],').json(eventText(eventStart)).raw(',').json(eventText(optsStart))
    for (const run of runs) {
      writer.raw(',[').json(eventText(run.event)).raw(',')
      writeRun(run)
      writer.raw(']')
    }
    return writer.raw(']').finish()
  },
  decode(text) {
    const [rest, eventStart, optsStart, ...runs] = JSON.parse(text) as StoredSession
    const [cgrId, tenant, originId, originHost, updatedAtMs, deadlineMs, closedAtMs] = rest
    return {
      cgrId,
      tenant,
      originId,
      originHost,
      eventStart,
      optsStart,
      runs: runs.map(decodeRun),
      updatedAtMs,
      deadlineMs: deadlineMs ?? undefined,
      closedAtMs: closedAtMs ?? undefined,
    }
  },
}

function writeRun({ runId, requestType, descriptor, quota, cost }: Run): void {
  const { tenant, category, account, subject, destination, toR, balanceFactorId, timeStart } = descriptor
  writer.raw('[').text(runId).raw(',').text(requestType).raw(',[').text(tenant).raw(',').text(category).raw(',')
  writer.text(account).raw(',').text(subject).raw(',').text(destination).raw(',').text(toR).raw(',')
  writer.text(balanceFactorId).raw(',').quotedInteger(timeStart.ns).raw(',').text(timeStart.zone).raw(',')
  writer.integer(descriptor.loopIndex).raw(',').quotedInteger(descriptor.durationIndex).raw(',')
  writer.quotedDecimal(descriptor.maxCostSoFar).raw(descriptor.forceDuration ? ',true],[' : ',false],[')
  writer.quotedInteger(quota.reserve).raw(',').quotedInteger(quota.lastGrant).raw(',').quotedInteger(quota.total)
  writer.raw('],')
  if (cost === undefined) writer.raw('null]')
  else {
    writeEventCost(writer, cost)
    writer.raw(']')
  }
}

function decodeRun([event, [runId, requestType, descriptor, quota, cost]]: StoredRun): Run {
  return {
    runId,
    requestType,
    event,
    descriptor: decodeDescriptor(descriptor),
    quota: { reserve: BigInt(quota[0]), lastGrant: BigInt(quota[1]), total: BigInt(quota[2]) },
    cost: cost === null ? undefined : parseEventCost(cost),
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
