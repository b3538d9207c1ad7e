import { httpUrl } from '../mapping/http-value.ts'
import { TemplateError } from '../mapping/value.ts'
import { isEqual } from './comparison.ts'
import { COMPARISONS, compileComparison } from './comparison-rules.ts'
import type { FilterRule } from './filter-rule.ts'
import { compileHttp } from './http-rule.ts'
import { compileApiban, compileSentryPeer } from './reputation-rules.ts'
import type { Predicate, RuleEnvironment } from './sides.ts'
import {
  compileEmpty,
  compileExists,
  compileNetworks,
  compileRegex,
  compileRsr,
  compileText,
  lookUpEqual,
  lookUpPrefix,
} from './text-rules.ts'
import { compileActivation, compileTimings } from './time-rules.ts'

/** Types that have a negation, without `*`. */
const NEGATABLE = [
  'string',
  'prefix',
  'suffix',
  'contains',
  'empty',
  'exists',
  'regex',
  'rsr',
  'ipnet',
  'timings',
  'destinations',
  'ai',
  'apiban',
  'sentrypeer',
] as const
type Negatable = (typeof NEGATABLE)[number]

/** The same tests, never indexed, without a negation. */
const NOT_INDEXED = ['string', 'prefix', 'suffix', 'exists'] as const

/** Every type of rule that there is, but for those that name a URL. */
export const FILTER_TYPES: readonly string[] = [
  ...NEGATABLE.flatMap((name) => [`*${name}`, `*not${name}`]),
  ...NOT_INDEXED.map((name) => `*ni${name}`),
  ...[...COMPARISONS.keys()].map((name) => `*${name}`),
  '*noteq',
]

/**
 * Compiles one rule: it passes when one of its values fits. An element that is not there fails it, and passes the negation.
 * Throws TemplateError; an unknown type is NOT_IMPLEMENTED. Reference 02, 6.3.
 */
export function compileFilterRule<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const { type } = rule
  const name = type.startsWith('*') ? type.slice(1) : ''
  const holds = COMPARISONS.get(name)
  if (holds !== undefined) return compileComparison(rule, environment, holds)
  if (name === 'noteq') return negate(compileComparison(rule, environment, isEqual))
  const positive = NEGATABLE.find((each) => each === name) ?? NOT_INDEXED.find((each) => `ni${each}` === name)
  if (positive !== undefined) return compilePositive(positive, rule, environment)
  const negated = NEGATABLE.find((each) => `not${each}` === name)
  if (negated !== undefined) return negate(compilePositive(negated, rule, environment))
  const url = httpUrl(type)
  if (url !== undefined) return compileHttp(rule, url, environment)
  throw new TemplateError(`NOT_IMPLEMENTED:${type}`)
}

/** Whether there is such a type of rule. */
export function isFilterType(type: string): boolean {
  return FILTER_TYPES.includes(type) || type.startsWith('*http#')
}

function negate<M, G>(passes: Predicate<M, G>): Predicate<M, G> {
  return (context) => !passes(context)
}

function compilePositive<M, G>(name: Negatable, rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  switch (name) {
    case 'string':
      return compileText(rule, environment, (element, value) => element === value, lookUpEqual)
    case 'prefix':
      return compileText(rule, environment, (element, value) => element.startsWith(value), lookUpPrefix)
    case 'suffix':
      return compileText(rule, environment, (element, value) => element.endsWith(value))
    case 'contains':
      return compileText(rule, environment, (element, value) => element.includes(value))
    case 'destinations': {
      const { lookups } = environment
      return compileText(rule, environment, (element, id) => lookups.destination(id)?.(element) === true)
    }
    case 'empty':
      return compileEmpty(rule, environment)
    case 'exists':
      return compileExists(rule, environment)
    case 'regex':
      return compileRegex(rule, environment)
    case 'rsr':
      return compileRsr(rule, environment)
    case 'ipnet':
      return compileNetworks(rule, environment)
    case 'timings':
      return compileTimings(rule, environment)
    case 'ai':
      return compileActivation(rule, environment)
    case 'apiban':
      return compileApiban(rule, environment)
    case 'sentrypeer':
      return compileSentryPeer(rule, environment)
  }
}
