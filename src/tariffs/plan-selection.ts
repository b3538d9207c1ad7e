import type { PlanCells } from '../store/plan-store.ts'
import type { PlanRows } from './plan-files.ts'
import { PLAN_TABLES, type PlanFile, type PlanFileTable } from './plan-tables.ts'

/** Objects of a plan: of one kind, those whose columns have these values; undefined is any. */
export type PlanSelection = { readonly file: PlanFile; readonly where: Readonly<Record<string, string | undefined>> }

/** What objects name that is to be loaded with them, by column. Reference 03, 2.4 and 3.2. */
const NAMED: Partial<Record<PlanFile, readonly { readonly column: string; readonly file: PlanFile }[]>> = {
  RatingPlans: [
    { column: 'destrates_tag', file: 'DestinationRates' },
    { column: 'timing_tag', file: 'Timings' },
  ],
  DestinationRates: [
    { column: 'destinations_tag', file: 'Destinations' },
    { column: 'rates_tag', file: 'Rates' },
  ],
  AccountActions: [
    { column: 'action_plan_tag', file: 'ActionPlans' },
    { column: 'action_triggers_tag', file: 'ActionTriggers' },
  ],
  ActionPlans: [
    { column: 'actions_tag', file: 'Actions' },
    { column: 'timing_tag', file: 'Timings' },
  ],
  ActionTriggers: [{ column: 'actions_tag', file: 'Actions' }],
  Actions: [{ column: 'timing_tags', file: 'Timings' }],
}

/** The selected objects with what they name, as far as the plan has it; undefined when there is none. */
export function selectPlan(plan: PlanRows, { file, where }: PlanSelection): PlanRows | undefined {
  const wanted = Object.entries(where).filter(([, value]) => value !== undefined)
  const selected = (plan.get(file) ?? []).filter((row) =>
    wanted.every(([column, value]) => cell(file, row, column) === value),
  )
  if (selected.length === 0) return undefined
  const found = new Map<PlanFile, Set<PlanCells>>([[file, new Set(selected)]])
  const add = (from: PlanFile, rows: readonly PlanCells[]) => {
    for (const { column, file: named } of NAMED[from] ?? []) {
      const ids = new Set(rows.flatMap((row) => cell(from, row, column).split(';')))
      const held = found.get(named) ?? new Set()
      const others = (plan.get(named) ?? []).filter((row) => ids.has(cell(named, row, 'tag')) && !held.has(row))
      found.set(named, new Set([...held, ...others]))
      if (others.length > 0) add(named, others)
    }
  }
  add(file, selected)
  // Rows stay in the order of the plan: of those of an object the first or the last counts.
  return new Map([...found].map(([each, rows]) => [each, (plan.get(each) ?? []).filter((row) => rows.has(row))]))
}

function cell(file: PlanFile, row: PlanCells, column: string): string {
  const { columns }: PlanFileTable = PLAN_TABLES[file]
  return row[columns.findIndex(({ name }) => name === column)] ?? ''
}
