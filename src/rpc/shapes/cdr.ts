import { type Cdr, inOrder } from '../../cdrs/cdr.ts'
import { formatDuration } from '../../core/duration.ts'
import type { EventValue } from '../../core/event.ts'
import { eventJson } from '../../core/event-values.ts'
import { formatTime } from '../../core/time.ts'
import { eventCostWire } from '../../rating/event-cost-wire.ts'
import { boolean, decimal, duration, integer64, map, pointer, struct, text, time } from '../shape.ts'
import { eventCostShape } from './event-cost.ts'

const cdrFields = {
  CGRID: text,
  RunID: text,
  OrderID: integer64,
  OriginHost: text,
  Source: text,
  OriginID: text,
  ToR: text,
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
  ExtraInfo: text,
  Partial: boolean,
  PreRated: boolean,
  CostSource: text,
  Cost: decimal,
  CostDetails: pointer(eventCostShape),
}

/** A CDR in the form that programs read. Reference 05, 8; 01, 9.1. */
export const cdrShape = struct('engine.CDR', cdrFields)

const { CostDetails: _, Partial: __, SetupTime: ___, AnswerTime: ____, Usage: _____, ...sharedFields } = cdrFields

/** A CDR in the form that people read: times, usage and cost details are texts. Reference 05, 8. */
export const externalCdrShape = struct('engine.ExternalCDR', {
  ...sharedFields,
  SetupTime: text,
  AnswerTime: text,
  Usage: text,
  CostDetails: text,
})

/** decimals: general.rounding_decimals. */
export function externalCdrWire(orderId: number, cdr: Cdr, decimals: number): Record<string, unknown> {
  const {
    Partial: partial,
    ExtraInfo: extraInfo,
    PreRated: preRated,
    CostDetails: details,
    ...wire
  } = cdrWire(orderId, cdr, decimals)
  return {
    ...wire,
    Usage: cdr.toR === '*voice' ? formatDuration(cdr.usage) : String(cdr.usage),
    CostDetails: eventJson(details as EventValue),
    ExtraInfo: extraInfo,
    PreRated: preRated,
  }
}

/** decimals: general.rounding_decimals. */
export function cdrWire(orderId: number, cdr: Cdr, decimals: number): Record<string, unknown> {
  return {
    CGRID: cdr.cgrId,
    RunID: cdr.runId,
    OrderID: orderId,
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
    ExtraFields: inOrder(cdr.extraFields),
    ExtraInfo: cdr.extraInfo,
    Partial: false,
    PreRated: cdr.preRated === true,
    CostSource: cdr.costSource,
    Cost: cdr.cost,
    CostDetails: cdr.costDetails === undefined ? null : eventCostWire(cdr.costDetails, decimals),
  }
}
