import { any, decimal, integer64, list, map, pointer, struct, text, time } from '../shape.ts'

const named = { Tenant: text, ID: text }

/** A queue of statistics. Reference 06, 5.5. */
export const statQueueShape = struct('engine.StatQueue', {
  ...named,
  SQItems: pointer(list(struct('engine.SQItem', { EventID: text, ExpiryTime: pointer(time) }))),
  SQMetrics: map(any),
})

/** Units in use of a resource. Reference 06, 3.1. */
export const resourceShape = struct('engine.Resource', {
  ...named,
  Usages: map(struct('engine.ResourceUsage', { ...named, ExpiryTime: time, Units: decimal })),
  TTLIdx: pointer(list(text)),
})

/** What a threshold has counted. Reference 06, 6.1. */
export const thresholdShape = struct('engine.Threshold', { ...named, Hits: integer64, Snooze: time })
