import { addNs, atSecondOfDay, nextMidnight, type WallClock, wallClock, type ZonedTime } from '../core/time.ts'
import type { RatedSpan, RateGroup, RatingMatch } from './model.ts'
import { appliesAt, type DestinationRates, type PlanInterval } from './plan.ts'

const SECOND = 1_000_000_000n

/** The prices that apply from a moment on: one activation of a profile, matched. Reference 03, 4.3.3. */
export type RatingInfo = { activationNs: bigint; rates: DestinationRates; match: RatingMatch }

type Span = { start: ZonedTime; usage: bigint; durationIndex: bigint; interval: PlanInterval | undefined }

/**
 * Cuts usage into priced timespans. Reference 03, 4.5 and 4.6, in closed form.
 * Undefined when a part of it has no price (no timing covers it, or no rate group).
 * decimals: general.rounding_decimals.
 */
export function splitTimespans(
  request: { timeStart: ZonedTime; usage: bigint; durationIndex: bigint; isTime: boolean },
  info: RatingInfo,
  laterActivationNs: bigint | undefined,
  decimals: number,
): RatedSpan[] | undefined {
  const { timeStart: start, usage, durationIndex, isTime } = request
  let spans: Span[] = [{ start, usage, durationIndex, interval: undefined }]
  if (isTime && laterActivationNs !== undefined) spans = cutAllAt(spans, laterActivationNs)
  if (isTime && !info.rates.timeless) spans = spans.flatMap(cutAtMidnights)
  for (let at = 0; at < spans.length; at++) {
    const span = spans[at]
    if (span !== undefined) assignInterval(span, at, spans, info.rates, isTime)
  }
  return priceSpans(roundToIncrements(spans), info.match, decimals)
}

function endOf(span: Span): ZonedTime {
  return addNs(span.start, span.usage)
}

/** Cuts `span` after `usage` of it; the right part is returned. */
function cut(span: Span, usage: bigint): Span {
  const right = {
    start: addNs(span.start, usage),
    usage: span.usage - usage,
    durationIndex: span.durationIndex,
    interval: undefined,
  }
  span.durationIndex -= right.usage
  span.usage = usage
  return right
}

function cutAllAt(spans: readonly Span[], instantNs: bigint): Span[] {
  return spans.flatMap((span) => {
    const offset = instantNs - span.start.ns
    return offset > 0n && offset < span.usage ? [span, cut(span, offset)].sort(byStart) : [span]
  })
}

function byStart(a: Span, b: Span): number {
  return a.start.ns < b.start.ns ? -1 : 1
}

/** A span that ends within the second 00:00:00 is not cut at all. Reference 03, 4.5.3. */
function cutAtMidnights(span: Span): Span[] {
  if (wallClock(endOf(span)).secondOfDay === 0) return [span]
  const parts = [span]
  for (let last = span; ; ) {
    const offset = nextMidnight(last.start).ns - last.start.ns
    if (offset >= last.usage) return parts
    last = cut(last, offset)
    parts.push(last)
  }
}

/** Finds the interval of one span, cutting it where another one begins. Reference 03, 4.5.4. */
function assignInterval(span: Span, at: number, spans: Span[], rates: DestinationRates, isTime: boolean): void {
  if (rates.timeless) {
    const [only] = rates.sorted
    if (only === undefined) return
    const boundary = groupBoundary(only, span)
    span.interval = only
    if (boundary !== undefined) spans.splice(at + 1, 0, cut(span, boundary))
    return
  }
  const startClock = wallClock(span.start)
  for (const candidate of selectIntervals(rates.sorted, span, startClock)) {
    const atStart = appliesAt(candidate, startClock)
    const atEnd = appliesAt(candidate, endClock(span))
    if (!atStart && !atEnd) continue
    const boundary = groupBoundary(candidate, span)
    if (boundary !== undefined) {
      const right = cut(span, boundary)
      attach(right, candidate)
      attach(span, candidate)
      spans.splice(at + 1, 0, right)
    } else if (!isTime) {
      if (atStart) attach(span, candidate)
      continue
    } else if (atStart) {
      attach(span, candidate)
      if (atEnd) continue
      const offset = nextMidnight(span.start).ns - span.start.ns
      if (offset < span.usage) spans.splice(at + 1, 0, cut(span, offset))
    } else {
      const offset = atSecondOfDay(span.start, candidate.startSecond).ns - span.start.ns
      if (offset <= 0n || offset >= span.usage) continue
      const right = cut(span, offset)
      attach(right, candidate)
      spans.splice(at + 1, 0, right)
    }
    if (span.interval !== undefined) return
  }
}

/** An end at 00:00:00 belongs to the day before. */
function endClock(span: Span): WallClock {
  const end = endOf(span)
  const clock = wallClock(end)
  return clock.secondOfDay === 0 ? wallClock(addNs(end, -SECOND)) : clock
}

/** Intervals to try for a span, best first. Reference 03, 4.5 "Selecting intervals". */
function selectIntervals(sorted: readonly PlanInterval[], span: Span, startClock: WallClock): readonly PlanInterval[] {
  let best = -1
  for (let i = 0; i < sorted.length; i++) {
    const candidate = sorted[i]
    const held = sorted[best]
    if (candidate === undefined || !appliesAt(candidate, startClock)) continue
    if (held === undefined || (candidate.weight >= held.weight && candidate.startSecond > held.startSecond)) best = i
  }
  const first = Math.max(best, 0)
  const weight = sorted[first]?.weight ?? 0
  return sorted.filter((candidate, i) => {
    if (i === first) return true
    if (i < first || candidate.weight < weight) return false
    return atSecondOfDay(span.start, candidate.startSecond).ns < endOf(span).ns
  })
}

/** Gives the span this interval unless it has a better one. */
function attach(span: Span, candidate: PlanInterval): void {
  const { secondOfDay } = wallClock(span.start)
  if (candidate.startSecond > secondOfDay) return
  const held = span.interval
  if (held === undefined || candidate.weight > held.weight || candidate.startSecond > held.startSecond) {
    span.interval = candidate
  }
}

/** Usage of the span after which the next rate group begins, if one begins strictly inside. */
function groupBoundary({ interval }: PlanInterval, span: Span): bigint | undefined {
  const groupStart = span.durationIndex - span.usage
  for (const { start } of interval.rating.groups) {
    if (start > groupStart && start < span.durationIndex) return start - groupStart
  }
  return undefined
}

function groupOf({ interval }: PlanInterval, groupStart: bigint): RateGroup | undefined {
  return interval.rating.groups.findLast(({ start }) => start <= groupStart)
}

/** Extends each span to whole increments, at the cost of those after it. Reference 03, 4.5.5. */
function roundToIncrements(spans: readonly Span[]): Span[] {
  const rounded: Span[] = []
  let reached = spans[0]?.start.ns ?? 0n
  for (const span of spans) {
    const overlap = reached - span.start.ns
    if (overlap >= span.usage) continue
    if (overlap > 0n) {
      span.start = addNs(span.start, overlap)
      span.usage -= overlap
    }
    const group = span.interval && groupOf(span.interval, span.durationIndex - span.usage)
    const rest = group === undefined ? 0n : span.usage % group.increment
    if (group !== undefined && rest !== 0n) {
      span.usage += group.increment - rest
      span.durationIndex += group.increment - rest
    }
    rounded.push(span)
    reached = span.start.ns + span.usage
  }
  return rounded
}

function priceSpans(spans: readonly Span[], match: RatingMatch, decimals: number): RatedSpan[] | undefined {
  const rated: RatedSpan[] = []
  for (const { start, usage, durationIndex, interval } of spans) {
    const group = interval && groupOf(interval, durationIndex - usage)
    if (interval === undefined || group === undefined) return undefined
    rated.push({
      timeStart: start,
      usage,
      durationIndex,
      interval: interval.interval,
      increments: priceIncrements(usage, group, decimals),
      match,
    })
  }
  return rated
}

/**
 * Increments of `usage` (a whole number of them) in one rate group. Each is rounded by itself: 60 s at 0.1/min in 1 s
 * steps cost 0.1002. Reference 03, 4.6.
 */
export function priceIncrements(usage: bigint, group: RateGroup, decimals: number): RatedSpan['increments'] {
  const count = usage / group.increment
  const raw = group.price.timesInteger(usage).divideInteger(group.unit, decimals, '*middle')
  return { duration: group.increment, cost: raw.divideInteger(count, decimals, '*middle'), count }
}
