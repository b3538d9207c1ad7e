import { TemplateError } from '../mapping/value.ts'
import type { FilterSources } from './filter-compiler.ts'
import { type FilterRule, isDynamic, isInline, parseInlineFilter } from './filter-rule.ts'
import { indexKeysOf, keyText, NO_FILTERS_KEY } from './index-keys.ts'
import type { RuleKeys } from './profile-index.ts'

/** Keys of the rules of a profile; undefined when it names no filters. Reference 02, 6.6. */
export function ruleKeysOf(
  tenant: string,
  filterIds: readonly string[],
  sources: Pick<FilterSources, 'filter'>,
): RuleKeys[] | undefined {
  if (filterIds.length === 0) return undefined
  return filterIds.flatMap((id) => {
    const filter = isInline(id) ? { rules: inlineRules(id), activation: null } : sources.filter(tenant, id)
    return (filter?.rules ?? []).map((rule) => ({
      keys: indexKeysOf(rule),
      mustPass: filter?.activation === null && rule.values.every((value) => !isDynamic(value)),
    }))
  })
}

/** None for what is no filter: that is an error when the profile is a candidate. */
function inlineRules(text: string): FilterRule[] {
  try {
    return [parseInlineFilter(text)]
  } catch (cause) {
    if (cause instanceof TemplateError) return []
    throw cause
  }
}

/** An entry of an index: its key, and a profile. */
export type IndexEntry = readonly [key: string, id: string]

/** The entries of an index, each once. */
export function indexEntries(profiles: Iterable<{ id: string; rules: readonly RuleKeys[] | undefined }>): IndexEntry[] {
  return [...profiles].flatMap(({ id, rules }) => {
    const keys = rules === undefined ? [NO_FILTERS_KEY] : rules.flatMap(({ keys }) => keys.map(keyText))
    return [...new Set(keys)].map((key): IndexEntry => [key, id])
  })
}
