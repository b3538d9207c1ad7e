import { parseDuration } from '../core/duration.ts'
import type { Timing } from '../rating/model.ts'
import { compileTimings } from './compile.ts'
import type { TariffRow, TariffRows } from './tariff-rows.ts'

const MIDNIGHT = '00:00:00'

/**
 * Whether rating plans have a price at every time of the week, and rates whose slots follow each other: what a load that asks for
 * validation must have. Only what the plans name is looked at; times are texts, `0:0:0` is no midnight. rows: those of the plans and
 * of all they name, which can be compiled. Reference 03, 2.4.
 */
export function isWellFormed(planIds: Iterable<string>, rows: TariffRows): boolean {
  const timings = compileTimings(rows)
  for (const id of planIds) {
    const plan = rows.get('RatingPlans')?.get(id) ?? []
    const named = plan.flatMap(({ values }) => timings.get(values[2] ?? '') ?? [])
    if (!isAlways(named) || named.some(isContradicting)) return false
    for (const rateId of ratesOf(plan, rows)) if (!areSlotsInOrder(rows.get('Rates')?.get(rateId) ?? [])) return false
  }
  return true
}

function isAlways(timings: readonly Timing[]): boolean {
  const ofAllYear = timings.filter(
    ({ years, months, monthDays, startTime }) =>
      startTime === MIDNIGHT && years.length + months.length + monthDays.length === 0,
  )
  const days = new Set(ofAllYear.flatMap(({ weekDays }) => weekDays))
  return days.size === 7 || ofAllYear.some(({ weekDays }) => weekDays.length === 0)
}

/** Days of the week together with parts of the year. */
function isContradicting({ years, months, monthDays, weekDays }: Timing): boolean {
  return weekDays.length > 0 && years.length + months.length + monthDays.length > 0
}

function ratesOf(plan: readonly TariffRow[], rows: TariffRows): Set<string> {
  const groups = plan.flatMap(({ values }) => rows.get('DestinationRates')?.get(values[1] ?? '') ?? [])
  return new Set(groups.map(({ values }) => values[2] ?? ''))
}

/** Each slot but the last is used in whole increments up to the start of the next. */
function areSlotsInOrder(rate: readonly TariffRow[]): boolean {
  const slots = rate
    .map(({ values: [, , , unit = '', increment = '', start = ''] }) => ({
      unit: parseDuration(unit),
      increment: parseDuration(increment),
      start: parseDuration(start),
    }))
    .sort((a, b) => (a.start < b.start ? -1 : 1))
  return slots.every(({ unit, increment, start }, at) => {
    const next = slots[at + 1]
    if (next === undefined) return true
    return unit !== 0n && increment !== 0n && start < next.start && next.start % increment === 0n
  })
}
