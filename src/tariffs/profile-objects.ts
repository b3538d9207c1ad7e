import { splitOutside } from '../filters/filter-rule.ts'
import { attributeIdsOf } from './attribute-ids.ts'
import { problem } from './compile.ts'
import {
  type CellKind,
  type CellMerge,
  PROFILE_FILES,
  type ProfileColumn,
  type ProfileElements,
  type ProfileFile,
  type ProfileFileName,
} from './profile-files.ts'
import type { TariffRow } from './tariff-rows.ts'

/** A profile as tariff plans have it: fields by name; durations, times and limits are texts. */
export type ProfileObject = { readonly Tenant: string; readonly ID: string } & { [field: string]: unknown }

type Cell = { readonly value: unknown; readonly isEmpty: boolean }

/** Whether a row counts at all. */
export function isPresent(file: ProfileFileName, values: readonly string[]): boolean {
  const { columns, required }: ProfileFile = PROFILE_FILES[file]
  return required === undefined || values[columns.findIndex(({ column }) => column === required)] !== ''
}

/**
 * What the rows of one object of a file of profiles say. Throws TariffError naming file, line, column and value. Reference 06, 1.5.
 */
export function profileObject(file: ProfileFileName, rows: readonly TariffRow[]): ProfileObject {
  const { columns, elements }: ProfileFile = PROFILE_FILES[file]
  const read = (row: TariffRow, at: number, kind: CellKind) => readCell(kind, row, file, at)
  const own = fieldsOf(columns, false, rows, read)
  if (elements !== undefined)
    own[elements.field] = elementGroups(columns, elements, rows).map((group) => fieldsOf(columns, true, group, read))
  return own as ProfileObject
}

function fieldsOf(
  columns: readonly ProfileColumn[],
  isOfElement: boolean,
  rows: readonly TariffRow[],
  read: (row: TariffRow, at: number, kind: CellKind) => Cell,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [at, { field, kind, merge, isNullable, ...column }] of columns.entries()) {
    if ((column.isOfElement ?? false) !== isOfElement) continue
    const value = merged(
      merge,
      rows.map((row) => read(row, at, kind)),
    )
    fields[field] = isNullable && Array.isArray(value) && value.length === 0 ? null : value
  }
  return fields
}

function merged(merge: CellMerge, cells: readonly Cell[]): unknown {
  switch (merge) {
    case 'last':
      return (cells.findLast(({ isEmpty }) => !isEmpty) ?? cells[0])?.value
    case 'first':
      return cells[0]?.value
    case 'end':
      return cells.at(-1)?.value
    case 'any':
      return cells.some(({ value }) => value === true)
    case 'union':
      return [...new Set(cells.flatMap(({ value }) => value as string[]))]
    case 'all':
      return cells.flatMap(({ value }) => value as string[])
  }
}

/** Rows by element, in the order of their first row; a row that names several elements is one row of each. */
function elementGroups(
  columns: readonly ProfileColumn[],
  { named, isList, key }: ProfileElements,
  rows: readonly TariffRow[],
): TariffRow[][] {
  const cellOf = ({ values }: TariffRow, name: string) =>
    values[columns.findIndex(({ column }) => column === name)] ?? ''
  const name = columns.findIndex(({ column }) => column === named)
  const present = rows.filter((row) => cellOf(row, named) !== '')
  if (isList)
    return present.flatMap((row) =>
      partsOf(cellOf(row, named)).map((id) => [{ ...row, values: row.values.with(name, id) }]),
    )
  if (key === undefined) return present.map((row) => [row])
  const groups = Map.groupBy(present, (row) =>
    JSON.stringify(key.map((each) => [...new Set(partsOf(cellOf(row, each)))].sort())),
  )
  return [...groups.values()]
}

function readCell(kind: CellKind, row: TariffRow, file: ProfileFileName, at: number): Cell {
  const text = row.values[at] ?? ''
  const refuse = (reader: string) =>
    problem(row, file, at, `${reader}: parsing ${JSON.stringify(text)}: invalid syntax`)
  switch (kind) {
    case 'text':
      return { value: text, isEmpty: text === '' }
    case 'integer':
      if (!/^([+-]?\d{1,15})?$/.test(text)) throw refuse('strconv.Atoi')
      return { value: Number(text), isEmpty: Number(text) === 0 }
    case 'number':
      if (!/^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)?$/i.test(text)) throw refuse('strconv.ParseFloat')
      return { value: Number(text), isEmpty: Number(text) === 0 }
    case 'boolean':
      if (!/^(1|t|true|0|f|false)?$/i.test(text)) throw refuse('strconv.ParseBool')
      return { value: /^[1t]/i.test(text), isEmpty: text === '' }
    case 'interval': {
      const [from = '', until = ''] = text.split(';')
      return { value: text === '' ? null : { ActivationTime: from, ExpiryTime: until }, isEmpty: text === '' }
    }
    case 'values':
      return { value: partsOf(text), isEmpty: text === '' }
    case 'idsOfInline':
      return { value: attributeIdsOf(text), isEmpty: text === '' }
  }
}

function partsOf(text: string): string[] {
  return splitOutside(text, ';').filter((part) => part !== '')
}
