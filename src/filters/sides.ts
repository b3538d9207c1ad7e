import { InvalidText } from '../core/errors.ts'
import type { ZonedTime } from '../core/time.ts'
import { type MappingContext, type MessageReader, textOf } from '../mapping/context.ts'
import type { HttpLookup } from '../mapping/http-value.ts'
import { MappingError, TemplateError, type Value } from '../mapping/value.ts'
import { compileRule, type ParserOptions, type Source } from '../mapping/value-parser.ts'
import { type FilterRule, isDynamic } from './filter-rule.ts'
import type { PhoneNames } from './phone-names.ts'
import type { ReputationLookup } from './reputation-rules.ts'
import type { ServiceLookup } from './service-containers.ts'

/** Throws MappingError or InvalidText when it cannot be told. */
export type Predicate<M, G> = (context: MappingContext<M, G>) => boolean

/** What rules look up while they run; undefined: there is none of that id. */
export interface FilterLookups {
  /** Whether a number starts with a prefix of the destination set. */
  destination(id: string): ((number: string) => boolean) | undefined
  /** Whether an instant lies in the timing, first and last second included. */
  timing(id: string): ((at: ZonedTime) => boolean) | undefined
  /** Asks a web server; undefined: it cannot be waited for here. */
  http?: HttpLookup | undefined
  /** Compiles a path of an account (`BalanceMap.*monetary[0].Value`) for `~*accounts`; undefined: accounts are not asked. */
  accounts?: ((path: string) => AccountRead) | undefined
  /** Asks about addresses and numbers for `*apiban` and `*sentrypeer`; undefined: nobody can be asked. */
  reputation?: ReputationLookup | undefined
  /** Asks other services for `~*stats` and the like; undefined: nobody can be asked. */
  service?: ServiceLookup | undefined
  /** Carriers and places of phone numbers; undefined: they are not known. */
  phoneNames?: PhoneNames | undefined
}

/** What a path reads of the account of that tenant and name; undefined: it is not there. Throws MappingError. */
export type AccountRead = (tenant: string, id: string, now: ZonedTime) => Value

/** What compiling a rule needs besides it. */
export type RuleEnvironment<M, G> = {
  reader: MessageReader<M, G>
  options: ParserOptions
  lookups: FilterLookups
}

/** A value of a rule: written out, or where it is read. */
export type Side<M, G> = { constant: string } | { source: Source<M, G> }

/** Throws TemplateError. */
export function compileSide<M, G>(text: string, { reader, options }: RuleEnvironment<M, G>): Side<M, G> {
  if (text === '') throw new TemplateError('emtpy RSRParser in rule: <>')
  const source = compileRule(text, reader, options)
  return isDynamic(text) || text.includes('{*') ? { source } : { constant: text }
}

/** The element of a rule. Throws TemplateError. */
export function compileElement<M, G>(
  { element }: FilterRule,
  { reader, options }: RuleEnvironment<M, G>,
): Source<M, G> {
  if (element === '') throw new TemplateError('empty RSRParser in rule: <>')
  return compileRule(element, reader, options)
}

/** The environment of a rule whose sides are read in interface mode. Reference 02, 3.3. */
export function typingConstants<M, G>(environment: RuleEnvironment<M, G>): RuleEnvironment<M, G> {
  return { ...environment, options: { ...environment.options, typesConstants: true } }
}

/** A rule that looks at the text of its element: without one it fails. */
export function compileOnText<M, G>(
  rule: FilterRule,
  environment: RuleEnvironment<M, G>,
  accepts: (text: string, context: MappingContext<M, G>) => boolean,
): Predicate<M, G> {
  const source = compileElement(rule, environment)
  return (context) => {
    const value = source(context)
    return value !== undefined && accepts(textOf(value), context)
  }
}

/** What a value reads; undefined: not there, or it cannot be made. Such a value of a rule is skipped. Reference 02, 6.3. */
export function readSide<M, G>(source: Source<M, G>, context: MappingContext<M, G>): Value {
  try {
    return source(context)
  } catch (cause) {
    if (cause instanceof MappingError || cause instanceof InvalidText) return undefined
    throw cause
  }
}

/** A side as text, undefined as for readSide. */
export function readText<M, G>(side: Side<M, G>, context: MappingContext<M, G>): string | undefined {
  if ('constant' in side) return side.constant
  const value = readSide(side.source, context)
  return value === undefined ? undefined : textOf(value)
}
