import type { RecordKind, Unit } from '../../store/unit-of-work.ts'
import { hasSameLimits, type Threshold, type ThresholdProfile } from './threshold.ts'

/** What was counted, and the limits by which. */
type StoredThreshold = {
  readonly limits: readonly [maxHits: number, minHits: number, minSleep: string]
  readonly hits: number
  readonly snoozeUntilNs: string | null
}

const THRESHOLDS = 'threshold/'

const thresholdKind: RecordKind<StoredThreshold> = {
  table: 'state',
  isTransient: true,
  write: (threshold, writer) => void writer.json(JSON.stringify(threshold)),
  decode: (text) => JSON.parse(text) as StoredThreshold,
}

/** Where the records of thresholds begin. */
export const THRESHOLD_PREFIX = THRESHOLDS

/** The key of the record of a profile's threshold, without its prefix. */
export function thresholdKey({ tenant, id }: ThresholdProfile): string {
  return `${encodeURIComponent(tenant)}:${id}`
}

/** Puts what a threshold has counted into a unit. */
export function putThreshold(unit: Unit, { profile, state }: Threshold): void {
  const { maxHits, minHits, minSleep } = profile
  unit.put(thresholdKind, THRESHOLDS + thresholdKey(profile), {
    limits: [maxHits, minHits, String(minSleep)],
    hits: state.hits,
    snoozeUntilNs: state.snoozeUntilNs === null ? null : String(state.snoozeUntilNs),
  })
}

/** key: without its prefix. */
export function deleteThreshold(unit: Unit, key: string): void {
  unit.delete(thresholdKind, THRESHOLDS + key)
}

/** Takes up what the store has; nothing when the threshold has other limits since. */
export function loadThreshold(threshold: Threshold, text: string): void {
  const { limits, hits, snoozeUntilNs } = JSON.parse(text) as StoredThreshold
  const [maxHits, minHits, minSleep] = limits
  if (!hasSameLimits({ maxHits, minHits, minSleep: BigInt(minSleep) }, threshold.profile)) return
  threshold.become({ hits, snoozeUntilNs: snoozeUntilNs === null ? null : BigInt(snoozeUntilNs) })
}
