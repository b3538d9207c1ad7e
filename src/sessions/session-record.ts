import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { jsonText } from '../core/json-text.ts'
import { eventCostText, parseEventCost } from '../rating/event-cost-record.ts'
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
  let text = '{'
  for (const name in event) {
    const value = event[name]
    if (value === undefined) continue
    text += `${text.length === 1 ? '' : ','}${jsonText(name)}:`
    if (typeof value === 'string') text += jsonText(value)
    else text += typeof value === 'bigint' ? String(value) : eventJson(value)
  }
  return `${text}}`
}

/** Sessions in the data store, by CGRID. A session is written at every charge: its text is put together by hand. */
export const sessionKind: RecordKind<Session> = {
  table: 'session',
  encode({ cgrId, tenant, originId, originHost, updatedAtMs, deadlineMs, closedAtMs, eventStart, optsStart, runs }) {
    let text =
      `[[${jsonText(cgrId)},${jsonText(tenant)},${jsonText(originId)},${jsonText(originHost)}` +
      `,${updatedAtMs},${deadlineMs ?? null},${closedAtMs ?? null}],${eventText(eventStart)},${eventText(optsStart)}`
    for (const run of runs) text += `,[${eventText(run.event)},${runText(run)}]`
    return `${text}]`
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

function runText({ runId, requestType, descriptor, quota, cost }: Run): string {
  const { tenant, category, account, subject, destination, toR, balanceFactorId, timeStart } = descriptor
  const { loopIndex, durationIndex, maxCostSoFar, forceDuration } = descriptor
  return (
    `[${jsonText(runId)},${jsonText(requestType)},[${jsonText(tenant)},${jsonText(category)},${jsonText(account)}` +
    `,${jsonText(subject)},${jsonText(destination)},${jsonText(toR)},${jsonText(balanceFactorId)},"${timeStart.ns}"` +
    `,${jsonText(timeStart.zone)},${loopIndex},"${durationIndex}","${maxCostSoFar}",${forceDuration}]` +
    `,["${quota.reserve}","${quota.lastGrant}","${quota.total}"],${cost === undefined ? 'null' : eventCostText(cost)}]`
  )
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
