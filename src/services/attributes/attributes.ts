import type { ChargingEvent, EventFields } from '../../core/event.ts'
import type { ZonedTime } from '../../core/time.ts'
import { eventContext } from '../../filters/event-reader.ts'
import type { EventContext, IndexOptions } from '../../filters/profile-index.ts'
import type { ProfileSet } from '../../filters/profile-set.ts'
import { booleanOption, textOption, textsOption, wholeOption } from '../event-options.ts'
import { type AttributeEnvironment, type AttributePlan, compileAttributePlan } from './attribute-plan.ts'
import { type AttributeCaller, type Attributed, AttributesRefused, refusing } from './caller.ts'
import { ANY_CONTEXT, type AttributeProfile, isInlineProfile, parseInlineProfile } from './profile.ts'

/** The section `attributes`. Reference 01, 4.5. */
export type AttributeSettings = {
  readonly indexes: IndexOptions
  /** Profiles for everything are looked at, too, when there are others for the context. */
  readonly anyContext: boolean
  /** What options mean that an event does not have. */
  readonly profileIds: readonly string[]
  readonly profileRuns: number
  readonly processRuns: number
  readonly ignoresFilters: boolean
  readonly context: string
  readonly roundingDecimals: number
}

export type AttributeDependencies = Omit<AttributeEnvironment, 'roundingDecimals'> & {
  /** An empty set of profiles. */
  readonly newSet: (options: IndexOptions) => ProfileSet<Compiled>
  readonly now: () => ZonedTime
}

/** A profile that is used, with its attributes compiled. key: what it is called in replies. */
type Compiled = AttributeProfile & { readonly key: string; readonly plan: AttributePlan }

/** How often profiles were used in one call. last: by the run just before. */
type Uses = { readonly counts: Map<string, number>; last: string }

type Options = {
  readonly ids: readonly string[]
  readonly profileRuns: number
  readonly ignoresFilters: boolean
  readonly context: string
}

/** Runs of one call: with profiles that take turns they would never end. */
const MOST_RUNS = 1_000
/** Inline profiles that are kept compiled; more of them are forgotten. */
const MOST_INLINE = 10_000
/** The value of a field that some profile must set. */
const REQUIRED = '*attributes'

/**
 * AttributeS: changes fields of events by the best profile of each run. Profiles are compiled when they are put, and found by an index for
 * each of their contexts. Reference 06, 2.
 */
export class Attributes implements AttributeCaller {
  #settings: AttributeSettings
  readonly #dependencies: AttributeDependencies
  readonly #contexts = new Map<string, ProfileSet<Compiled>>()
  /** Every profile, by tenant and id. */
  readonly #profiles = new Map<string, Compiled>()
  readonly #inline = new Map<string, Compiled>()

  constructor(settings: AttributeSettings, dependencies: AttributeDependencies) {
    this.#settings = settings
    this.#dependencies = dependencies
  }

  /** Other settings from the next call on. */
  configure(settings: AttributeSettings): void {
    const { indexes, roundingDecimals } = this.#settings
    this.#settings = settings
    if (JSON.stringify(indexes) !== JSON.stringify(settings.indexes))
      for (const set of this.#contexts.values()) set.configure(settings.indexes)
    if (roundingDecimals === settings.roundingDecimals) return
    this.#inline.clear()
    for (const { key: _, plan: __, ...profile } of [...this.#profiles.values()]) this.put(profile)
  }

  /** Adds a profile, or replaces the one of the same tenant and id. */
  put(profile: AttributeProfile): void {
    const { tenant, id } = profile
    this.delete(tenant, id)
    const compiled = this.#compile(profile, keyOf(tenant, id))
    this.#profiles.set(compiled.key, compiled)
    for (const context of new Set(profile.contexts)) this.#set(context).put(compiled)
  }

  delete(tenant: string, id: string): void {
    const key = keyOf(tenant, id)
    const held = this.#profiles.get(key)
    if (held === undefined) return
    this.#profiles.delete(key)
    for (const context of held.contexts) {
      const set = this.#contexts.get(context)
      set?.delete(tenant, id)
      if (set?.size === 0) this.#contexts.delete(context)
    }
  }

  /** To be called when a stored filter was set. */
  filterChanged(tenant: string, filterId: string): void {
    for (const set of this.#contexts.values()) set.filterChanged(tenant, filterId)
  }

  /** The service stops: no profile is left. */
  clear(): void {
    this.#contexts.clear()
    this.#profiles.clear()
    this.#inline.clear()
  }

  /** The profile that an event would be changed by first; undefined: none matches. Throws AttributesRefused. */
  profileFor(event: ChargingEvent): AttributeProfile | undefined {
    const options = refusing('', () => this.#options(event.apiOpts))
    const context = eventContext(event, this.#dependencies.now())
    return refusing('SERVER_ERROR: ', () => this.#best(context, event.time, options, NO_USES))
  }

  process(event: ChargingEvent): Attributed | undefined {
    const { processRuns } = this.#settings
    const runs = refusing('', () => wholeOption(event.apiOpts, '*attrProcessRuns', processRuns))
    if (runs < 0 || runs > MOST_RUNS)
      throw new AttributesRefused(`SERVER_ERROR: *attrProcessRuns ${runs}, expected 0 to ${MOST_RUNS}`)
    const now = this.#dependencies.now()
    const own = { ...event, event: { ...event.event }, apiOpts: { ...event.apiOpts } }
    const context = eventContext(own, now)
    const altered = new Set<string>()
    const matched = this.#run(context, event.time, runs, altered)
    refuseRequired(context.message)
    if (matched === undefined) return undefined
    return {
      matched,
      altered: [...altered],
      event: { ...event, tenant: context.tenant, event: context.message, apiOpts: context.opts },
    }
  }

  /** The profiles that were used, by run; undefined: the first run has none. */
  #run(context: EventContext, time: bigint | null, runs: number, altered: Set<string>): string[] | undefined {
    const matched: string[] = []
    const uses: Uses = { counts: new Map(), last: '' }
    const { vars } = context
    vars['*processedProfileIDs'] = {}
    for (let run = 1; run <= runs; run++) {
      vars['*processRuns'] = run
      const used = refusing('', () => this.#options(context.opts))
      const profile = refusing('SERVER_ERROR: ', () => this.#best(context, time, used, uses))
      if (profile === undefined) return run === 1 ? undefined : matched
      vars['*apTenantID'] = profile.key
      const paths = new Set<string>()
      if (!refusing('SERVER_ERROR: ', () => profile.plan(context, paths))) return run === 1 ? undefined : matched
      for (const path of paths) altered.add(path)
      matched.push(profile.key)
      uses.last = profile.key
      uses.counts.set(profile.key, (uses.counts.get(profile.key) ?? 0) + 1)
      vars['*processedProfileIDs'] = { ...(vars['*processedProfileIDs'] as EventFields), [profile.key]: {} }
      if (profile.blocker) return matched
    }
    return matched
  }

  /** The options of a call. Throws InvalidText for numbers that are none, AttributesRefused. */
  #options(opts: EventFields): Options {
    const { profileIds, profileRuns, ignoresFilters, context } = this.#settings
    const runs = wholeOption(opts, '*attrProfileRuns', profileRuns)
    return refusing('SERVER_ERROR: ', () => ({
      ids: textsOption(opts, '*attrProfileIDs', profileIds),
      profileRuns: runs,
      ignoresFilters: booleanOption(opts, '*attrProfileIgnoreFilters', ignoresFilters),
      context: textOption(opts, '*context', context) || '*default',
    }))
  }

  /** The heaviest profile that may be used now. */
  #best(context: EventContext, time: bigint | null, options: Options, uses: Uses): Compiled | undefined {
    const { ids, profileRuns } = options
    const { tenant, vars } = context
    let hasCandidates = false
    const accepts = ({ key, contexts }: Compiled) => {
      hasCandidates = true
      if (key === uses.last || (profileRuns > 0 && (uses.counts.get(key) ?? 0) >= profileRuns)) return false
      const isForAll = contexts.length === 1 && contexts[0] === ANY_CONTEXT
      if (!isForAll && !contexts.includes(options.context)) return false
      vars['*apTenantID'] = key
      return true
    }
    const stored = ids.filter((id) => !isInlineProfile(id))
    const match = (name: string): Compiled | undefined => {
      const named = ids.length === 0 ? {} : { ids: stored, ignoresFilters: options.ignoresFilters }
      return this.#contexts.get(name)?.match(tenant, context, time, { ...named, accepts })[0]
    }
    let best = match(options.context)
    if (options.context !== ANY_CONTEXT && (this.#settings.anyContext || ids.length > 0 || !hasCandidates))
      best = heavier(best, match(ANY_CONTEXT))
    for (const id of ids) {
      if (!isInlineProfile(id)) continue
      const inline = this.#inlineProfile(tenant, id)
      if (accepts(inline)) best = heavier(best, inline)
    }
    return best
  }

  /** Compiled once, however often it is named. Throws InvalidText, TemplateError. */
  #inlineProfile(tenant: string, id: string): Compiled {
    let held = this.#inline.get(id)
    if (held === undefined) {
      held = this.#compile(parseInlineProfile(tenant, id), id)
      if (this.#inline.size >= MOST_INLINE) this.#inline.clear()
      this.#inline.set(id, held)
    }
    return held
  }

  #compile(profile: AttributeProfile, key: string): Compiled {
    const environment = { ...this.#dependencies, roundingDecimals: this.#settings.roundingDecimals }
    return { ...profile, key, plan: compileAttributePlan(profile.attributes, environment) }
  }

  #set(context: string): ProfileSet<Compiled> {
    let set = this.#contexts.get(context)
    if (set === undefined) {
      set = this.#dependencies.newSet(this.#settings.indexes)
      this.#contexts.set(context, set)
    }
    return set
  }
}

const NO_USES: Uses = { counts: new Map(), last: '' }

function keyOf(tenant: string, id: string): string {
  return `${tenant}:${id}`
}

/** Of equal ones the first by id, and stored before inline. */
function heavier(best: Compiled | undefined, other: Compiled | undefined): Compiled | undefined {
  if (best === undefined || other === undefined) return best ?? other
  if (other.weight !== best.weight) return other.weight > best.weight ? other : best
  return !isInlineProfile(other.id) && other.id < best.id ? other : best
}

/** Throws AttributesRefused for a field that should have been set. */
function refuseRequired(fields: EventFields): void {
  for (const name in fields)
    if (fields[name] === REQUIRED) throw new AttributesRefused(`MANDATORY_IE_MISSING: [${name}]`)
}
