import type { Timing } from '../rating/model.ts'

/** Timings as the API shows them. */
export function timingsWire(timings: readonly Timing[] | null): Record<string, unknown>[] | null {
  return timings?.map(timingWire) ?? null
}

/** A timing as the API shows it. */
export function timingWire(timing: Timing): Record<string, unknown> {
  const { id, years, months, monthDays, weekDays, startTime, endTime } = timing
  return {
    ID: id,
    Years: years,
    Months: months,
    MonthDays: monthDays,
    WeekDays: weekDays,
    StartTime: startTime,
    EndTime: endTime,
  }
}
