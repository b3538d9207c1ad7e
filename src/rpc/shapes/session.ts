import { fieldText } from '../../core/event-values.ts'
import type { Session } from '../../sessions/session.ts'
import { decimal, duration, integer64, struct, text } from '../shape.ts'

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
  SetupTime: text,
  AnswerTime: text,
  Usage: duration,
  LoopIndex: integer64,
  DurationIndex: duration,
  MaxCostSoFar: decimal,
})

/** The runs of a session, in the order of their charger. */
export function activeSessionWire({ cgrId, originId, originHost, runs }: Session): Record<string, unknown>[] {
  return runs.map(({ runId, event, descriptor, quota, requestType }) => ({
    CGRID: cgrId,
    RunID: runId,
    ToR: descriptor.toR,
    OriginID: originId,
    OriginHost: originHost,
    Source: `SessionS_${fieldText(event, 'EventName')}`,
    RequestType: requestType,
    Tenant: descriptor.tenant,
    Category: descriptor.category,
    Account: descriptor.account,
    Subject: descriptor.subject,
    Destination: descriptor.destination,
    SetupTime: fieldText(event, 'SetupTime'),
    AnswerTime: fieldText(event, 'AnswerTime'),
    Usage: quota.total,
    LoopIndex: descriptor.loopIndex,
    DurationIndex: descriptor.durationIndex,
    MaxCostSoFar: descriptor.maxCostSoFar,
  }))
}
