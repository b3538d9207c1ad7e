import { Decimal } from '../core/decimal.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { splitOutside } from '../filters/filter-rule.ts'
import type { PlanCells } from '../store/plan-store.ts'
import { attributeIdsOf } from './attribute-ids.ts'
import type { Giver, PlanField, PlanKind, PlanScalar } from './plan-kinds.ts'
import { PLAN_TABLES, type PlanFile, type PlanFileTable } from './plan-tables.ts'

/** An object of a tariff plan by the names of its fields, as `PlanKind` describes it: amounts are Decimal, durations ns. */
export type PlanObject = Readonly<Record<string, unknown>>

/** A row by the names of its columns. */
type Row = Readonly<Record<string, string>>

/** The object whose rows these are, in their order; its lists are null when they are empty. */
export function objectOf(kind: PlanKind, planId: string, cells: readonly PlanCells[]): PlanObject {
  const { columns }: PlanFileTable = PLAN_TABLES[kind.file]
  const rows = cells.map((row): Row => Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? ''])))
  const keys = kind.keys.map(({ field, column }) => [field, rows[0]?.[column] ?? ''])
  return { TPid: planId, ...Object.fromEntries(keys), ...valuesOf(kind.fields, rows) }
}

/** The rows of an object: none when it is a list of nothing. What the first of them says of all, the others leave empty. */
export function rowsOf(kind: PlanKind, object: PlanObject): PlanCells[] {
  const { columns }: PlanFileTable = PLAN_TABLES[kind.file]
  const keys = Object.fromEntries(kind.keys.map(({ field, column }) => [column, String(object[field] ?? '')]))
  const head = headOf(kind.fields, object)
  const bodies = kind.fields.flatMap((field) => bodiesOf(field, object))
  const isMadeOfBodies = kind.fields.every(({ as }) => as === 'each' || as === 'objects') && !isProfile(kind)
  if (bodies.length === 0 && !isMadeOfBodies) bodies.push({})
  return bodies.map((body, at) => {
    const row: Row = { ...(at === 0 ? head : {}), ...body, ...keys }
    return columns.map(({ name, is }) => row[name] ?? EMPTY[is])
  })
}

/** What an empty cell of a file is in the table. */
const EMPTY = { text: '', decimal: '0', integer: '0', boolean: 'false' } as const

function isProfile({ keys }: PlanKind): boolean {
  return keys[0]?.column === 'tenant'
}

function valuesOf(fields: readonly PlanField[], rows: readonly Row[]): PlanObject {
  return Object.fromEntries(fields.map((field) => [field.field, fieldValue(field, rows)]))
}

function fieldValue(field: PlanField, rows: readonly Row[]): unknown {
  switch (field.as) {
    case 'list':
      return listOf(field, rows)
    case 'each':
      return orNull(rows.map((row) => row[field.column] ?? ''))
    case 'interval': {
      const text = rows.findLast((row) => row[field.column] !== '')?.[field.column]
      if (text === undefined) return null
      const [from = '', until = ''] = text.split(';')
      return { ActivationTime: from, ExpiryTime: until }
    }
    case 'nothing':
      return null
    case 'objects':
      return orNull(elementsOf(field, rows).map((group) => valuesOf(field.fields, group)))
    case 'object': {
      const row = rows.findLast((each) => each[field.present] !== '')
      return row === undefined ? null : valuesOf(field.fields, [row])
    }
    default:
      return scalarOf(field, giverOf(field, rows))
  }
}

function listOf(
  { column, append, spread }: Extract<PlanField, { as: 'list' }>,
  rows: readonly Row[],
): readonly string[] | null {
  const parts = rows.flatMap((row) => (spread ? attributeIdsOf : partsOf)(row[column] ?? ''))
  return orNull(append || spread ? parts : [...new Set(parts)])
}

function partsOf(text: string): string[] {
  return splitOutside(text, ';').filter((part) => part !== '')
}

function orNull<T>(items: readonly T[]): readonly T[] | null {
  return items.length === 0 ? null : items
}

/** The rows of each element of a list of objects. */
function elementsOf(field: Extract<PlanField, { as: 'objects' }>, rows: readonly Row[]): Row[][] {
  const { present = [], together, items } = field
  const held = present.length === 0 ? rows : rows.filter((row) => present.some((column) => row[column] !== ''))
  if (items !== undefined)
    return held.flatMap((row) => partsOf(row[items] ?? '').map((item) => [{ ...row, [items]: item }]))
  if (together === undefined) return held.map((row) => [row])
  const sameness = (row: Row) =>
    JSON.stringify(together.map((column) => [...new Set(partsOf(row[column] ?? ''))].sort()))
  return [...Map.groupBy(held, sameness).values()]
}

/** The text that counts for all rows. */
function giverOf({ as, column, by = 'last' }: PlanScalar, rows: readonly Row[]): string {
  const texts = rows.map((row) => row[column] ?? '')
  const isSaid = (text: string) => text !== '' && !(as !== 'text' && /^(0|false)$/.test(text))
  const givers: Readonly<Record<Giver, () => string | undefined>> = {
    first: () => texts[0],
    last: () => texts.findLast(isSaid) ?? texts[0],
    final: () => texts.at(-1),
    any: () => texts.find(isSaid) ?? texts[0],
  }
  return givers[by]() ?? ''
}

function scalarOf({ as }: PlanScalar, text: string): unknown {
  switch (as) {
    case 'text':
      return text
    case 'boolean':
      return text === 'true'
    case 'duration':
      return parseDuration(text)
    case 'decimal':
      return text === '' ? Decimal.ZERO : Decimal.parse(text)
    default:
      return Number(text)
  }
}

/** What an object says once. */
function headOf(fields: readonly PlanField[], object: PlanObject): Row {
  const cells: Record<string, string> = {}
  for (const field of fields) {
    const value = object[field.field]
    switch (field.as) {
      case 'nothing':
      case 'each':
      case 'objects':
        break
      case 'list':
        if (!field.spread) cells[field.column] = ((value ?? []) as readonly string[]).join(';')
        break
      case 'interval':
        cells[field.column] = intervalText(value as { ActivationTime: string; ExpiryTime: string } | null)
        break
      case 'object':
        if (value !== null && value !== undefined) Object.assign(cells, headOf(field.fields, value as PlanObject))
        break
      default:
        if (field.column !== '') cells[field.column] = cellOf(field, value)
    }
  }
  return cells
}

function intervalText(interval: { ActivationTime: string; ExpiryTime: string } | null | undefined): string {
  if (interval === null || interval === undefined) return ''
  const { ActivationTime: from, ExpiryTime: until } = interval
  return until === '' ? from : `${from};${until}`
}

/** What an object says once for each of its elements. */
function bodiesOf(field: PlanField, object: PlanObject): Row[] {
  const values = (object[field.field] ?? []) as readonly unknown[]
  if (field.as === 'each' || (field.as === 'list' && field.spread))
    return values.map((value) => ({ [field.column]: String(value) }))
  return field.as === 'objects' ? values.map((value) => headOf(field.fields, value as PlanObject)) : []
}

function cellOf({ as }: PlanScalar, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (as === 'duration') return formatDuration(value as bigint)
  return as === 'number' ? Decimal.ofNumber(value as number).toString() : String(value)
}

/** Columns and values of the key of an object. */
export function keyWhere(kind: PlanKind, key: readonly string[]): Record<string, string> {
  return Object.fromEntries(kind.keys.map(({ column }, at) => [column, key[at] ?? '']))
}

/** The columns of a table that name its objects. */
export function keyColumns(file: PlanFile): string[] {
  const { keys, columns }: PlanFileTable = PLAN_TABLES[file]
  return columns.slice(0, keys).map(({ name }) => name)
}
