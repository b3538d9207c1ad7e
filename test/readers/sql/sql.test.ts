import t from 'tap'
import type { EventFields } from '../../../src/core/event.ts'
import { textOf } from '../../../src/mapping/context.ts'
import { SQL_READER, sqlRow } from '../../../src/readers/sql/sql-paths.ts'

const ROW = sqlRow({ id: 7, usage: '10000000000', cost: 1.01, note: null, details: { Charges: [{ RatingID: 'R2' }] } })

function read(path: string, isFilter: boolean): string {
  const reader = isFilter ? (SQL_READER.forFilters ?? SQL_READER) : SQL_READER
  try {
    const value = reader.compileRequestPath(path)(ROW as EventFields)
    return value === undefined ? 'NOT_FOUND' : textOf(value)
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

t.test('09, A11: fields read columns as text, filters also into their JSON', async (t) => {
  const rows: [path: string, ofFields: string, ofFilters: string][] = [
    ['id', '7', '7'],
    ['cost', '1.01', '1.01'],
    ['note', '', ''],
    ['none', 'NOT_FOUND', 'NOT_FOUND'],
    ['details', '{"Charges":[{"RatingID":"R2"}]}', '{"Charges":[{"RatingID":"R2"}]}'],
    ['details.Charges[0].RatingID', 'WRONG_PATH', 'R2'],
    ['details.Charges[1].RatingID', 'WRONG_PATH', 'NOT_FOUND'],
    ['note.x', 'WRONG_PATH', 'WRONG_PATH'],
    ['id.x', 'WRONG_PATH', 'WRONG_PATH'],
    ['none.x', 'NOT_FOUND', 'NOT_FOUND'],
  ]
  for (const [path, ofFields, ofFilters] of rows) {
    t.equal(read(path, false), ofFields, path)
    t.equal(read(path, true), ofFilters, `${path} in a filter`)
  }
})
