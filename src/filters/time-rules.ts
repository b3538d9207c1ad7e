import { parseTime, type ZonedTime } from '../core/time.ts'
import { TemplateError } from '../mapping/value.ts'
import type { FilterRule } from './filter-rule.ts'
import { compileOnText, compileSide, type Predicate, type RuleEnvironment, readText, typingConstants } from './sides.ts'

/** Times that name no zone are in that of `now`, the default one. Throws InvalidText. */
function instantOf(text: string, now: ZonedTime): ZonedTime {
  return parseTime(text, now.zone, now)
}

/**
 * `*ai`: one value: after it; two: strictly between them, the first may be empty. A value that is not there fails the rule, one that
 * is no time is an error, also when the other decides. Reference 02, 6.3.
 */
export function compileActivation<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const [from, until] = rule.values
  if (from === undefined || until === '' || (from === '' && until === undefined))
    throw new TemplateError('*ai: expected <start> or <start>|<end>, the start may be empty')
  const start = from === '' ? undefined : compileSide(from, environment)
  const end = until === undefined ? undefined : compileSide(until, environment)
  return compileOnText(rule, environment, (text, context) => {
    const { now } = context
    const at = instantOf(text, now).ns
    const first = start === undefined ? '' : readText(start, context)
    const last = end === undefined ? '' : readText(end, context)
    if (first === undefined || last === undefined) return false
    const isAfter = start === undefined || instantOf(first, now).ns < at
    const isBefore = end === undefined || at < instantOf(last, now).ns
    return isAfter && isBefore
  })
}

/** `*timings`: inside of a timing whose ID is a value, by the clock of the zone that the time is written in. */
export function compileTimings<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const { lookups } = environment
  const ids = rule.values.map((value) => compileSide(value, environment))
  return compileOnText(rule, typingConstants(environment), (text, context) => {
    const at = instantOf(text, context.now)
    return ids.some((side) => {
      const id = readText(side, context)
      return id !== undefined && lookups.timing(id)?.(at) === true
    })
  })
}
