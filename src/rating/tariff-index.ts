import { wallClock } from '../core/time.ts'
import type { RatingMatch, RatingRequest, RatingResult, Tariff } from './model.ts'
import { appliesAt, type CompiledPlan, compilePlan, type DestinationRates, type PlanRow } from './plan.ts'
import { type RatingInfo, splitTimespans } from './timespans.ts'

/** One activation of a rating profile. activationNs: from when it counts, ns since the epoch. */
export type Activation = { activationNs: bigint; planId: string; fallbackSubjects: readonly string[] }

/** A rating profile: what a subject pays, by time of activation. Reference 03, 2.2. */
export type RatingProfile = { tenant: string; category: string; subject: string; activations: readonly Activation[] }

export type TariffSource = {
  /** Destination id -> prefixes. */
  destinations: ReadonlyMap<string, readonly string[]>
  /** Rating plan id -> rows in file order. */
  plans: ReadonlyMap<string, readonly PlanRow[]>
  profiles: readonly RatingProfile[]
}

export type TariffOptions = {
  /** general.rounding_decimals: digits that increments and timespans are rounded to. */
  roundingDecimals: number
  /** rals.fallback_depth: 1 is the subject itself. */
  fallbackDepth: number
  /** rals.rp_subject_prefix_matching. */
  subjectPrefixMatching: boolean
}

/** A rating info, or a gap that only fallback subjects can fill. Reference 03, 4.3. */
type InfoOrGap =
  | ({ kind: 'info' } & RatingInfo)
  | { kind: 'gap'; activationNs: bigint; fallbackSubjects: readonly string[] }

type CompiledProfile = { key: string; activations: readonly Activation[] }

/** Destinations of a request are cached up to this many (plan, destination) pairs, then the cache starts anew. */
const MATCH_CACHE_LIMIT = 10_000

const ANY = '*any'

const NOTHING: TariffSource = { destinations: new Map(), plans: new Map(), profiles: [] }

/** The tariff compiled for look-up. Reference 03, 4. */
export class TariffIndex implements Tariff {
  readonly #options: TariffOptions
  #destinationsByPrefix = new Map<string, readonly string[]>()
  #plans = new Map<string, CompiledPlan>()
  #profiles = new Map<string, CompiledProfile>()
  #timelessMatches = new Map<string, { rates: DestinationRates; prefix: string } | null>()

  constructor(source: TariffSource, options: TariffOptions) {
    this.#options = options
    for (const [id, prefixes] of source.destinations) this.#addDestination(id, prefixes)
    for (const [id, rows] of source.plans) this.#plans.set(id, compilePlan(id, rows))
    for (const profile of source.profiles) this.#addProfile(profile)
  }

  /**
   * The same tariff with these profiles in place of those of the same subject; one without activations removes it. A fraction of
   * the work of compiling all: charging goes on meanwhile.
   */
  withProfiles(profiles: readonly RatingProfile[]): TariffIndex {
    const index = this.#copy()
    index.#timelessMatches = this.#timelessMatches
    index.#profiles = new Map(this.#profiles)
    for (const profile of profiles) {
      const { tenant, category, subject, activations } = profile
      if (activations.length === 0) index.#profiles.delete(profileKey(tenant, category, subject))
      else index.#addProfile(profile)
    }
    return index
  }

  /** The same tariff with one destination as `prefixes`, which was `before`. */
  withDestination(id: string, prefixes: readonly string[], before: readonly string[]): TariffIndex {
    const index = this.#copy()
    index.#destinationsByPrefix = new Map(this.#destinationsByPrefix)
    for (const prefix of before) {
      const others = index.destinationsOfPrefix(prefix).filter((each) => each !== id)
      if (others.length === 0) index.#destinationsByPrefix.delete(prefix)
      else index.#destinationsByPrefix.set(prefix, others)
    }
    index.#addDestination(id, prefixes)
    return index
  }

  #copy(): TariffIndex {
    const index = new TariffIndex(NOTHING, this.#options)
    index.#destinationsByPrefix = this.#destinationsByPrefix
    index.#plans = this.#plans
    index.#profiles = this.#profiles
    return index
  }

  #addDestination(id: string, prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      if (prefix === '') continue
      const ids = this.destinationsOfPrefix(prefix)
      if (!ids.includes(id)) this.#destinationsByPrefix.set(prefix, [...ids, id])
    }
  }

  #addProfile({ tenant, category, subject, activations }: RatingProfile): void {
    this.#profiles.set(profileKey(tenant, category, subject), {
      key: `*out:${tenant}:${category}:${subject}`,
      activations: activations.toSorted((a, b) =>
        a.activationNs < b.activationNs ? -1 : a.activationNs > b.activationNs ? 1 : 0,
      ),
    })
  }

  destinationsOfPrefix(prefix: string): readonly string[] {
    return this.#destinationsByPrefix.get(prefix) ?? []
  }

  rate(request: RatingRequest): RatingResult {
    const infos = this.#infosOf(request)
    if (typeof infos === 'string') return { ok: false, fault: infos }
    const start = request.timeStart.ns
    const isTime = request.toR === '*voice'
    let chosen = infos[0]
    if (isTime) for (const info of infos) if (info.activationNs < start) chosen = info
    if (chosen === undefined) return { ok: false, fault: 'UNAUTHORIZED_DESTINATION' }
    const later = isTime ? infos.find(({ activationNs }) => activationNs > start)?.activationNs : undefined
    const spans = splitTimespans({ ...request, isTime }, chosen, later, this.#options.roundingDecimals)
    return spans === undefined ? { ok: false, fault: 'UNAUTHORIZED_DESTINATION' } : { ok: true, spans }
  }

  ratePlan(planId: string, request: RatingRequest): RatingResult {
    const key = `*out:${request.tenant}:*rating_plan_cost:${planId}`
    const activationNs = request.timeStart.ns
    const [info] = this.#expand({ key, activations: [{ activationNs, planId, fallbackSubjects: [] }] }, request)
    const isTime = request.toR === '*voice'
    const spans =
      info?.kind === 'info'
        ? splitTimespans({ ...request, isTime }, info, undefined, this.#options.roundingDecimals)
        : undefined
    return spans === undefined ? { ok: false, fault: 'UNAUTHORIZED_DESTINATION' } : { ok: true, spans }
  }

  match(request: RatingRequest): RatingMatch | undefined {
    const infos = this.#infosOf(request)
    return typeof infos === 'string' ? undefined : infos[0]?.match
  }

  /** All infos of the request's time, every gap filled by fallback subjects, or why there is none. */
  #infosOf(request: RatingRequest): RatingInfo[] | 'RATING_PLAN_NOT_FOUND' | 'UNAUTHORIZED_DESTINATION' {
    const { tenant, category, subject } = request
    const profile =
      this.#findProfile(tenant, category, subject) ?? this.#profiles.get(profileKey(tenant, category, ANY))
    if (profile === undefined) return 'RATING_PLAN_NOT_FOUND'
    const infos = this.#fill(this.#expand(profile, request), request, 1)
    return infos ?? 'UNAUTHORIZED_DESTINATION'
  }

  #findProfile(tenant: string, category: string, subject: string): CompiledProfile | undefined {
    const exact = this.#profiles.get(profileKey(tenant, category, subject))
    if (exact !== undefined || !this.#options.subjectPrefixMatching || subject.endsWith(ANY)) return exact
    for (let length = subject.length - 1; length > 0; length--) {
      const found = this.#profiles.get(profileKey(tenant, category, subject.slice(0, length)))
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Infos and gaps of one profile. Reference 03, 4.3. */
  #expand({ key, activations }: CompiledProfile, request: RatingRequest): InfoOrGap[] {
    const start = request.timeStart.ns
    const end = start + request.usage
    const first = Math.max(
      activations.findLastIndex(({ activationNs }) => activationNs <= start),
      0,
    )
    const found: InfoOrGap[] = []
    for (let i = first; i < activations.length; i++) {
      const activation = activations[i]
      if (activation === undefined || activation.activationNs > end) break
      const { activationNs, planId, fallbackSubjects } = activation
      const plan = this.#plans.get(planId)
      if (plan === undefined) continue
      const matched = this.#matchDestination(plan, request)
      if (matched !== undefined) {
        const { rates, prefix } = matched
        const match = {
          matchedSubject: key,
          matchedPrefix: prefix,
          matchedDestinationId: rates.destinationId,
          ratingPlanId: planId,
        }
        found.push({ kind: 'info', activationNs, rates, match })
      } else if (fallbackSubjects.length > 0) found.push({ kind: 'gap', activationNs, fallbackSubjects })
    }
    const [earliest] = found
    if (earliest !== undefined && earliest.activationNs > start) {
      found.unshift({ kind: 'gap', activationNs: start, fallbackSubjects: [ANY] })
    }
    return found
  }

  /** Replaces gaps by what their fallback subjects offer; undefined when a gap stays. Reference 03, 4.4. */
  #fill(found: readonly InfoOrGap[], request: RatingRequest, depth: number): RatingInfo[] | undefined {
    const start = request.timeStart.ns
    const infos: RatingInfo[] = []
    for (const [i, item] of found.entries()) {
      if (item.kind === 'info') {
        infos.push(item)
        continue
      }
      const from = item.activationNs > start ? item.activationNs : start
      const until = found[i + 1]?.activationNs ?? start + request.usage
      const part = {
        ...request,
        timeStart: { ns: from, zone: request.timeStart.zone },
        usage: until > from ? until - from : 0n,
      }
      const filled = this.#fallBack(item.fallbackSubjects, part, depth + 1)
      if (filled === undefined) return undefined
      infos.push(...filled)
    }
    const [first] = infos
    return first === undefined || first.activationNs > start ? undefined : infos
  }

  #fallBack(subjects: readonly string[], part: RatingRequest, depth: number): RatingInfo[] | undefined {
    if (depth > this.#options.fallbackDepth) return undefined
    for (const subject of subjects) {
      const profile = this.#findProfile(part.tenant, part.category, subject)
      const filled = profile && this.#fill(this.#expand(profile, part), part, depth)
      if (filled !== undefined) return filled
    }
    return undefined
  }

  /** The rates of the longest prefix that the plan prices at the start of the request. Reference 03, 4.3.2. */
  #matchDestination(
    plan: CompiledPlan,
    request: RatingRequest,
  ): { rates: DestinationRates; prefix: string } | undefined {
    const { destination } = request
    const any = plan.byDestination.get(ANY)
    if (destination === '' || destination === ANY) return any && { rates: any, prefix: ANY }
    const cacheKey = `${plan.id}\u0000${destination}`
    const cached = this.#timelessMatches.get(cacheKey)
    if (cached !== undefined) return cached ?? undefined
    let timeless = true
    for (let length = destination.length; length > 0; length--) {
      const prefix = destination.slice(0, length)
      let best: { rates: DestinationRates; weight: number } | undefined
      for (const id of this.destinationsOfPrefix(prefix)) {
        const rates = plan.byDestination.get(id)
        if (rates === undefined) continue
        if (!rates.timeless) {
          timeless = false
          const clock = wallClock(request.timeStart)
          if (!rates.sorted.some((interval) => appliesAt(interval, clock))) continue
        }
        const weight = rates.sorted[0]?.weight ?? 0
        if (best === undefined || weight > best.weight) best = { rates, weight }
      }
      if (best !== undefined) return this.#remember(timeless, cacheKey, { rates: best.rates, prefix })
    }
    return this.#remember(timeless, cacheKey, any && { rates: any, prefix: ANY })
  }

  /** Matches that no clock decided are kept: the index is immutable. */
  #remember<M extends { rates: DestinationRates; prefix: string } | undefined>(
    keep: boolean,
    key: string,
    match: M,
  ): M {
    if (!keep) return match
    if (this.#timelessMatches.size >= MATCH_CACHE_LIMIT) this.#timelessMatches.clear()
    this.#timelessMatches.set(key, match ?? null)
    return match
  }
}

function profileKey(tenant: string, category: string, subject: string): string {
  return `${tenant}\u0000${category}\u0000${subject}`
}
