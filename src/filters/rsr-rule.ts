import { GoRegexp, RegexpSyntaxError } from '../core/go-regexp.ts'
import type { ZonedTime } from '../core/time.ts'
import { autoType } from '../mapping/auto-type.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import { isGreater, isGreaterOrEqual } from './comparison.ts'

/** Whether a text is accepted. now: what relative times of comparisons start from. */
export type Acceptance = (text: string, now: ZonedTime) => boolean

/**
 * Compiles a rule of `*rsr` and of Diameter selectors: `!` negates, `~` a regular expression, `^$` empty, `^x$` equal, `^x` start, `x$`
 * end, `>=v <=v >v <v` typed comparison (false when it cannot be), else a part of the text; an empty rule accepts everything.
 * Throws TemplateError. Reference 02, 6.3.
 */
export function compileRsrRule(rule: string): Acceptance {
  if (rule.startsWith('!')) {
    const accepts = compileRsrRule(rule.slice(1))
    return (text, now) => !accepts(text, now)
  }
  if (rule.startsWith('~')) {
    const pattern = compileRegexp(rule.slice(1))
    return (text) => pattern.test(text)
  }
  const [, operator, bound] = /^(>=|<=|>|<)(.*)$/s.exec(rule) ?? []
  if (operator !== undefined && bound !== undefined) return compileOrder(operator, bound)
  const isStart = rule.startsWith('^')
  const isEnd = rule.length > (isStart ? 1 : 0) && rule.endsWith('$')
  const part = rule.slice(isStart ? 1 : 0, isEnd ? -1 : undefined)
  if (isStart && isEnd) return (text) => text === part
  if (isStart) return (text) => text.startsWith(part)
  return isEnd ? (text) => text.endsWith(part) : (text) => text.includes(part)
}

/** A regular expression of a filter. Throws TemplateError with Go's text. */
export function compileRegexp(source: string): GoRegexp {
  try {
    return new GoRegexp(source)
  } catch (cause) {
    if (cause instanceof RegexpSyntaxError) throw new TemplateError(cause.message)
    throw cause
  }
}

function compileOrder(operator: string, bound: string): Acceptance {
  const holds = operator === '>' || operator === '<=' ? isGreater : isGreaterOrEqual
  const expected = operator.startsWith('>')
  return (text, now) => {
    try {
      return holds(autoType(text, now), autoType(bound, now)) === expected
    } catch (cause) {
      if (cause instanceof MappingError) return false
      throw cause
    }
  }
}
