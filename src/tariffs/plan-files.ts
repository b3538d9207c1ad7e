import { basename } from 'node:path'
import { Decimal } from '../core/decimal.ts'
import type { PlanCells, PlanChange } from '../store/plan-store.ts'
import { type CsvRow, csvFiles, csvLine, parseCsv, readCsvFile } from './csv-rows.ts'
import { fileColumns, hasLoadId, PLAN_FILES, PLAN_TABLES, type PlanFile, type PlanFileColumn } from './plan-tables.ts'
import { TariffError } from './tariff-error.ts'
import { idOf, type ReadTariff, type TariffFile, type TariffRow } from './tariff-rows.ts'

/** The rows of the tables of one plan. */
export type PlanRows = ReadonlyMap<PlanFile, readonly PlanCells[]>

/** A CSV file that is not, or not yet, on a disk. */
export type PlanText = { readonly path: string; readonly text: string }

/** The id of a load, which its rating profiles and account actions carry. runId: '' when it has none. */
export function importLoadId(runId: string): string {
  return runId === '' ? 'CSVLOAD' : `CSVLOAD_${runId}`
}

/** The plan that a tariff folder holds. Throws TariffError naming file, line, column and value. Reference 03, 2.1. */
export function readPlanFolder(folder: string, loadId: string, separator?: string): PlanRows {
  return planOf(
    csvFiles(folder),
    (path) => path,
    (path, columns) => readCsvFile(path, columns, separator),
    loadId,
  )
}

/** The plan that texts of CSV files hold. Throws as `readPlanFolder`. */
export function readPlanTexts(texts: readonly PlanText[], loadId: string): PlanRows {
  return planOf(
    texts,
    ({ path }) => path,
    ({ path, text }, columns) => parseCsv(text, path, columns),
    loadId,
  )
}

function planOf<F>(
  files: readonly F[],
  pathOf: (file: F) => string,
  read: (file: F, columns: readonly string[]) => CsvRow[],
  loadId: string,
): PlanRows {
  const plan = new Map<PlanFile, PlanCells[]>()
  for (const each of files) {
    const file = PLAN_FILES.find((known) => `${known}.csv` === basename(pathOf(each)))
    if (file === undefined) continue
    const names = fileColumns(file).map(({ csv }) => csv)
    const rows = read(each, names).map(({ cells, place }) => {
      const stored = storedCells(file, cells, place)
      return hasLoadId(file) ? [loadId, ...stored] : stored
    })
    plan.set(file, [...(plan.get(file) ?? []), ...rows])
  }
  return new Map([...plan].sort(([a], [b]) => PLAN_FILES.indexOf(a) - PLAN_FILES.indexOf(b)))
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['', '0', 'f', 'F', 'FALSE', 'false', 'False']

/** Cells of a row of a file as its table has them. Throws TariffError. */
export function storedCells(file: PlanFile, cells: readonly string[], place: string): string[] {
  const columns = fileColumns(file)
  return cells.map((cell, at) => storedCell(columns[at], cell, place))
}

/** A cell of a file as its table has it. Throws TariffError. Reference 03, 2.1. */
function storedCell(column: (PlanFileColumn & { csv: string }) | undefined, cell: string, place: string): string {
  if (column === undefined) return cell
  const refuse = (expected: string): never => {
    throw new TariffError(`${place}: ${column.csv} ${JSON.stringify(cell)}: invalid value, expected ${expected}`)
  }
  switch (column.is) {
    case 'text':
      return cell
    case 'boolean':
      if (!TRUE.includes(cell) && !FALSE.includes(cell)) refuse('true or false')
      return String(TRUE.includes(cell))
    case 'integer':
      if (!/^([+-]?\d{1,15})?$/.test(cell)) refuse('a whole number')
      return String(Number(cell))
    case 'decimal':
      try {
        return cell === '' ? '0' : Decimal.parse(cell).toString()
      } catch {
        return refuse('a number')
      }
  }
}

/** What storing a plan changes: its objects replace those of the same key. */
export function importChanges(plan: PlanRows): PlanChange[] {
  return [...plan].map(([file, rows]) => {
    const { name, keys } = PLAN_TABLES[file]
    const objects = new Map(rows.map((cells) => [JSON.stringify(cells.slice(0, keys)), cells.slice(0, keys)]))
    return { table: name, removed: [...objects.values()], added: rows }
  })
}

/** The CSV files of a plan, those of kinds that it does not have left out. Loads are not told apart in them. */
export function planTexts(plan: PlanRows, separator: string): PlanText[] {
  return PLAN_FILES.flatMap((file) => {
    const rows = plan.get(file) ?? []
    const from = hasLoadId(file) ? 1 : 0
    const text = rows.map((cells) => csvLine(cells.slice(from), separator)).join('')
    return rows.length === 0 ? [] : [{ path: `${file}.csv`, text }]
  })
}

/** The plan as a folder of the same files would be read. When several loads have an object, the last one counts. */
export function tariffOf(planId: string, plan: PlanRows): ReadTariff {
  const rows = new Map<TariffFile, Map<string, TariffRow[]>>()
  for (const [file, cells] of plan) {
    if (cells.length === 0) continue
    const objects = new Map<string, TariffRow[]>()
    const loads = new Map<string, string>()
    rows.set(file, objects)
    for (const stored of cells) {
      const [loadId = '', ...others] = hasLoadId(file) ? stored : ['', ...stored]
      const id = idOf(file, others)
      const row = { values: others, place: `stor_db ${planId}: ${PLAN_TABLES[file].name} ${id}` }
      const held = loads.get(id) === loadId ? objects.get(id) : undefined
      if (held === undefined) objects.set(id, [row])
      else held.push(row)
      loads.set(id, loadId)
    }
  }
  return { rows, ignored: [] }
}
