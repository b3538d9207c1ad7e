import { parseDuration } from '../core/duration.ts'
import { InvalidText, NotFound } from '../core/errors.ts'
import { type FilterRule, isInline, parseInlineFilter } from '../filters/filter-rule.ts'
import type { SessionCost } from './session-cost.ts'

type Test = (cost: SessionCost) => boolean

const TEXTS: Readonly<Record<string, (cost: SessionCost) => string>> = {
  CGRID: ({ cgrId }) => cgrId,
  RunID: ({ runId }) => runId,
  OriginHost: ({ originHost }) => originHost,
  OriginID: ({ originId }) => originId,
  CostSource: ({ costSource }) => costSource,
}

/**
 * Reads the filters of `*remove_session_costs`, joined by `;`: all must hold, none lets every cost pass. rulesOf: of a stored filter.
 * Throws NotFound for one that is not there, InvalidText for a rule that cannot be told of a cost. Reference 04, 11.4 n11.
 */
export function sessionCostFilter(filters: string, rulesOf: (id: string) => readonly FilterRule[] | undefined): Test {
  const rules = filters.split(';').flatMap((id) => {
    if (id === '') return []
    if (isInline(id)) return [parseInlineFilter(id)]
    const stored = rulesOf(id)
    if (stored === undefined) throw new NotFound()
    return stored
  })
  const tests = rules.map(testOf)
  return (cost) => tests.every((passes) => passes(cost))
}

function testOf({ type, element, values }: FilterRule): Test {
  const field = element.startsWith('~*sc.') ? element.slice('~*sc.'.length) : ''
  const read = TEXTS[field]
  if (read !== undefined && type === '*string') return (cost) => values.includes(read(cost))
  if (read !== undefined && type === '*notstring') return (cost) => !values.includes(read(cost))
  if (field === 'Usage' && (type === '*gte' || type === '*lt')) {
    const bounds = values.map(parseDuration)
    return type === '*gte'
      ? ({ usage }) => bounds.some((bound) => usage >= bound)
      : ({ usage }) => bounds.some((bound) => usage < bound)
  }
  throw new InvalidText(
    `FilterType: "${type}" not supported for FieldName: "${element}" in action: <*remove_session_costs>`,
  )
}
