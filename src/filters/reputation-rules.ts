import { isIP } from 'node:net'
import { MappingError, TemplateError } from '../mapping/value.ts'
import type { FilterRule } from './filter-rule.ts'
import { compileOnText, type Predicate, type RuleEnvironment } from './sides.ts'

/** Services that know addresses and numbers which others were attacked from. Throw Later until it is known, MappingError. */
export interface ReputationLookup {
  /** Whether APIBAN has banned an address: by the list of all that it bans, or by asking about this one. */
  isBanned(address: string, by: 'list' | 'address'): boolean
  /** Whether SentryPeer has seen an address, or a called number, in attacks. */
  isKnown(what: string, kind: 'address' | 'number'): boolean
}

/** `*apiban`: the element is an address that APIBAN bans. Its value says how it is asked. Reference 02, 6.3. */
export function compileApiban<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const [how = ''] = rule.values
  if (how !== '*all' && how !== '*single') throw new TemplateError(`invalid value for apiban filter: <${how}>`)
  const by = how === '*all' ? 'list' : 'address'
  return compileOnText(rule, environment, (text) => isIP(text) > 0 && lookupOf(rule, environment).isBanned(text, by))
}

/** `*sentrypeer`: SentryPeer does not know the element, an address or a number as its value says. Reference 02, 6.3. */
export function compileSentryPeer<M, G>(rule: FilterRule, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const [what = ''] = rule.values
  if (what !== '*ip' && what !== '*number') throw new TemplateError(`invalid value for sentrypeer filter: <${what}>`)
  const kind = what === '*ip' ? 'address' : 'number'
  return compileOnText(rule, environment, (text) => !lookupOf(rule, environment).isKnown(text, kind))
}

function lookupOf<M, G>({ type }: FilterRule, { lookups }: RuleEnvironment<M, G>): ReputationLookup {
  if (lookups.reputation !== undefined) return lookups.reputation
  throw new MappingError(`${type}: nobody can be asked here`)
}
