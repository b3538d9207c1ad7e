import { Decimal } from '../core/decimal.ts'
import { type CellKind, PROFILE_FILES, type ProfileFile, type ProfileFileName } from './profile-files.ts'
import type { ProfileObject } from './profile-objects.ts'

/**
 * The rows that say what an object of a file of profiles says: `profileObject` reads them back. Each element has a row, and each id of a
 * list in which neighbours would become one; what is said once stands in the first row.
 */
export function profileCells(file: ProfileFileName, object: ProfileObject): string[][] {
  const { columns, elements }: ProfileFile = PROFILE_FILES[file]
  const list = elements === undefined ? [] : ((object[elements.field] ?? []) as Record<string, unknown>[])
  const spread = columns.flatMap(({ kind, field }) => (kind === 'idsOfInline' ? [listOf(object[field]).length] : []))
  return Array.from({ length: Math.max(1, list.length, ...spread) }, (_, at) =>
    columns.map(({ field, kind, merge, isOfElement }, column) => {
      if (isOfElement) return cellOf(kind, list[at]?.[field])
      if (kind === 'idsOfInline') return listOf(object[field])[at] ?? ''
      const isSaid = at === 0 || merge === 'end' || column < KEY_COLUMNS
      return isSaid ? cellOf(kind, object[field]) : ''
    }),
  )
}

/** Tenant and ID name the object in every row. */
const KEY_COLUMNS = 2

function listOf(value: unknown): readonly string[] {
  return (value ?? []) as readonly string[]
}

function cellOf(kind: CellKind, value: unknown): string {
  if (value === undefined || value === null) return ''
  switch (kind) {
    case 'number':
      return Decimal.ofNumber(value as number).toString()
    case 'interval': {
      const { ActivationTime: from, ExpiryTime: until } = value as { ActivationTime: string; ExpiryTime: string }
      return `${from};${until}`
    }
    case 'values':
    case 'idsOfInline':
      return listOf(value).join(';')
    default:
      return String(value)
  }
}
