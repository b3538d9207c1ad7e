import { integer64, list, struct, text } from '../shape.ts'

/** A timing as the API shows it. */
export const timingShape = struct('engine.RITiming', {
  ID: text,
  Years: list(integer64),
  Months: list(integer64),
  MonthDays: list(integer64),
  WeekDays: list(integer64),
  StartTime: text,
  EndTime: text,
})
