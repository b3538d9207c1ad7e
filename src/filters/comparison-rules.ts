import { isRelative, type Typed } from '../mapping/auto-type.ts'
import type { MappingContext } from '../mapping/context.ts'
import { isEqual, isGreater, isGreaterOrEqual, typedOf } from './comparison.ts'
import type { FilterRule } from './filter-rule.ts'
import {
  compileElement,
  compileSide,
  type Predicate,
  type RuleEnvironment,
  readSide,
  type Side,
  typingConstants,
} from './sides.ts'

/** By type, without `*`. Smaller is "not greater or equal": it also holds when a side is no number. Reference 02, 6.4. */
export const COMPARISONS: ReadonlyMap<string, (element: Typed, value: Typed) => boolean> = new Map([
  ['gt', isGreater],
  ['gte', isGreaterOrEqual],
  ['lt', (element, value) => !isGreaterOrEqual(element, value)],
  ['lte', (element, value) => !isGreater(element, value)],
  ['eq', isEqual],
])

/** Values are compared in their order: the first that holds decides, one that cannot be compared is an error. */
export function compileComparison<M, G>(
  rule: FilterRule,
  environment: RuleEnvironment<M, G>,
  holds: (element: Typed, value: Typed) => boolean,
): Predicate<M, G> {
  const typing = typingConstants(environment)
  const source = compileElement(rule, typing)
  const values = rule.values.map((text) => compileTyped(compileSide(text, typing)))
  return (context) => {
    const value = source(context)
    if (value === undefined) return false
    const element = typedOf(value, context.now)
    for (const typed of values) {
      const other = typed(context)
      if (other !== undefined && holds(element, other)) return true
    }
    return false
  }
}

/** The typed value of a side; a constant is typed once per zone, one that is relative to now each time. */
function compileTyped<M, G>(side: Side<M, G>): (context: MappingContext<M, G>) => Typed | undefined {
  if ('source' in side) {
    return (context) => {
      const value = readSide(side.source, context)
      return value === undefined ? undefined : typedOf(value, context.now)
    }
  }
  const { constant } = side
  if (isRelative(constant)) return ({ now }) => typedOf(constant, now)
  let zone: string | undefined
  let typed: Typed = ''
  return ({ now }) => {
    if (now.zone !== zone) {
      typed = typedOf(constant, now)
      zone = now.zone
    }
    return typed
  }
}
