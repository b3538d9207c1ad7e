import { type MappingContext, textOf } from '../mapping/context.ts'
import type { Value } from '../mapping/value.ts'
import { compileSelector } from '../mapping/value-parser.ts'
import { type FilterRule, isDynamic } from './filter-rule.ts'
import { parseNetwork } from './ip-network.ts'
import { compileRegexp, compileRsrRule } from './rsr-rule.ts'
import { compileElement, compileOnText, compileSide, type Predicate, type RuleEnvironment, readText } from './sides.ts'

/** Whether the text of an element fits that of a value. */
export type TextTest = (element: string, value: string) => boolean

/** From this many on, values are looked up instead of tried one after the other. */
const MANY = 8

/** `*string`, `*prefix`, `*suffix`, `*contains`, `*destinations`: the text of the element against that of each value. */
export function compileText<M, G>(
  rule: FilterRule,
  environment: RuleEnvironment<M, G>,
  fits: TextTest,
  lookUp?: (constants: readonly string[]) => (text: string) => boolean,
): Predicate<M, G> {
  const sides = rule.values.map((value) => compileSide(value, environment))
  const constants = sides.flatMap((side) => ('constant' in side ? [side.constant] : []))
  const read = sides.filter((side) => 'source' in side)
  const fitsOne = (text: string) => constants.some((value) => fits(text, value))
  const fitsConstant = lookUp !== undefined && constants.length >= MANY ? lookUp(constants) : fitsOne
  const [only] = constants
  if (sides.length === 1 && only !== undefined) return compileOnText(rule, environment, (text) => fits(text, only))
  if (read.length === 0) return compileOnText(rule, environment, fitsConstant)
  return compileOnText(
    rule,
    environment,
    (text, context) =>
      fitsConstant(text) ||
      read.some((side) => {
        const value = readText(side, context)
        return value !== undefined && fits(text, value)
      }),
  )
}

/** For many values to be equal to. */
export function lookUpEqual(constants: readonly string[]): (text: string) => boolean {
  const set = new Set(constants)
  return (text) => set.has(text)
}

/** For many values to start with: one look-up for each length that there is. */
export function lookUpPrefix(constants: readonly string[]): (text: string) => boolean {
  const set = new Set(constants)
  const lengths = [...new Set(constants.map(({ length }) => length))]
  return (text) => lengths.some((length) => length <= text.length && set.has(text.slice(0, length)))
}

/** `*regex`: a search anywhere in the text; values are expressions, never paths. */
export function compileRegex<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const patterns = rule.values.map(compileRegexp)
  return compileOnText(rule, environment, (text) => patterns.some((pattern) => pattern.test(text)))
}

/** `*rsr`: without values everything that is there; what is not there passes only the rule for empty. */
export function compileRsr<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const source = compileElement(rule, environment)
  const rules = rule.values.map(compileRsrRule)
  const passesMissing = rule.values.length === 1 && /^!?\^\$$/.test(rule.values[0] ?? '')
  return (context) => {
    const value = source(context)
    if (value === undefined) return passesMissing
    const text = textOf(value)
    return rules.length === 0 || rules.some((accepts) => accepts(text, context.now))
  }
}

/** `*ipnet`: a value that is no CIDR is skipped. */
export function compileNetworks<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const networks = rule.values.map((value) => {
    const side = compileSide(value, environment)
    if ('constant' in side) {
      const network = parseNetwork(side.constant)
      return () => network
    }
    return (context: MappingContext<M, G>) => {
      const cidr = readText(side, context)
      return cidr === undefined ? undefined : parseNetwork(cidr)
    }
  })
  return compileOnText(rule, environment, (text, context) =>
    networks.some((networkOf) => networkOf(context)?.(text) === true),
  )
}

/** `*exists`: the path can be read, be it to null or empty text. A constant is always there. */
export function compileExists<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const read = compileBarePath(rule, environment)
  return (context) => read(context) !== undefined
}

/** `*empty`: not there, null, empty text, list or object; 0 and false are values. */
export function compileEmpty<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const read = compileBarePath(rule, environment)
  return (context) => isEmpty(read(context))
}

/** The path as it stands: a converter would be part of its name. */
function compileBarePath<M, G>(
  rule: FilterRule,
  environment: RuleEnvironment<M, G>,
): (context: MappingContext<M, G>) => Value {
  const { element } = rule
  if (!isDynamic(element) || element.includes('<')) return compileElement(rule, environment)
  return compileSelector(element.slice(1), environment.reader, environment.options)
}

function isEmpty(value: Value): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
}
