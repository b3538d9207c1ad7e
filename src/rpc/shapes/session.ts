import { extraFieldsOf, inOrder } from '../../cdrs/cdr.ts'
import { InvalidText } from '../../core/errors.ts'
import { fieldText } from '../../core/event-values.ts'
import { formatTime, parseTime, ZERO_TIME, type ZonedTime } from '../../core/time.ts'
import { type DebitLoop, isPrepaid, type Run, type Session } from '../../sessions/session.ts'
import { decimal, duration, integer, map, number, struct, text, time } from '../shape.ts'

/** A run of a live session. Reference 05, 7.9; 01, 9.2. */
export const activeSessionShape = struct('sessions.ExternalSession', {
  CGRID: text,
  RunID: text,
  ToR: text,
  OriginID: text,
  OriginHost: text,
  Source: text,
  RequestType: text,
  Tenant: text,
  Category: text,
  Account: text,
  Subject: text,
  Destination: text,
  SetupTime: time,
  AnswerTime: time,
  Usage: duration,
  ExtraFields: map(text),
  NodeID: text,
  LoopIndex: number,
  DurationIndex: duration,
  MaxRate: number,
  MaxRateUnit: duration,
  MaxCostSoFar: decimal,
  DebitInterval: duration,
  NextAutoDebit: time,
})

/** A peer that agents are to disconnect. Reference 01, 7.4. */
export const peerToDisconnectShape = struct('utils.DPRArgs', {
  OriginHost: text,
  OriginRealm: text,
  RemoteAddr: text,
  DisconnectCause: integer,
})

/** One run as clients see it: what its event does not say stays empty. nodeId: general.node_id; timeZone: of times that name none. */
export function activeSessionWire(
  { cgrId, originId, originHost, debitInterval, loop }: Session,
  { runId, event, descriptor, quota, requestType }: Run,
  { nodeId, timeZone }: { nodeId: string; timeZone: string },
): Record<string, unknown> {
  return {
    CGRID: cgrId,
    RunID: runId,
    ToR: fieldText(event, 'ToR'),
    OriginID: originId,
    OriginHost: originHost,
    Source: `SessionS_${fieldText(event, 'EventName')}`,
    RequestType: requestType,
    Tenant: descriptor.tenant,
    Category: fieldText(event, 'Category'),
    Account: descriptor.account,
    Subject: fieldText(event, 'Subject'),
    Destination: descriptor.destination,
    SetupTime: timeText(fieldText(event, 'SetupTime'), timeZone),
    AnswerTime: timeText(fieldText(event, 'AnswerTime'), timeZone),
    Usage: isPrepaid(requestType) ? quota.total : 0n,
    ExtraFields: inOrder(extraFieldsOf(event)),
    NodeID: nodeId,
    LoopIndex: descriptor.loopIndex,
    DurationIndex: descriptor.durationIndex,
    MaxRate: 0,
    MaxRateUnit: 0,
    MaxCostSoFar: descriptor.maxCostSoFar,
    DebitInterval: debitInterval,
    NextAutoDebit: formatTime(nextDebit(loop, requestType)),
  }
}

/** When a run is debited again without being asked. */
function nextDebit(loop: DebitLoop | undefined, requestType: string): ZonedTime {
  if (loop === undefined || !isPrepaid(requestType)) return ZERO_TIME
  return { ns: BigInt(Math.floor(loop.atMs)) * 1_000_000n, zone: 'UTC' }
}

/** A time that cannot be read counts as missing. Reference 05, 1.4. */
function timeText(literal: string, timeZone: string): string {
  try {
    return formatTime(parseTime(literal, timeZone, ZERO_TIME))
  } catch (cause) {
    if (cause instanceof InvalidText) return formatTime(ZERO_TIME)
    throw cause
  }
}
