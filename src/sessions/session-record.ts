import { Decimal } from '../core/decimal.ts'
import type { EventFields } from '../core/event.ts'
import { eventJson } from '../core/event-values.ts'
import { parseEventCost, storedEventCost } from '../rating/event-cost-record.ts'
import type { RecordKind } from '../store/unit-of-work.ts'
import type { Run, Session } from './session.ts'

type StoredRun = {
  runId: string
  requestType: string
  event: EventFields
  descriptor: Record<string, string | number | boolean>
  quota: [reserve: string, lastGrant: string, total: string]
  cost: unknown
}
type StoredSession = Omit<Session, 'runs' | 'deadlineMs' | 'closedAtMs'> & {
  deadlineMs?: number | undefined
  closedAtMs?: number | undefined
  runs: StoredRun[]
}

/** Sessions in the data store, by CGRID. */
export const sessionKind: RecordKind<Session> = {
  table: 'session',
  encode(session) {
    const runs = session.runs.map(encodeRun)
    return eventJson({ ...session, runs } as unknown as EventFields)
  },
  decode(text) {
    const { runs, ...session } = JSON.parse(text) as StoredSession
    return { ...session, deadlineMs: session.deadlineMs, closedAtMs: session.closedAtMs, runs: runs.map(decodeRun) }
  },
}

function encodeRun({ runId, requestType, event, descriptor, quota, cost }: Run): StoredRun {
  return {
    runId,
    requestType,
    event,
    descriptor: {
      ...descriptor,
      timeStart: String(descriptor.timeStart.ns),
      zone: descriptor.timeStart.zone,
      durationIndex: String(descriptor.durationIndex),
      maxCostSoFar: descriptor.maxCostSoFar.toString(),
    },
    quota: [String(quota.reserve), String(quota.lastGrant), String(quota.total)],
    cost: cost === undefined ? null : storedEventCost(cost),
  }
}

function decodeRun({ runId, requestType, event, descriptor, quota, cost }: StoredRun): Run {
  const text = (name: string) => String(descriptor[name] ?? '')
  return {
    runId,
    requestType,
    event,
    descriptor: {
      tenant: text('tenant'),
      category: text('category'),
      account: text('account'),
      subject: text('subject'),
      destination: text('destination'),
      toR: text('toR'),
      balanceFactorId: text('balanceFactorId'),
      timeStart: { ns: BigInt(text('timeStart')), zone: text('zone') },
      loopIndex: Number(descriptor['loopIndex']),
      durationIndex: BigInt(text('durationIndex')),
      maxCostSoFar: Decimal.parse(text('maxCostSoFar')),
      forceDuration: descriptor['forceDuration'] === true,
    },
    quota: { reserve: BigInt(quota[0]), lastGrant: BigInt(quota[1]), total: BigInt(quota[2]) },
    cost: cost === null ? undefined : parseEventCost(cost),
  }
}
