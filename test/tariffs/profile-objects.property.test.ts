import fc from 'fast-check'
import t from 'tap'
import {
  PROFILE_FILES,
  type ProfileColumn,
  type ProfileFile,
  type ProfileFileName,
} from '../../src/tariffs/profile-files.ts'
import { profileObject } from '../../src/tariffs/profile-objects.ts'
import { TARIFF_FILES } from '../../src/tariffs/tariff-rows.ts'

/** A text as cells have it: not empty, no list, no inline. */
const word = fc.stringMatching(/^[A-Za-z0-9_.:~ ]{1,8}$/).filter((text) => text.trim() !== '')
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 4 })

/** A value of a column, and the cell that says it. */
function cellOf({ kind, isNullable }: ProfileColumn): fc.Arbitrary<{ value: unknown; cell: string }> {
  switch (kind) {
    case 'integer':
      return fc.integer().map((value) => ({ value, cell: String(value) }))
    case 'number':
      return fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value) => ({ value: value || 0, cell: String(value || 0) }))
    case 'boolean':
      return fc.boolean().map((value) => ({ value, cell: String(value) }))
    case 'interval':
      return fc.option(fc.tuple(word, word)).map((times) => ({
        value: times && { ActivationTime: times[0], ExpiryTime: times[1] },
        cell: times?.join(';') ?? '',
      }))
    case 'values':
    case 'idsOfInline':
      return fc.option(words).map((list) => ({ value: list ?? (isNullable ? null : []), cell: list?.join(';') ?? '' }))
    case 'text':
      return word.map((value) => ({ value, cell: value }))
  }
}

type Fields = { values: Record<string, unknown>; cells: (string | undefined)[] }

/** Fields of the object, or of one element, with the cells of their columns. */
function fieldsOf(columns: readonly ProfileColumn[], isOfElement: boolean): fc.Arbitrary<Fields> {
  const own = columns.map((column) =>
    (column.isOfElement ?? false) === isOfElement ? cellOf(column) : fc.constant(undefined),
  )
  return fc.tuple(...own).map((made) => ({
    cells: made.map((each) => each?.cell),
    values: Object.fromEntries(
      made.flatMap((each, at) => (each === undefined ? [] : [[columns[at]?.field, each.value]])),
    ),
  }))
}

t.test('06, 1.5: an object written as rows reads back, whichever row its own cells stand in', async (t) => {
  for (const file of Object.keys(PROFILE_FILES) as ProfileFileName[]) {
    const { columns, elements }: ProfileFile = PROFILE_FILES[file]
    const name = columns.findIndex(({ column }) => column === elements?.named)
    const elementLists = fc.uniqueArray(fieldsOf(columns, true), {
      minLength: elements === undefined ? 0 : 1,
      maxLength: elements === undefined ? 0 : 4,
      selector: ({ cells }) => cells[name],
    })
    fc.assert(
      fc.property(fieldsOf(columns, false), elementLists, (own, list) => {
        const rows = (list.length === 0 ? [undefined] : list).map((element, at) => ({
          // What counts in the first and in the last row alone stands in each, the rest in the first.
          values: columns.map(({ merge, isOfElement }, column) =>
            isOfElement
              ? (element?.cells[column] ?? '')
              : at === 0 || merge === 'end' || column < 2
                ? (own.cells[column] ?? '')
                : '',
          ),
          place: `${file}.csv:${at + 1}`,
        }))
        const expected = { ...own.values, ...(elements && { [elements.field]: list.map(({ values }) => values) }) }
        t.same(JSON.parse(JSON.stringify(profileObject(file, rows))), JSON.parse(JSON.stringify(expected)), file)
      }),
      { numRuns: 50 },
    )
  }
})

t.test('06, 1.5: the columns are those of the reference', async (t) => {
  t.same(
    TARIFF_FILES.IPs.columns.join(),
    'Tenant,ID,FilterIDs,ActivationInterval,TTL,Stored,Weight,PoolID,PoolFilterIDs,PoolType,PoolRange,PoolStrategy,PoolMessage,PoolWeight,PoolBlocker',
  )
  t.same(
    TARIFF_FILES.Routes.columns.join(),
    'Tenant,ID,FilterIDs,ActivationInterval,Sorting,SortingParameters,RouteID,RouteFilterIDs,RouteAccountIDs,RouteRatingPlanIDs,RouteResourceIDs,RouteStatIDs,RouteWeight,RouteBlocker,RouteParameters,Weight',
  )
  t.same(
    TARIFF_FILES.DispatcherProfiles.columns.join(),
    'Tenant,ID,Subsystems,FilterIDs,ActivationInterval,Strategy,StrategyParameters,ConnID,ConnFilterIDs,ConnWeight,ConnBlocker,ConnParameters,Weight',
  )
})
