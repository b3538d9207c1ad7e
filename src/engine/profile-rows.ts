import { TollgateError } from '../core/errors.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../core/time.ts'
import { checkFilter, checkFilterIds } from '../filters/filter-check.ts'
import type { FilterSources } from '../filters/filter-compiler.ts'
import { type ActivationInterval, type FilterProfile, type FilterRule, splitOutside } from '../filters/filter-rule.ts'
import { isFilterType } from '../filters/filter-types.ts'
import type { ValueOf } from '../rpc/shape.ts'
import { chargerOf, chargerShape } from '../rpc/shapes/profile.ts'
import type { Profile, ProfileKind } from '../rpc/shapes/profile-kinds.ts'
import { isInlineProfile, parseInlineProfile } from '../services/attributes/profile.ts'
import type { ChargerProfile } from '../services/chargers.ts'
import { objects } from '../tariffs/compile.ts'
import { storedCells } from '../tariffs/plan-files.ts'
import { kindOfFile } from '../tariffs/plan-kinds.ts'
import { objectOf } from '../tariffs/plan-objects.ts'
import { TariffError } from '../tariffs/tariff-error.ts'
import { idOf, type TariffFile, type TariffRow, type TariffRows } from '../tariffs/tariff-rows.ts'
import { profileOfObject } from './profile-objects.ts'

/** Runs a part of a load; what is wrong is told with file, line and object. */
export function located<R>(row: TariffRow, file: TariffFile, read: () => R): R {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof TollgateError)
      throw new TariffError(`${row.place}: ${file} ${idOf(file, row.values)}: ${cause.message}`)
    throw cause
  }
}

/** The filters of `Filters.csv`: rules of one type and element are one, with all values. Throws TariffError. Reference 02, 6.1. */
export function filtersOf(rows: TariffRows, now: ZonedTime): FilterProfile[] {
  const filters: FilterProfile[] = []
  for (const [, group] of objects(rows, 'Filters')) {
    const rules = new Map<string, FilterRule>()
    for (const row of group) {
      const [tenant = '', id = '', type = '', element = '', values = ''] = row.values
      if (type === '' && element === '' && values === '') continue
      const key = `${type} ${element}`
      const rule = { type, element, values: [...(rules.get(key)?.values ?? []), ...splitOutside(values, ';')] }
      rules.set(key, rule)
      located(row, 'Filters', () => {
        if (!isFilterType(type)) throw new TariffError(`NOT_IMPLEMENTED:${type}`)
        checkFilter({ id: `${tenant}:${id}`, rules: [rule] })
      })
    }
    const [first] = group
    if (first === undefined) continue
    const [tenant = '', id = ''] = first.values
    filters.push({ tenant, id, rules: [...rules.values()], activation: activationOf(group, 5, 'Filters', now) })
  }
  return filters
}

/** What reading profiles of a folder needs. sources: stored filters, those of the same load among them. */
export type RowReader = {
  readonly now: ZonedTime
  /** `general.rsr_separator`. */
  readonly separator: string
  readonly sources: FilterSources
}

/** The profiles of one kind that a folder has. accept: checks one and makes it what is kept. Throws TariffError. Reference 06, 1.5. */
export function profilesOf<P extends Profile, R>(
  rows: TariffRows,
  kind: Pick<ProfileKind, 'shape' | 'file'>,
  { now, separator }: RowReader,
  accept: (profile: P) => R,
): R[] {
  const { file } = kind
  return [...objects(rows, file)].flatMap(([, group]) => {
    const cells = group.map(({ values, place }) => storedCells(file, values, place))
    const object = objectOf(kindOfFile(file), '', cells)
    const [first] = group
    // A host without an address is none.
    if (first === undefined || object['Conn'] === null) return []
    return [located(first, file, () => accept(profileOfObject(kind, object, now, separator) as P))]
  })
}

/** The profiles of `Chargers.csv`. Throws TariffError. Reference 05, 3.1. */
export function chargersOf(rows: TariffRows, reader: RowReader): ChargerProfile[] {
  return profilesOf(
    rows,
    { shape: chargerShape, file: 'Chargers' },
    reader,
    (charger: ValueOf<typeof chargerShape>) => {
      checkFilterIds(charger.Tenant, charger.ID, charger.FilterIDs, reader.sources)
      checkTypes(charger.FilterIDs)
      for (const id of charger.AttributeIDs)
        if (id !== '*none' && isInlineProfile(id)) parseInlineProfile(charger.Tenant, id)
      return chargerOf(charger)
    },
  )
}

/** A file is not a client: what would fail at every use stops the load. */
function checkTypes(filterIds: readonly string[]): void {
  for (const id of filterIds) {
    const type = id.slice(0, Math.max(id.indexOf(':'), 0))
    if (id.startsWith('*') && !isFilterType(type)) throw new TariffError(`${id}: NOT_IMPLEMENTED:${type}`)
  }
}

function activationOf(
  group: readonly TariffRow[],
  column: number,
  file: TariffFile,
  now: ZonedTime,
): ActivationInterval | null {
  const row = group.findLast(({ values }) => values[column] !== '')
  if (row === undefined) return null
  const [from = '', until = ''] = (row.values[column] ?? '').split(';')
  const instant = (text: string) => {
    const time = located(row, file, () => parseTime(text, now.zone, now))
    return isZeroTime(time) ? null : time
  }
  return { from: instant(from), until: instant(until) }
}
