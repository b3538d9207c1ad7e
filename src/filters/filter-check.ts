import { TollgateError } from '../core/errors.ts'
import { hasEmptyStep } from '../mapping/empty-step.ts'
import { TemplateError } from '../mapping/value.ts'
import { FILTERED_EVENT_READER } from './event-reader.ts'
import type { FilterSources } from './filter-compiler.ts'
import { filterContainer } from './filter-containers.ts'
import { type FilterProfile, type FilterRule, isInline, parseInlineFilter } from './filter-rule.ts'
import { compileFilterRule, FILTER_TYPES } from './filter-types.ts'
import { compileElement, compileSide } from './sides.ts'

/** A filter, or a reference to one, that cannot be stored. The message is what clients see behind `SERVER_ERROR: `. */
export class FilterRefused extends TollgateError {
  constructor(message: string) {
    super('FILTER_REFUSED', message)
  }
}

const VALUELESS = new Set(['*empty', '*notempty', '*exists', '*notexists'])
const ENVIRONMENT = {
  reader: FILTERED_EVENT_READER,
  options: { separator: ';', group: undefined, otherContainer: filterContainer({}) },
  lookups: { destination: () => undefined, timing: () => undefined },
}

/**
 * Checks a filter before it is stored: no empty step in a path, no values where none count, every side compiles. The type is not
 * checked: an unknown one is an error when it is used. Throws FilterRefused, TemplateError. Reference 02, 6.1.
 */
export function checkFilter({ id, rules }: Pick<FilterProfile, 'id' | 'rules'>): void {
  for (const rule of rules) {
    const { type, element, values } = rule
    if ([element, ...values].some(hasEmptyStep)) throw new FilterRefused(`Empty field path  for filter <${id}>`)
    const [value] = values
    if (VALUELESS.has(type) && value !== undefined)
      throw new FilterRefused(`value of filter <${id}> is not empty <${value}>`)
    checkSides(rule)
  }
}

/** Checks the paths of filters that stand in a configuration, where they are written out. Throws TemplateError. Reference 02, 5.1. */
export function checkInlineSteps(ids: readonly string[]): void {
  for (const id of ids.filter(isInline)) {
    const { element, values } = parseInlineFilter(id)
    if ([element, ...values].some(hasEmptyStep)) throw new TemplateError(`Empty field path  for filter <${id}>`)
  }
}

function checkSides(rule: FilterRule): void {
  if (FILTER_TYPES.includes(rule.type)) compileFilterRule(rule, ENVIRONMENT)
  else {
    compileElement(rule, ENVIRONMENT)
    for (const value of rule.values) compileSide(value, ENVIRONMENT)
  }
}

/**
 * Checks the filters of a profile before it is stored: stored ones are there, inline ones are sound. item: `tenant:id` of the profile.
 * Throws FilterRefused. Reference 02, 6.1.
 */
export function checkFilterIds(tenant: string, itemId: string, ids: readonly string[], sources: FilterSources): void {
  const item = `${tenant}:${itemId}`
  const broken = (id: string) => new FilterRefused(`broken reference to filter: <${id}> for item with ID: ${item}`)
  for (const id of ids) {
    if (!isInline(id)) {
      if (sources.filter(tenant, id) === undefined) throw broken(id)
      continue
    }
    try {
      checkFilter({ id, rules: [parseInlineFilter(id)] })
    } catch (cause) {
      if (cause instanceof FilterRefused) throw new FilterRefused(`${cause.message} for item with ID: ${item}`)
      throw cause instanceof TemplateError ? broken(id) : cause
    }
  }
}
