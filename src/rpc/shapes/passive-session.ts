import { extraFieldsOf } from '../../cdrs/cdr.ts'
import { InvalidText } from '../../core/errors.ts'
import type { EventFields } from '../../core/event.ts'
import { fieldText } from '../../core/event-values.ts'
import { JsonWriter } from '../../core/json-writer.ts'
import { addNs, formatTime, isZeroTime, parseTime, ZERO_TIME, type ZonedTime } from '../../core/time.ts'
import { eventCostOfWire } from '../../rating/event-cost-reader.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import { takePause } from '../../sessions/pause.ts'
import { isPrepaid, type Run, type Session } from '../../sessions/session.ts'
import { sessionKind } from '../../sessions/session-record.ts'
import { any, boolean, duration, list, map, omitEmpty, pointer, struct, text, time, type ValueOf } from '../shape.ts'
import { descriptorShape, descriptorWire } from './call-cost.ts'
import { eventCostShape } from './event-cost.ts'

const runShape = struct('sessions.SRun', {
  Event: map(any),
  CD: pointer(descriptorShape),
  EventCost: pointer(eventCostShape),
  ExtraDuration: duration,
  LastUsage: duration,
  TotalUsage: duration,
  NextAutoDebit: pointer(time),
})

/**
 * A session as engines hand it to those that keep a copy. Record is ours: the session as it is stored here, which says more than
 * the rest (intervals with their weights, zones); engines that do not know it leave it alone. Reference 05, 6.16.
 */
export const passiveSessionShape = struct('sessions.Session', {
  CGRID: text,
  Tenant: text,
  IPAllocID: text,
  ResourceID: text,
  ClientConnID: text,
  EventStart: pointer(map(any)),
  DebitInterval: duration,
  Chargeable: boolean,
  OptsStart: map(any),
  UpdatedAt: time,
  SRuns: list(pointer(runShape)),
  Record: omitEmpty(text),
})

type PassiveSession = ValueOf<typeof passiveSessionShape>

/** What tells an engine that a session has ended: its copy goes. */
export function endedSessionWire(cgrId: string): Record<string, unknown> {
  return {
    CGRID: cgrId,
    Tenant: '',
    IPAllocID: '',
    ResourceID: '',
    ClientConnID: '',
    EventStart: null,
    DebitInterval: 0n,
    Chargeable: false,
    OptsStart: null,
    UpdatedAt: formatTime(ZERO_TIME),
    SRuns: null,
  }
}

/** A session as other engines take it. decimals: general.rounding_decimals. */
export function passiveSessionWire(session: Session, decimals: number): Record<string, unknown> {
  const { cgrId, tenant, originId, clientId, eventStart, debitInterval, isChargeable, optsStart, updatedAtMs, runs } =
    session
  return {
    CGRID: cgrId,
    Tenant: tenant,
    IPAllocID: originId,
    ResourceID: originId,
    ClientConnID: clientId,
    EventStart: eventStart,
    DebitInterval: debitInterval,
    Chargeable: isChargeable,
    OptsStart: optsStart,
    UpdatedAt: timeOfMs(updatedAtMs),
    SRuns: runs.map((run) => runWire(session, takePause(run, cgrId), decimals)),
    Record: recordOf(session),
  }
}

function runWire({ cgrId, loop }: Session, run: Run, decimals: number): Record<string, unknown> {
  const { event, descriptor, quota, cost, requestType, runId } = run
  // Here a descriptor tells where the next part begins, there where the last one lay.
  const lastUsage = descriptor.loopIndex === 0 ? 0n : quota.lastGrant
  return {
    Event: event,
    CD: descriptorWire(
      { ...descriptor, timeStart: addNs(descriptor.timeStart, -lastUsage), run: { cgrId, runId } },
      lastUsage,
      { ExtraFields: extraFieldsOf(event) },
    ),
    EventCost: cost === undefined ? null : { ...eventCostWire(cost, decimals), Usage: null, Cost: null },
    ExtraDuration: quota.reserve,
    LastUsage: quota.lastGrant,
    TotalUsage: quota.total,
    NextAutoDebit: loop === undefined || !isPrepaid(requestType) ? null : timeOfMs(loop.atMs),
  }
}

/** The copy that an engine sends; undefined: the session has ended. timeZone: of times that name none. */
export function sessionOfWire(wire: PassiveSession, timeZone: string): Session | undefined {
  const { EventStart: eventStart, Record: record, CGRID: cgrId } = wire
  // Other engines write an ended session with an empty event.
  if (eventStart === null || Object.keys(eventStart).length === 0) return undefined
  const recorded = record === '' ? undefined : sessionOfRecord(record, cgrId)
  if (recorded !== undefined) return { ...recorded, isPassive: true }
  const runs = wire.SRuns.filter((run) => run !== null)
  const nextDebits = runs.flatMap(({ NextAutoDebit: next }) => (next === null || isZeroTime(next) ? [] : [msOf(next)]))
  return {
    cgrId,
    tenant: wire.Tenant,
    originId: fieldText(eventStart, 'OriginID'),
    originHost: fieldText(eventStart, 'OriginHost'),
    eventStart,
    optsStart: wire.OptsStart,
    runs: runs.map((run) => runOf(run, eventStart, timeZone)),
    updatedAtMs: isZeroTime(wire.UpdatedAt) ? 0 : msOf(wire.UpdatedAt),
    deadlineMs: undefined,
    atTimeout: undefined,
    // What other engines say of it is not meant.
    isChargeable: true,
    clientId: '',
    debitInterval: wire.DebitInterval,
    loop: nextDebits.length === 0 ? undefined : { atMs: Math.min(...nextDebits), cause: '' },
    isPassive: true,
    closedAtMs: undefined,
  }
}

const writer = new JsonWriter()

function recordOf(session: Session): string {
  sessionKind.write(session, writer.reset())
  return writer.finish().toString()
}

/** The session of a record; undefined when it is not one as this version writes them, or of another session. */
function sessionOfRecord(record: string, cgrId: string): Session | undefined {
  try {
    const session = sessionKind.decode(record, cgrId)
    return session.cgrId === cgrId && recordOf(session) === record ? session : undefined
  } catch {
    return undefined
  }
}

function runOf(
  { Event: event, CD: cd, EventCost: cost, ...quota }: ValueOf<typeof runShape>,
  eventStart: EventFields,
  timeZone: string,
): Run {
  const { TimeStart: start, TimeEnd: end, ...descriptor } = cd ?? descriptorShape.zero()
  const next = descriptor.LoopIndex > 0 ? end : start
  return {
    runId: descriptor.RunID,
    requestType: fieldText(event, 'RequestType'),
    event,
    descriptor: {
      tenant: descriptor.Tenant,
      category: descriptor.Category,
      account: descriptor.Account,
      subject: descriptor.Subject,
      destination: descriptor.Destination,
      toR: descriptor.ToR,
      balanceFactorId: fieldText(event, 'BalanceFactorID'),
      timeStart: { ns: next.ns, zone: zoneOfEvent(event, eventStart, timeZone) },
      loopIndex: descriptor.LoopIndex,
      durationIndex: descriptor.DurationIndex,
      maxCostSoFar: descriptor.MaxCostSoFar,
      forceDuration: descriptor.ForceDuration,
    },
    quota: { reserve: quota.ExtraDuration, lastGrant: quota.LastUsage, total: quota.TotalUsage, paused: 0n },
    cost: cost === null ? undefined : eventCostOfWire(cost),
  }
}

/** The zone that a run is rated in: that of its AnswerTime, else that of the SetupTime of the session. Reference 05, 4. */
function zoneOfEvent(event: EventFields, eventStart: EventFields, timeZone: string): string {
  for (const literal of [fieldText(event, 'AnswerTime'), fieldText(eventStart, 'SetupTime')])
    try {
      const time = parseTime(literal, timeZone, ZERO_TIME)
      if (!isZeroTime(time)) return time.zone
    } catch (cause) {
      if (!(cause instanceof InvalidText)) throw cause
    }
  return timeZone
}

function timeOfMs(ms: number): string {
  return formatTime({ ns: BigInt(Math.floor(ms)) * 1_000_000n, zone: 'UTC' })
}

function msOf({ ns }: ZonedTime): number {
  return Number(ns) / 1_000_000
}
