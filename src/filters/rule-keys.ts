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

/** `key:profile` of every entry of an index, sorted. */
export function indexLines(entries: Iterable<{ id: string; rules: readonly RuleKeys[] | undefined }>): string[] {
  const lines = new Set<string>()
  for (const { id, rules } of entries) {
    if (rules === undefined) lines.add(`${NO_FILTERS_KEY}:${id}`)
    else for (const { keys } of rules) for (const key of keys) lines.add(`${keyText(key)}:${id}`)
  }
  return [...lines].sort()
}
