import { TollgateError } from '../core/errors.ts'
import { isZeroTime, parseTime, type ZonedTime } from '../core/time.ts'
import { checkFilter, checkFilterIds } from '../filters/filter-check.ts'
import type { FilterSources } from '../filters/filter-compiler.ts'
import { type ActivationInterval, type FilterProfile, type FilterRule, splitOutside } from '../filters/filter-rule.ts'
import { FILTER_TYPES } from '../filters/filter-types.ts'
import { type ChargerProfile, compileAttributes } from '../services/chargers.ts'
import { objects } from '../tariffs/compile.ts'
import { idOf, TariffError, type TariffFile, type TariffRow, type TariffRows } from '../tariffs/tariff-rows.ts'

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
        if (!FILTER_TYPES.includes(type)) throw new TariffError(`NOT_IMPLEMENTED:${type}`)
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

/** The profiles of `Chargers.csv`. sources: stored filters, those of the same load among them. Throws TariffError. Reference 05, 3.1. */
export function chargersOf(rows: TariffRows, now: ZonedTime, sources: FilterSources): ChargerProfile[] {
  const chargers: ChargerProfile[] = []
  for (const [, group] of objects(rows, 'Chargers')) {
    const [first] = group
    if (first === undefined) continue
    const [tenant = '', id = ''] = first.values
    const last = (column: number) => group.findLast(({ values }) => values[column] !== '')?.values[column] ?? ''
    const filterIds = new Set(group.flatMap(({ values }) => splitOutside(values[2] ?? '', ';')))
    filterIds.delete('')
    const weights = group.map(({ values }) => Number(values[6] || 0)).filter((weight) => weight !== 0)
    const profile: ChargerProfile = {
      tenant,
      id,
      filterIds: [...filterIds],
      activation: activationOf(group, 3, 'Chargers', now),
      runId: last(4),
      attributeIds: group.flatMap(({ values }) => attributeIdsOf(values[5] ?? '')),
      weight: weights.at(-1) ?? 0,
    }
    located(first, 'Chargers', () => {
      checkFilterIds(tenant, id, profile.filterIds, sources)
      checkTypes(profile.filterIds)
      compileAttributes(profile.attributeIds)
    })
    chargers.push(profile)
  }
  return chargers
}

/** A file is not a client: what would fail at every use stops the load. */
function checkTypes(filterIds: readonly string[]): void {
  for (const id of filterIds) {
    const type = id.slice(0, Math.max(id.indexOf(':'), 0))
    if (id.startsWith('*') && !FILTER_TYPES.includes(type)) throw new TariffError(`${id}: NOT_IMPLEMENTED:${type}`)
  }
}

/** Neighbours that begin with `*` are one inline attribute. */
function attributeIdsOf(text: string): string[] {
  const ids: string[] = []
  let isAfterInline = false
  for (const part of splitOutside(text, ';')) {
    const isInline = part.startsWith('*') && part !== '*none'
    if (isInline && isAfterInline) ids[ids.length - 1] += `;${part}`
    else if (part !== '') ids.push(part)
    isAfterInline = isInline
  }
  return ids
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
