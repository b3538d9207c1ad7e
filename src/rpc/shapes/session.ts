import { extraFieldsOf } from '../../cdrs/cdr.ts'
import { InvalidText } from '../../core/errors.ts'
import { fieldText } from '../../core/event-values.ts'
import { formatTime, parseTime, ZERO_TIME } from '../../core/time.ts'
import { isPrepaid, type Run, type Session } from '../../sessions/session.ts'
import { decimal, duration, map, number, struct, text, time } from '../shape.ts'

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

/** One run as clients see it: what its event does not say stays empty. nodeId: general.node_id; timeZone: of times that name none. */
export function activeSessionWire(
  { cgrId, originId, originHost }: Session,
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
    ExtraFields: extraFieldsOf(event),
    NodeID: nodeId,
    LoopIndex: descriptor.loopIndex,
    DurationIndex: descriptor.durationIndex,
    MaxRate: 0,
    MaxRateUnit: 0,
    MaxCostSoFar: descriptor.maxCostSoFar,
    DebitInterval: 0,
    NextAutoDebit: formatTime(ZERO_TIME),
  }
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
