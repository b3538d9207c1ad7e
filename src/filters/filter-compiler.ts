import { InvalidText } from '../core/errors.ts'
import type { MessageReader } from '../mapping/context.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import type { ParserOptions } from '../mapping/value-parser.ts'
import { filterContainer } from './filter-containers.ts'
import { type FilterProfile, isActive, isInline, parseInlineFilter } from './filter-rule.ts'
import { compileFilterRule } from './filter-types.ts'
import type { FilterLookups, Predicate, RuleEnvironment } from './sides.ts'

/** What filters find in the engine that they run in. */
export interface FilterSources extends FilterLookups {
  /** A stored filter; a changed one is another object. */
  filter(tenant: string, id: string): FilterProfile | undefined
}

/** Passes, fails, or takes no part because it is not active now. */
type Stored<M, G> = (...arguments_: Parameters<Predicate<M, G>>) => boolean | undefined

/**
 * Compiles lists of filters for one kind of message. A stored filter is compiled when it is first asked and again when it was
 * changed, once for all lists that name it; nothing else is. Reference 02, 6.2.
 */
export class FilterCompiler<M, G> {
  readonly #environment: RuleEnvironment<M, G>
  readonly #sources: FilterSources
  readonly #compiled = new WeakMap<FilterProfile, Predicate<M, G>>()

  constructor(reader: MessageReader<M, G>, options: ParserOptions, sources: FilterSources) {
    this.#environment = {
      reader: reader.forFilters ?? reader,
      options: { ...options, otherContainer: filterContainer(sources) },
      lookups: sources,
    }
    this.#sources = sources
  }

  /**
   * All must pass; none passes, and so does not a list of which all are inactive. The predicate throws MappingError: NOT_FOUND:ID
   * for a stored filter that is not there. Throws TemplateError for an inline one that cannot be compiled.
   */
  compile(ids: readonly string[]): Predicate<M, G> {
    const inline = ids.filter(isInline)
    if (inline.length === ids.length) return all(inline.map((id) => this.compileRule(id)))
    const parts = ids.map((id): Stored<M, G> => (isInline(id) ? this.compileRule(id) : this.#stored(id)))
    return (context) => {
      let passed = false
      for (const part of parts) {
        const passes = part(context)
        if (passes === false) return false
        if (passes === true) passed = true
      }
      return passed
    }
  }

  /** One inline filter. Throws TemplateError. */
  compileRule(text: string): Predicate<M, G> {
    return compileFilterRule(parseInlineFilter(text), this.#environment)
  }

  #stored(id: string): Stored<M, G> {
    return (context) => {
      const profile = this.#sources.filter(context.tenant, id)
      if (profile === undefined) throw new MappingError(`NOT_FOUND:${id}`)
      if (!isActive(profile.activation, context.now.ns)) return undefined
      return this.#predicateOf(profile)(context)
    }
  }

  #predicateOf(profile: FilterProfile): Predicate<M, G> {
    const held = this.#compiled.get(profile)
    if (held !== undefined) return held
    const predicate = all(profile.rules.map((rule) => failingLater(() => compileFilterRule(rule, this.#environment))))
    this.#compiled.set(profile, predicate)
    return predicate
  }
}

function all<M, G>(predicates: readonly Predicate<M, G>[]): Predicate<M, G> {
  const [first, second] = predicates
  if (first === undefined) return () => true
  if (second === undefined) return first
  return (context) => {
    for (const passes of predicates) if (!passes(context)) return false
    return true
  }
}

/** Clients may store what cannot be compiled, such as an unknown type: it is an error when it is used. */
export function failingLater<M, G>(compile: () => Predicate<M, G>): Predicate<M, G> {
  try {
    return compile()
  } catch (cause) {
    if (!(cause instanceof TemplateError || cause instanceof InvalidText)) throw cause
    const { message } = cause
    return () => {
      throw new MappingError(message)
    }
  }
}
